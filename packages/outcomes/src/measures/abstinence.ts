import {
  type AbstinenceMeasure,
  carriedDays,
  type MissingPolicy,
  type ObservationType,
  type Protocol,
} from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { SpellHead } from '../spells.ts';
import type { CountedDays } from './counted-days.ts';
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
  /** Judges the window that ends on a day, from the first on. */
  readonly judge: (day: StudyDay) => WindowStatus;
};

/** What can be carried forward: the latest window of an earlier day that is neither missing nor outside. */
export type EarlierWindow = { readonly day: StudyDay; readonly status: WindowStatus };

const isMissing = (status: WindowStatus) => status === 'missing' || status === 'missing-with-use';
const isJudged = (status: WindowStatus) => !isMissing(status) && status !== 'outside';

/** Takes study days in a row whose windows are judged alike, and what could be carried forward to them where they are missing. */
type TakeRun = (from: StudyDay, to: StudyDay, status: WindowStatus, earlier: EarlierWindow | undefined) => void;

/** Judges the windows that end on each study day from one to another. */
function eachRun({ first, judge }: Windows, firstDay: StudyDay, lastDay: StudyDay, take: TakeRun): void {
  let from = Math.max(first, firstDay);
  if (from > lastDay) return;
  let status = judge(from);
  let earlier: EarlierWindow | undefined;
  for (let day = from - 1; day >= first && earlier === undefined; day -= 1) {
    const before = judge(day);
    if (isJudged(before)) earlier = { day, status: before };
  }
  for (let day = from + 1; day <= lastDay; day += 1) {
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
  eachRun(windows, day, day, (_from, _to, status, earlier) => {
    found = { day, status, earlier };
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
      return Math.min(left, earlier.day + reachOf(policy));
  }
}

const reaches = new Map<MissingPolicy, number>();

/** How many days a policy carries forward; 0 if it does not. */
function reachOf(policy: MissingPolicy): number {
  const reach = reaches.get(policy) ?? carriedDays(policy) ?? 0;
  reaches.set(policy, reach);
  return reach;
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

/** Which days are mature: none after `last`, and from day 1 on all up to `unbroken`. */
type Maturity = { readonly days: Uint8Array; readonly last: StudyDay; readonly unbroken: StudyDay };

function maturityOf(days: Uint8Array): Maturity {
  const gap = days.indexOf(0, 1);
  return { days, last: days.lastIndexOf(1), unbroken: gap < 0 ? days.length - 1 : gap - 1 };
}

/** How a measure's days are counted: under which policies, and what the bits of a day's code stand for. */
type Counting = { readonly policies: readonly MissingPolicy[]; kindsOf(window: number): readonly SpellHead[] };

/** Bits of a day's code: these three, then two for each policy. */
const [due, missing, beyond] = [1, 2, 4];
const assessable = (policy: number) => 8 << (2 * policy);
const abstinent = (policy: number) => 16 << (2 * policy);
/** As many policies as there are bits for. */
const mostPolicies = 14;

function countingOf(id: string, policies: readonly MissingPolicy[]): Counting {
  if (policies.length > mostPolicies) throw new Error(`${id} has more than ${mostPolicies} missing-data policies`);
  const known = new Map<number, readonly SpellHead[]>();
  return {
    policies,
    kindsOf(window) {
      const kinds = known.get(window) ?? [
        ...(['due', 'missing', 'beyond'] as const).map((kind) => ({ measure: id, kind, window })),
        ...policies.flatMap((policy) =>
          (['assessable', 'abstinent'] as const).map((kind) => ({ measure: id, kind, window, policy })),
        ),
      ];
      known.set(window, kinds);
      return kinds;
    },
  };
}

const declared = new WeakMap<AbstinenceMeasure, { readonly all: Counting; readonly tallied: Counting }>();

/** How a measure's days are counted under all its policies, *observed only* always among them; and under those that are tallied. */
function countingsOf(measure: AbstinenceMeasure) {
  let countings = declared.get(measure);
  if (countings === undefined) {
    const all = [...new Set<MissingPolicy>(['observed-only', ...measure.policies])];
    const tallied = all.filter((policy) => !madeOfOthers.has(policy));
    countings = { all: countingOf(measure.id, all), tallied: countingOf(measure.id, tallied) };
    declared.set(measure, countings);
  }
  return countings;
}

function noDays(kinds: readonly SpellHead[], days: number): CountedDays {
  return { kinds, codes: kinds.length <= 16 ? new Uint16Array(days) : new Uint32Array(days), from: 0 };
}

const isAlike = ({ kinds, codes }: CountedDays, now: readonly SpellHead[], mature: Maturity) =>
  kinds === now && codes.length === mature.days.length;

/**
 * What a measure's windows of one length count as on each mature day: in numerator and denominator of each policy; whether the
 * participant is followed (`due`) and the window missing, or abstinent though nobody is followed any more (`beyond`): what every policy
 * that carries nothing forward is made of. Counts into the days before, where there are any: most participants have hundreds of days
 * of which a few change.
 */
function countWindows(
  { policies, kindsOf }: Counting,
  windows: Windows,
  mature: Maturity,
  following: Following,
  before: { readonly days: CountedDays; readonly from: StudyDay } | undefined,
): CountedDays {
  const kinds = kindsOf(windows.window);
  const known = before !== undefined && isAlike(before.days, kinds, mature) ? before : undefined;
  const days = known === undefined ? noDays(kinds, mature.days.length) : { ...known.days, from: known.from };
  const { codes, from: firstDay } = days;
  // What windows before say has not changed.
  codes.fill(0, firstDay);
  const { plannedFollowUp } = following;
  eachRun(windows, firstDay, mature.last, (from, to, status, earlier) => {
    for (let day = from; day <= to; ) {
      let code = 0;
      // The last day that counts like this one.
      let last = to;
      const isFollowed = day <= plannedFollowUp;
      if (isFollowed && plannedFollowUp < last) last = plannedFollowUp;
      if (isFollowed && status !== 'outside') code |= due;
      if (isFollowed && status === 'missing') code |= missing;
      if (!isFollowed && status === 'abstinent') code |= beyond;
      for (let i = 0; i < policies.length; i += 1) {
        const policy = policies[i] ?? 'observed-only';
        const as = countedAs(policy, status, earlier);
        if (as === undefined) continue;
        const until = countedUntil(policy, status, earlier, following);
        if (day > until) continue;
        if (until < last) last = until;
        code |= as === 'abstinent' ? assessable(i) | abstinent(i) : assessable(i);
      }
      codes.fill(code, day, last + 1);
      day = last + 1;
    }
    for (let day = Math.max(from, mature.unbroken + 1); day <= to; day += 1) if (mature.days[day] !== 1) codes[day] = 0;
  });
  return days;
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
      return ({ schedule: { plannedFollowUp }, mature: matureFor, forTallies }, before) => {
        const days = matureFor(measure, lastDay);
        const [mature, following] = [maturityOf(days), { left, plannedFollowUp }];
        const { all, tallied } = countingsOf(measure);
        const counted = windowsOf(measure, told).map((windows, i) => {
          const known = before?.counted[i];
          const since = known && before && { days: known, from: before.from };
          return countWindows(forTallies ? tallied : all, windows, mature, following, since);
        });
        return { counted, spells: maturitySpells(measure, lastDay, days), firstEvents: [], values: [] };
      };
    },
  };
}
