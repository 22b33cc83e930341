import {
  type AbstinenceMeasure,
  carriedDays,
  type MissingPolicy,
  type ObservationType,
  type Protocol,
} from '@holdfast/events';
import type { Spell, StudyDay } from '../facts.ts';
import { spellBuilder } from '../spells.ts';
import type { MeasureFold } from './measure-fold.ts';
import { type JudgedDays, maturitySpells } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/**
 * What a trailing window is judged to be. `outside`: every day of it is excluded, and the participant counts under no policy.
 * `unclear`: a positive biomarker speaks of a day in it, which forbids `abstinent`, but does not show use inside it, or the
 * window is not covered: neither judged nor merely missing.
 */
export type WindowStatus = 'use' | 'abstinent' | 'unclear' | 'missing' | 'outside';

export type JudgedWindow = {
  readonly day: StudyDay;
  readonly status: WindowStatus;
  /** Of a missing window: whether use in it is known all the same, so that nobody can take it for abstinent. */
  readonly used?: boolean;
  /** The latest window of an earlier day that is neither missing nor outside: what can be carried forward. */
  readonly earlier: { readonly day: StudyDay; readonly status: WindowStatus } | undefined;
};

/**
 * Whether a judged window counts in a policy's denominator on a mature day, and whether in its numerator. *Observed only*: what
 * is judged use or abstinent; *missing is use* and *worst case*: everybody within planned follow-up, the missing as use; *best
 * case*: the same, the missing as abstinent (but no window that is known to have use: not the unclear, nor what comes after the
 * first use where all days so far are looked at); *carry forward*: a missing window counts as
 * the latest judgement of the days before it that the policy reaches (last observation carried forward), never after leaving.
 * Nothing is carried onto an unclear window, nor over one: it is not missing, and it is known that all was not abstinent;
 * nor is `abstinent` carried onto a missing one in which use is known all the same.
 */
export function counted(
  policy: MissingPolicy,
  judged: JudgedWindow,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  const { status } = judged;
  if (policy === 'missing-is-use' || policy === 'worst-case' || policy === 'best-case') {
    const assessable = isDue(judged, plannedFollowUp);
    const free = status === 'abstinent' || (policy === 'best-case' && status === 'missing' && judged.used !== true);
    return { assessable, abstinent: assessable && free };
  }
  const counting = policy === 'observed-only' ? status : carriedForward(policy, judged, left);
  return { assessable: counting === 'use' || counting === 'abstinent', abstinent: counting === 'abstinent' };
}

function carriedForward(
  policy: MissingPolicy,
  { day, status, used, earlier }: JudgedWindow,
  left: StudyDay | undefined,
): WindowStatus {
  if (status !== 'missing' || earlier === undefined) return status;
  if (used === true && earlier.status === 'abstinent') return status;
  if (left !== undefined && day > left) return status;
  return day - earlier.day > (carriedDays(policy) ?? 0) ? status : earlier.status;
}

/** Whether somebody is followed on a day, so that a missing window is one: within planned follow-up, and not all of it excluded. */
function isDue({ day, status }: JudgedWindow, plannedFollowUp: StudyDay): boolean {
  return status !== 'outside' && day <= plannedFollowUp;
}

/** One of a measure's windows, and how its days are judged. */
export type JudgedWindows = { readonly window: number; judged(): Iterable<JudgedWindow> };

/**
 * Runs of days in numerator and denominator, per window and policy, and of those followed (`due`) and missing among them: what
 * every policy that carries nothing forward is made of. *Observed only* is there always, since the others stand on it.
 */
function abstinenceSpells(
  { id, policies }: AbstinenceMeasure,
  { window, judged }: JudgedWindows,
  mature: Uint8Array,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): Spell[] {
  const head = { measure: id, window };
  const builders = [...new Set<MissingPolicy>(['observed-only', ...policies])].map((policy) => ({
    policy,
    assessable: spellBuilder({ ...head, kind: 'assessable', policy }),
    abstinent: spellBuilder({ ...head, kind: 'abstinent', policy }),
  }));
  const due = spellBuilder({ ...head, kind: 'due' });
  const missing = spellBuilder({ ...head, kind: 'missing' });
  for (const one of judged()) {
    const { day } = one;
    if (mature[day] !== 1) continue;
    for (const builder of builders) {
      const counts = counted(builder.policy, one, left, plannedFollowUp);
      if (counts.assessable) builder.assessable.add(day);
      if (counts.abstinent) builder.abstinent.add(day);
    }
    if (!isDue(one, plannedFollowUp)) continue;
    due.add(day);
    if (one.status === 'missing') missing.add(day);
  }
  return [
    ...builders.flatMap(({ assessable, abstinent }) => [...assessable.spells(), ...abstinent.spells()]),
    ...due.spells(),
    ...missing.spells(),
  ];
}

/** How measures of abstinence are folded, by the windows that they judge. */
export function abstinenceFold<M extends AbstinenceMeasure>(
  windowsOf: (measure: M, days: JudgedDays) => readonly JudgedWindows[],
): MeasureFold<M> {
  return {
    types: (measure: M, protocol: Protocol): readonly ObservationType[] => [
      ...typesOfUse(measure, protocol),
      // Nothing is carried forward beyond leaving.
      ...(measure.policies.some((policy) => carriedDays(policy)) ? (['participant-left'] as const) : []),
    ],
    judge: (measure, told) => {
      const days = told.days(measure);
      const windows = windowsOf(measure, days);
      return ({ schedule, mature: matureFor }) => {
        const mature = matureFor(measure, days.lastDay);
        const isAny = mature.includes(1);
        const spells = windows.flatMap((window) =>
          isAny ? abstinenceSpells(measure, window, mature, days.left, schedule.plannedFollowUp) : [],
        );
        return { spells: [...maturitySpells(measure, days.lastDay, mature), ...spells], firstEvents: [], values: [] };
      };
    },
  };
}
