import {
  type AbstinenceMeasure,
  carriedDays,
  type MissingPolicy,
  type ObservationType,
  type Protocol,
} from '@holdfast/events';
import type { Spell, StudyDay } from '../facts.ts';
import { spellBuilder } from '../spells.ts';
import type { MeasureFold, Told } from './measure-fold.ts';
import { maturitySpells } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/**
 * What a trailing window is judged to be. `outside`: every day of it is excluded, and the participant counts under no policy.
 * `unclear`: a positive biomarker speaks of a day in it, which forbids `abstinent`, but does not show use inside it, or the
 * window is not covered: neither judged nor merely missing. `missing-with-use`: missing, where all days so far are looked at and use
 * on one of them is known all the same.
 */
export type WindowStatus = 'missing' | 'missing-with-use' | 'outside' | 'unclear' | 'use' | 'abstinent';

/** Consecutive study days whose windows are judged alike. */
type WindowRun = {
  readonly from: StudyDay;
  to: StudyDay;
  readonly status: WindowStatus;
  /** What could be carried forward to its days, where they are missing. */
  readonly earlier: EarlierWindow | undefined;
};

/** A measure's windows of one length, as they end on each study day in order; a length of 0 stands for all days so far. */
export type JudgedWindows = { readonly window: number; readonly runs: readonly WindowRun[] };

/** Judges the windows that end on study days first … lastDay. */
export function judgeWindows(
  window: number,
  { first, lastDay }: { readonly first: StudyDay; readonly lastDay: StudyDay },
  judge: (day: StudyDay) => WindowStatus,
): JudgedWindows {
  const runs: WindowRun[] = [];
  let run: WindowRun | undefined;
  let earlier: EarlierWindow | undefined;
  for (let day = first; day <= lastDay; day += 1) {
    const status = judge(day);
    if (run !== undefined && run.status === status) {
      run.to = day;
    } else {
      if (run !== undefined && isJudged(run.status)) earlier = { day: run.to, status: run.status };
      run = { from: day, to: day, status, earlier };
      runs.push(run);
    }
  }
  return { window, runs };
}

/** What can be carried forward: the latest window of an earlier day that is neither missing nor outside. */
export type EarlierWindow = { readonly day: StudyDay; readonly status: WindowStatus };

export type JudgedWindow = {
  readonly day: StudyDay;
  readonly status: WindowStatus;
  readonly earlier: EarlierWindow | undefined;
};

const isMissing = (status: WindowStatus) => status === 'missing' || status === 'missing-with-use';
const isJudged = (status: WindowStatus) => !isMissing(status) && status !== 'outside';

/** The window that ends on a day; undefined if none does. */
export function windowOn({ runs }: JudgedWindows, day: StudyDay): JudgedWindow | undefined {
  const run = runs.find(({ from, to }) => from <= day && day <= to);
  if (run === undefined) return undefined;
  const { from, status, earlier } = run;
  return { day, status, earlier: isJudged(status) && from < day ? { day: day - 1, status } : earlier };
}

/** What of a participant the policies look at. */
type Following = { readonly left: StudyDay | undefined; readonly plannedFollowUp: StudyDay };

/** What days of a run of windows count as: the first of them, up to `until`; the others do not count. */
type Counting = { readonly until: StudyDay; readonly as: 'use' | 'abstinent' };

const asJudged = (status: WindowStatus, until: StudyDay): Counting | undefined =>
  status === 'use' || status === 'abstinent' ? { until, as: status } : undefined;

/**
 * How a policy counts days in a row whose windows are judged alike: in the denominator at all, and in the numerator if as
 * abstinent. *Observed only*: what is judged use or abstinent; *missing is use* and *worst case*: everybody within planned
 * follow-up, the missing as use; *best case*: the same, the missing as abstinent (but none that is unclear, or missing with use);
 * *carry forward*: a missing window counts as the latest judgement of the days before it that the policy reaches (last observation
 * carried forward), never after leaving. Nothing is carried onto an unclear window, nor over one: it is not missing, and it is
 * known that all was not abstinent; nor is `abstinent` carried onto one in which use is known all the same.
 */
function countingBy(
  policy: MissingPolicy,
  status: WindowStatus,
  earlier: EarlierWindow | undefined,
  { left = Number.POSITIVE_INFINITY, plannedFollowUp }: Following,
): Counting | undefined {
  switch (policy) {
    case 'observed-only':
      return asJudged(status, Number.POSITIVE_INFINITY);
    case 'missing-is-use':
    case 'worst-case':
    case 'best-case': {
      if (status === 'outside') return undefined;
      const isFree = status === 'abstinent' || (policy === 'best-case' && status === 'missing');
      return { until: plannedFollowUp, as: isFree ? 'abstinent' : 'use' };
    }
    default: {
      if (!isMissing(status)) return asJudged(status, Number.POSITIVE_INFINITY);
      if (earlier === undefined || (status === 'missing-with-use' && earlier.status === 'abstinent')) return undefined;
      const reach = carriedDays(policy) ?? 0;
      return asJudged(earlier.status, Math.min(left, earlier.day + reach));
    }
  }
}

/** Whether a policy counts one window in its denominator, and whether in its numerator. */
export function counted(
  policy: MissingPolicy,
  { day, status, earlier }: JudgedWindow,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  const counting = countingBy(policy, status, earlier, { left, plannedFollowUp });
  const assessable = counting !== undefined && day <= counting.until;
  return { assessable, abstinent: assessable && counting.as === 'abstinent' };
}

/** Policies whose counts are made of `due`, `missing`, `beyond` and *observed only*. */
const madeOfOthers: ReadonlySet<MissingPolicy> = new Set(['missing-is-use', 'worst-case', 'best-case']);

/** The runs that are mature, or the mature parts of them. */
function matureRuns({ runs }: JudgedWindows, mature: Uint8Array): readonly WindowRun[] {
  const first = runs[0];
  // Most participants are past everything.
  if (first === undefined || mature.indexOf(0, first.from) < 0) return runs;
  const found: WindowRun[] = [];
  for (const { from, to, status, earlier } of runs) {
    let start = mature.indexOf(1, from);
    while (start >= 0 && start <= to) {
      const gap = mature.indexOf(0, start);
      const end = gap < 0 || gap > to ? to : gap - 1;
      found.push({ from: start, to: end, status, earlier });
      start = mature.indexOf(1, end + 1);
    }
  }
  return found;
}

/**
 * Runs of days in numerator and denominator, per window and policy, of those followed (`due`) and missing among them, and of those
 * abstinent though not followed any more (`beyond`): what every policy that carries nothing forward is made of. *Observed only* is
 * there always, since the others stand on it.
 */
function abstinenceSpells(
  { id, policies }: AbstinenceMeasure,
  judged: JudgedWindows,
  mature: Uint8Array,
  following: Following,
  forTallies: boolean,
): Spell[] {
  const spells: Spell[] = [];
  const { window } = judged;
  const runs = matureRuns(judged, mature);
  const wanted = forTallies ? policies.filter((policy) => !madeOfOthers.has(policy)) : policies;
  const shown = wanted.includes('observed-only') ? wanted : (['observed-only', ...wanted] as const);
  for (const policy of shown) {
    const inDenominator = spellBuilder({ measure: id, kind: 'assessable', window, policy });
    const inNumerator = spellBuilder({ measure: id, kind: 'abstinent', window, policy });
    for (const { from, to, status, earlier } of runs) {
      const counting = countingBy(policy, status, earlier, following);
      if (counting === undefined) continue;
      const last = Math.min(to, counting.until);
      inDenominator.addRun(from, last);
      if (counting.as === 'abstinent') inNumerator.addRun(from, last);
    }
    spells.push(...inDenominator.spells(), ...inNumerator.spells());
  }
  const due = spellBuilder({ measure: id, kind: 'due', window });
  const missing = spellBuilder({ measure: id, kind: 'missing', window });
  const beyond = spellBuilder({ measure: id, kind: 'beyond', window });
  for (const { from, to, status } of runs) {
    const last = Math.min(to, following.plannedFollowUp);
    if (status !== 'outside') due.addRun(from, last);
    if (status === 'missing') missing.addRun(from, last);
    if (status === 'abstinent') beyond.addRun(Math.max(from, following.plannedFollowUp + 1), to);
  }
  spells.push(...due.spells(), ...missing.spells(), ...beyond.spells());
  return spells;
}

/** How measures of abstinence are folded, by the windows that they judge. */
export function abstinenceFold<M extends AbstinenceMeasure>(
  windowsOf: (measure: M, told: Told) => readonly JudgedWindows[],
): MeasureFold<M> {
  return {
    types: (measure: M, protocol: Protocol): readonly ObservationType[] => [
      ...typesOfUse(measure, protocol),
      // Nothing is carried forward beyond leaving.
      ...(measure.policies.some((policy) => carriedDays(policy)) ? (['participant-left'] as const) : []),
    ],
    judge: (measure, told) => {
      // All that is kept of the days are the windows, and these two.
      const { lastDay, left } = told.days(measure);
      const windows = windowsOf(measure, told);
      return ({ schedule: { plannedFollowUp }, mature: matureFor, forTallies }) => {
        const mature = matureFor(measure, lastDay);
        const following = { left, plannedFollowUp };
        const spells = maturitySpells(measure, lastDay, mature);
        if (mature.includes(1))
          for (const judged of windows)
            spells.push(...abstinenceSpells(measure, judged, mature, following, forTallies));
        return { spells, firstEvents: [], values: [] };
      };
    },
  };
}
