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
export type WindowStatus = 'missing' | 'outside' | 'unclear' | 'use' | 'abstinent';

/** A status as a number, one a day; 0: no window ends on the day. Those from `judgedFrom` on are judged, and can be carried forward. */
const codes: Readonly<Record<WindowStatus, number>> = { missing: 1, outside: 2, unclear: 3, use: 4, abstinent: 5 };
const names: readonly (WindowStatus | undefined)[] = [undefined, 'missing', 'outside', 'unclear', 'use', 'abstinent'];
const judgedFrom = codes.unclear;

/** A measure's windows of one length, as they end on each study day; a length of 0 stands for all days so far. */
export type JudgedWindows = { readonly window: number; readonly codes: Uint8Array };

/** Judges the windows that end on study days first … lastDay. */
export function judgeWindows(
  window: number,
  { first, lastDay }: { readonly first: StudyDay; readonly lastDay: StudyDay },
  judge: (day: StudyDay) => WindowStatus,
): JudgedWindows {
  const judged = new Uint8Array(Math.max(0, lastDay + 1));
  for (let day = first; day <= lastDay; day += 1) judged[day] = codes[judge(day)];
  return { window, codes: judged };
}

export type JudgedWindow = {
  readonly day: StudyDay;
  readonly status: WindowStatus;
  /** The latest window of an earlier day that is neither missing nor outside: what can be carried forward. */
  readonly earlier: { readonly day: StudyDay; readonly status: WindowStatus } | undefined;
};

/** The window that ends on a day; undefined if none does. */
export function windowOn({ codes: judged }: JudgedWindows, day: StudyDay): JudgedWindow | undefined {
  const status = names[judged[day] ?? 0];
  if (status === undefined) return undefined;
  for (let before = day - 1; before >= 0; before -= 1) {
    const code = judged[before] ?? 0;
    const name = names[code];
    if (code >= judgedFrom && name !== undefined) return { day, status, earlier: { day: before, status: name } };
  }
  return { day, status, earlier: undefined };
}

/** What of a participant the policies look at. */
type Following = { readonly left: StudyDay | undefined; readonly plannedFollowUp: StudyDay };

const assessable = 1;
const abstinent = 2;
const abstinentToo = assessable + abstinent;
const asJudged = (code: number) => (code === codes.abstinent ? abstinentToo : code === codes.use ? assessable : 0);

/** How a policy counts a day: by the code of its window, and the day and code of the latest one that was judged before. */
type Counting = (day: StudyDay, code: number, earlierDay: StudyDay, earlierCode: number) => number;

/** Whether somebody is followed on a day, so that a missing window is one: within planned follow-up, and not all of it excluded. */
const isDue = (day: StudyDay, code: number, { plannedFollowUp }: Following) =>
  code !== codes.outside && day <= plannedFollowUp;

/**
 * Whether a judged window counts in a policy's denominator on a mature day, and whether in its numerator. *Observed only*: what
 * is judged use or abstinent; *missing is use* and *worst case*: everybody within planned follow-up, the missing as use; *best
 * case*: the same, the missing as abstinent (an unclear window is not missing: use is known); *carry forward*: a missing window
 * counts as the latest judgement of the days before it that the policy reaches (last observation carried forward), never after
 * leaving. Nothing is carried onto an unclear window, nor over one: it is not missing, and it is known that all was not abstinent.
 */
function countingBy(policy: MissingPolicy, following: Following): Counting {
  if (policy === 'observed-only') return (_day, code) => asJudged(code);
  if (policy === 'missing-is-use' || policy === 'worst-case' || policy === 'best-case') {
    const isFree = (code: number) => code === codes.abstinent || (policy === 'best-case' && code === codes.missing);
    return (day, code) => (!isDue(day, code, following) ? 0 : isFree(code) ? abstinentToo : assessable);
  }
  const reach = carriedDays(policy) ?? 0;
  const lastCarried = following.left ?? Number.POSITIVE_INFINITY;
  return (day, code, earlierDay, earlierCode) => {
    const carries = code === codes.missing && day <= lastCarried && day - earlierDay <= reach;
    return asJudged(carries ? earlierCode : code);
  };
}

/** The same of one window, for whoever wants to see why. */
export function counted(
  policy: MissingPolicy,
  { day, status, earlier }: JudgedWindow,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  const counting = countingBy(policy, { left, plannedFollowUp });
  const [earlierDay, earlierCode] = earlier === undefined ? [neverBefore, 0] : [earlier.day, codes[earlier.status]];
  const counts = counting(day, codes[status], earlierDay, earlierCode);
  return { assessable: counts > 0, abstinent: counts === abstinentToo };
}

/** No policy reaches so far back. */
const neverBefore = Number.NEGATIVE_INFINITY;

/**
 * Runs of days in numerator and denominator, per window and policy, and of those followed (`due`) and missing among them: what
 * every policy that carries nothing forward is made of. *Observed only* is there always, since the others stand on it.
 */
function abstinenceSpells(
  { id, policies }: AbstinenceMeasure,
  { window, codes: judged }: JudgedWindows,
  mature: Uint8Array,
  following: Following,
): Spell[] {
  const spells: Spell[] = [];
  const head = { measure: id, window };
  const shown = policies.includes('observed-only') ? policies : (['observed-only', ...policies] as const);
  for (const policy of shown) {
    const counting = countingBy(policy, following);
    const inDenominator = spellBuilder({ ...head, kind: 'assessable', policy });
    const inNumerator = spellBuilder({ ...head, kind: 'abstinent', policy });
    let [earlierDay, earlierCode] = [neverBefore, 0];
    for (let day = 0; day < judged.length; day += 1) {
      const code = judged[day] ?? 0;
      if (code === 0) continue;
      if (mature[day] === 1) {
        const counts = counting(day, code, earlierDay, earlierCode);
        if (counts > 0) inDenominator.add(day);
        if (counts === abstinentToo) inNumerator.add(day);
      }
      if (code >= judgedFrom) [earlierDay, earlierCode] = [day, code];
    }
    spells.push(...inDenominator.spells(), ...inNumerator.spells());
  }
  const due = spellBuilder({ ...head, kind: 'due' });
  const missing = spellBuilder({ ...head, kind: 'missing' });
  for (let day = 0; day < judged.length; day += 1) {
    const code = judged[day] ?? 0;
    if (code === 0 || mature[day] !== 1 || !isDue(day, code, following)) continue;
    due.add(day);
    if (code === codes.missing) missing.add(day);
  }
  spells.push(...due.spells(), ...missing.spells());
  return spells;
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
      return ({ schedule: { plannedFollowUp }, mature: matureFor }) => {
        const mature = matureFor(measure, days.lastDay);
        const following = { left: days.left, plannedFollowUp };
        const spells = maturitySpells(measure, days.lastDay, mature);
        if (mature.includes(1))
          for (const judged of windows) spells.push(...abstinenceSpells(measure, judged, mature, following));
        return { spells, firstEvents: [], values: [] };
      };
    },
  };
}
