import {
  type AbstinenceMeasure,
  carriedDays,
  type MissingPolicy,
  type ObservationType,
  type Protocol,
} from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { runBuilder, type SpellRuns } from '../spells.ts';
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

/** A measure's windows of one length (0: all days so far), as they end on each study day from the first. */
export type Windows = {
  readonly window: number;
  readonly first: StudyDay;
  /** Judges the window that ends on a day. Is asked day by day, from the first on. */
  readonly judge: (day: StudyDay) => WindowStatus;
};

/** What can be carried forward: the latest window of an earlier day that is neither missing nor outside. */
export type EarlierWindow = { readonly day: StudyDay; readonly status: WindowStatus };

const isMissing = (status: WindowStatus) => status === 'missing' || status === 'missing-with-use';
const isJudged = (status: WindowStatus) => !isMissing(status) && status !== 'outside';

/** Takes study days in a row whose windows are judged alike, and what could be carried forward to them where they are missing. */
type TakeRun = (from: StudyDay, to: StudyDay, status: WindowStatus, earlier: EarlierWindow | undefined) => void;

/** Judges the windows that end on each study day up to a last one. */
function eachRun({ first, judge }: Windows, lastDay: StudyDay, take: TakeRun): void {
  if (first > lastDay) return;
  let from = first;
  let status = judge(first);
  let earlier: EarlierWindow | undefined;
  for (let day = first + 1; day <= lastDay; day += 1) {
    const next = judge(day);
    if (next === status) continue;
    take(from, day - 1, status, earlier);
    if (isJudged(status)) earlier = { day: day - 1, status };
    from = day;
    status = next;
  }
  take(from, lastDay, status, earlier);
}

export type JudgedWindow = {
  readonly day: StudyDay;
  readonly status: WindowStatus;
  readonly earlier: EarlierWindow | undefined;
};

/** The window that ends on a day; undefined if none does. */
export function windowOn(windows: Windows, day: StudyDay): JudgedWindow | undefined {
  let found: JudgedWindow | undefined;
  eachRun(windows, day, (from, to, status, before) => {
    if (to !== day) return;
    found = { day, status, earlier: isJudged(status) && from < day ? { day: day - 1, status } : before };
  });
  return found;
}

/** What of a participant the policies look at. */
type Following = { readonly left: StudyDay | undefined; readonly plannedFollowUp: StudyDay };

/**
 * What windows judged alike count as under a policy; undefined: they do not count. *Observed only*: what is judged use or abstinent;
 * *missing is use* and *worst case*: everybody, the missing as use; *best case*: the same, the missing as abstinent (but none that is
 * unclear, or missing with use); *carry forward*: a missing window counts as the latest judgement of the days before it (last
 * observation carried forward). Nothing is carried onto an unclear window, nor over one: it is not missing, and it is
 * known that all was not abstinent; nor is `abstinent` carried onto one in which use is known all the same.
 */
function countedAs(
  policy: MissingPolicy,
  status: WindowStatus,
  earlier: EarlierWindow | undefined,
): 'use' | 'abstinent' | undefined {
  switch (policy) {
    case 'observed-only':
      return asJudged(status);
    case 'missing-is-use':
    case 'worst-case':
    case 'best-case':
      if (status === 'outside') return undefined;
      return status === 'abstinent' || (policy === 'best-case' && status === 'missing') ? 'abstinent' : 'use';
    default:
      if (!isMissing(status)) return asJudged(status);
      if (earlier === undefined || (status === 'missing-with-use' && earlier.status === 'abstinent')) return undefined;
      return asJudged(earlier.status);
  }
}

const asJudged = (status: WindowStatus) => (status === 'use' || status === 'abstinent' ? status : undefined);

/**
 * The last study day on which a policy counts windows that it counts at all: those of everybody within planned follow-up, those onto
 * which something is carried as far as the policy reaches, and never after leaving.
 */
function countedUntil(
  policy: MissingPolicy,
  status: WindowStatus,
  earlier: EarlierWindow | undefined,
  { left = Number.POSITIVE_INFINITY, plannedFollowUp }: Following,
): StudyDay {
  switch (policy) {
    case 'observed-only':
      return Number.POSITIVE_INFINITY;
    case 'missing-is-use':
    case 'worst-case':
    case 'best-case':
      return plannedFollowUp;
    default:
      if (!isMissing(status) || earlier === undefined) return Number.POSITIVE_INFINITY;
      return Math.min(left, earlier.day + (carriedDays(policy) ?? 0));
  }
}

/** Whether a policy counts one window in its denominator, and whether in its numerator. */
export function counted(
  policy: MissingPolicy,
  { day, status, earlier }: JudgedWindow,
  left: StudyDay | undefined,
  plannedFollowUp: StudyDay,
): { assessable: boolean; abstinent: boolean } {
  const as = countedAs(policy, status, earlier);
  const assessable = as !== undefined && day <= countedUntil(policy, status, earlier, { left, plannedFollowUp });
  return { assessable, abstinent: assessable && as === 'abstinent' };
}

/** Policies whose counts are made of `due`, `missing`, `beyond` and *observed only*. */
const madeOfOthers: ReadonlySet<MissingPolicy> = new Set(['missing-is-use', 'worst-case', 'best-case']);

/** The mature parts of days in a row. */
function eachMaturePart(
  from: StudyDay,
  to: StudyDay,
  mature: Uint8Array,
  take: (from: StudyDay, to: StudyDay) => void,
): void {
  let start = mature.indexOf(1, from);
  while (start >= 0 && start <= to) {
    const gap = mature.indexOf(0, start);
    const end = gap < 0 || gap > to ? to : gap - 1;
    take(start, end);
    start = mature.indexOf(1, end + 1);
  }
}

/**
 * Runs of days in numerator and denominator, per window and policy, of those followed (`due`) and missing among them, and of those
 * abstinent though not followed any more (`beyond`): what every policy that carries nothing forward is made of. *Observed only* is
 * there always, since the others stand on it. What comes after the last mature day is not even judged.
 */
function abstinenceSpells(
  { id, policies }: AbstinenceMeasure,
  windows: Windows,
  mature: Uint8Array,
  following: Following,
  forTallies: boolean,
): SpellRuns[] {
  const { window } = windows;
  const { plannedFollowUp } = following;
  const wanted = forTallies ? policies.filter((policy) => !madeOfOthers.has(policy)) : policies;
  const shown = (wanted.includes('observed-only') ? wanted : (['observed-only', ...wanted] as const)).map((policy) => ({
    policy,
    denominator: runBuilder({ measure: id, kind: 'assessable', window, policy }),
    numerator: runBuilder({ measure: id, kind: 'abstinent', window, policy }),
  }));
  const due = runBuilder({ measure: id, kind: 'due', window });
  const missing = runBuilder({ measure: id, kind: 'missing', window });
  const beyond = runBuilder({ measure: id, kind: 'beyond', window });
  eachRun(windows, mature.lastIndexOf(1), (first, last, status, earlier) =>
    eachMaturePart(first, last, mature, (from, to) => {
      for (const { policy, denominator, numerator } of shown) {
        const as = countedAs(policy, status, earlier);
        if (as === undefined) continue;
        const until = Math.min(to, countedUntil(policy, status, earlier, following));
        denominator.addRun(from, until);
        if (as === 'abstinent') numerator.addRun(from, until);
      }
      const followed = Math.min(to, plannedFollowUp);
      if (status !== 'outside') due.addRun(from, followed);
      if (status === 'missing') missing.addRun(from, followed);
      if (status === 'abstinent') beyond.addRun(Math.max(from, plannedFollowUp + 1), to);
    }),
  );
  const ofPolicies = shown.flatMap(({ denominator, numerator }) => [denominator.done(), numerator.done()]);
  return [...ofPolicies, due.done(), missing.done(), beyond.done()];
}

/** How measures of abstinence are folded, by the windows that they judge. */
export function abstinenceFold<M extends AbstinenceMeasure>(
  windowsOf: (measure: M, told: Told) => readonly Windows[],
): MeasureFold<M> {
  return {
    types: (measure: M, protocol: Protocol): readonly ObservationType[] => [
      ...typesOfUse(measure, protocol),
      // Nothing is carried forward beyond leaving.
      ...(measure.policies.some((policy) => carriedDays(policy)) ? (['participant-left'] as const) : []),
    ],
    judge: (measure, told) => {
      const { lastDay, left } = told.days(measure);
      return ({ schedule: { plannedFollowUp }, mature: matureFor, forTallies }) => {
        const mature = matureFor(measure, lastDay);
        const following = { left, plannedFollowUp };
        const spells = [...maturitySpells(measure, lastDay, mature)];
        for (const windows of windowsOf(measure, told))
          spells.push(...abstinenceSpells(measure, windows, mature, following, forTallies));
        return { spells, firstEvents: [], values: [] };
      };
    },
  };
}
