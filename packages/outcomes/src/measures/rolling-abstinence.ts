import type { MissingPolicy, Protocol, RollingAbstinence } from '@holdfast/events';
import { type DayEvidence, isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { Spell, StudyDay } from '../facts.ts';
import { spellBuilder } from '../spells.ts';
import type { ParticipantDays } from './participant-days.ts';

/** What a trailing window is judged to be; `outside`: every day of it is excluded, and the participant counts under no policy. */
export type WindowStatus = 'use' | 'abstinent' | 'missing' | 'outside';

/** Running counts over the days of a window. */
type Counts = { days: number; covered: number; confirmed: number; uses: number };

function count(counts: Counts, day: StudyDay, by: 1 | -1, evidence: DayEvidence, excluded: Uint8Array): void {
  if (excluded[day] === 1) return;
  counts.days += by;
  if (evidence.covering[day] !== nothing) counts.covered += by;
  if (evidence.confirming !== undefined && evidence.confirming[day] !== nothing) counts.confirmed += by;
  if (isUse(evidence, day)) counts.uses += by;
}

function judge(counts: Counts, measure: RollingAbstinence, confirming: boolean): WindowStatus {
  if (counts.days === 0) return 'outside';
  const enough =
    measure.coverage === 'all-days' ? counts.covered === counts.days : counts.covered >= measure.coverage.atLeast;
  const covered = (enough && (!confirming || counts.confirmed > 0)) || (measure.decisivePositive && counts.uses > 0);
  if (!covered) return 'missing';
  return counts.uses > 0 ? 'use' : 'abstinent';
}

/** Judges the trailing window of each study day d = window … lastDay: first whether it is covered, whatever was found, then what was found. */
export function* judgedWindows(
  measure: RollingAbstinence,
  window: number,
  { lastDay, evidence, excluded }: ParticipantDays,
): Generator<{ day: StudyDay; status: WindowStatus }> {
  const counts: Counts = { days: 0, covered: 0, confirmed: 0, uses: 0 };
  for (let day = 1; day <= lastDay; day += 1) {
    count(counts, day, 1, evidence, excluded);
    if (day > window) count(counts, day - window, -1, evidence, excluded);
    if (day >= window) yield { day, status: judge(counts, measure, evidence.confirming !== undefined) };
  }
}

/** Whether a judged window counts in a policy's denominator on a mature day, and whether in its numerator. */
export function counted(
  policy: MissingPolicy,
  status: WindowStatus,
  day: StudyDay,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  if (status === 'outside') return { assessable: false, abstinent: false };
  const assessable = policy === 'observed-only' ? status !== 'missing' : day <= plannedFollowUp;
  return { assessable, abstinent: assessable && status === 'abstinent' };
}

/** The spells of a participant's rolling abstinence: runs of days in numerator and denominator, per window and policy. */
export function rollingAbstinenceSpells(
  measure: RollingAbstinence,
  protocol: Protocol,
  days: ParticipantDays,
): Spell[] {
  if (!days.mature.includes(1)) return [];
  return measure.windows.flatMap((window) => {
    const builders = measure.policies.map((policy) => ({
      policy,
      assessable: spellBuilder({ measure: measure.id, kind: 'assessable', window, policy }),
      abstinent: spellBuilder({ measure: measure.id, kind: 'abstinent', window, policy }),
    }));
    for (const { day, status } of judgedWindows(measure, window, days)) {
      if (days.mature[day] !== 1) continue;
      for (const builder of builders) {
        const counts = counted(builder.policy, status, day, protocol.plannedFollowUp);
        if (counts.assessable) builder.assessable.add(day);
        if (counts.abstinent) builder.abstinent.add(day);
      }
    }
    return builders.flatMap(({ assessable, abstinent }) => [...assessable.spells(), ...abstinent.spells()]);
  });
}
