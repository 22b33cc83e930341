import { carriedDays, type MissingPolicy, type Protocol, type RollingAbstinence } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { Spell, StudyDay } from '../facts.ts';
import { spellBuilder } from '../spells.ts';
import type { ParticipantDays } from './participant-days.ts';

/**
 * What a trailing window is judged to be. `outside`: every day of it is excluded, and the participant counts under no policy.
 * `unclear`: a positive biomarker speaks of a day in it, which forbids `abstinent`, but does not show use inside it, or the
 * window is not covered: neither judged nor merely missing.
 */
export type WindowStatus = 'use' | 'abstinent' | 'unclear' | 'missing' | 'outside';

export type JudgedWindow = {
  readonly day: StudyDay;
  readonly status: WindowStatus;
  /** The latest window of an earlier day that is neither missing nor outside: what can be carried forward. */
  readonly earlier: { readonly day: StudyDay; readonly status: WindowStatus } | undefined;
};

/** Running counts over the days of a window. */
type Counts = { days: number; covered: number; confirmed: number; uses: number; touched: number };

function count(counts: Counts, day: StudyDay, by: 1 | -1, { evidence, lookBacks, excluded }: ParticipantDays): void {
  if (excluded[day] === 1) return;
  counts.days += by;
  if (evidence.covering[day] !== nothing) counts.covered += by;
  if (evidence.confirming !== undefined && evidence.confirming[day] !== nothing) counts.confirmed += by;
  if (isUse(evidence, day)) counts.uses += by;
  if (lookBacks !== undefined && lookBacks.touched[day] === 1) counts.touched += by;
}

function judge(counts: Counts, measure: RollingAbstinence, confirming: boolean, shown: boolean): WindowStatus {
  if (counts.days === 0) return 'outside';
  const enough =
    measure.coverage === 'all-days' ? counts.covered === counts.days : counts.covered >= measure.coverage.atLeast;
  const used = counts.uses > 0 || shown;
  const covered = (enough && (!confirming || counts.confirmed > 0)) || (measure.decisivePositive && used);
  if (covered && used) return 'use';
  if (counts.touched > 0) return 'unclear';
  return covered ? 'abstinent' : 'missing';
}

/** Judges the trailing window of each study day d = window … lastDay: first whether it is covered, whatever was found, then what was found. */
export function* judgedWindows(
  measure: RollingAbstinence,
  window: number,
  days: ParticipantDays,
): Generator<JudgedWindow> {
  const { lastDay, evidence, lookBacks } = days;
  const counts: Counts = { days: 0, covered: 0, confirmed: 0, uses: 0, touched: 0 };
  let shownSince = 0;
  let earlier: JudgedWindow['earlier'];
  for (let day = 1; day <= lastDay; day += 1) {
    count(counts, day, 1, days);
    if (day > window) count(counts, day - window, -1, days);
    if (lookBacks !== undefined) shownSince = Math.max(shownSince, lookBacks.shownSince[day] ?? 0);
    if (day < window) continue;
    const status = judge(counts, measure, evidence.confirming !== undefined, shownSince > day - window);
    const judged: JudgedWindow = { day, status, earlier };
    yield judged;
    if (status !== 'missing' && status !== 'outside') earlier = judged;
  }
}

/**
 * Whether a judged window counts in a policy's denominator on a mature day, and whether in its numerator. *Observed only*: what
 * is judged use or abstinent; *missing is use*: everybody within planned follow-up; *carry forward*: a missing window counts as
 * the latest judgement of the days before it that the policy reaches (last observation carried forward), never after leaving.
 * Nothing is carried onto an unclear window, nor over one: it is not missing, and it is known that all was not abstinent.
 */
export function counted(
  policy: MissingPolicy,
  judged: JudgedWindow,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  const { day, status } = judged;
  if (policy === 'missing-is-use') {
    const assessable = status !== 'outside' && day <= plannedFollowUp;
    return { assessable, abstinent: assessable && status === 'abstinent' };
  }
  const counting = policy === 'observed-only' ? status : carriedForward(policy, judged, left);
  return { assessable: counting === 'use' || counting === 'abstinent', abstinent: counting === 'abstinent' };
}

function carriedForward(
  policy: MissingPolicy,
  { day, status, earlier }: JudgedWindow,
  left: StudyDay | undefined,
): WindowStatus {
  if (status !== 'missing' || earlier === undefined) return status;
  if (left !== undefined && day > left) return status;
  return day - earlier.day > (carriedDays(policy) ?? 0) ? status : earlier.status;
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
    for (const judged of judgedWindows(measure, window, days)) {
      const { day } = judged;
      if (days.mature[day] !== 1) continue;
      for (const builder of builders) {
        const counts = counted(builder.policy, judged, days.left, protocol.plannedFollowUp);
        if (counts.assessable) builder.assessable.add(day);
        if (counts.abstinent) builder.abstinent.add(day);
      }
    }
    return builders.flatMap(({ assessable, abstinent }) => [...assessable.spells(), ...abstinent.spells()]);
  });
}
