import { type Cell, groupsIn, type MarkKind } from './cell.ts';
import { daySums, type Tallies } from './tallies.ts';

/**
 * A part of a trial: some arms (of a factor's level all that have it), a site, members of groups. What is undefined is summed over.
 * `axis`: which days a curve runs over; absent: study days.
 */
export type Slice = {
  readonly arms?: ReadonlySet<string> | undefined;
  readonly site?: string | undefined;
  readonly groups?: Readonly<Record<string, string>> | undefined;
  readonly axis?: Cell['axis'];
};

/** The whole trial. */
export const everybody: Slice = {};

/** Proportion of the assessable who are abstinent on a day, as counts. */
export type AbstinenceDay = {
  readonly day: number;
  readonly abstinent: number;
  readonly assessable: number;
  /** Of those followed on the day, whoever counts under the policy. */
  readonly due: number;
  readonly missing: number;
};

/** First events and days at risk within the trailing window of a day, as counts. */
export type EventsDay = { readonly day: number; readonly events: number; readonly personDays: number };

/** Whether a cell belongs to a part of the trial. */
export function inSlice(cell: Cell, { arms, site, groups, axis = 'study' }: Slice): boolean {
  if (cell.axis !== axis) return false;
  if (arms !== undefined && !arms.has(cell.arm)) return false;
  if (site !== undefined && cell.site !== site) return false;
  if (groups === undefined) return true;
  const those = groupsIn(cell.group);
  return Object.entries(groups).every(([group, member]) => those[group] === member);
}

/** The days of a curve, both ends included: study days, or days of the calendar. */
export type CurveDays = { readonly from: number; readonly to: number };

/** The running sum of spell marks: of how many participants a spell holds on each of the days. */
function holding(marks: ReadonlyMap<number, number>, { from, to }: CurveDays): (day: number) => number {
  const counts: number[] = [];
  let sum = 0;
  for (const [day, n] of marks) if (day < from) sum += n;
  for (let day = from; day <= to; day += 1) {
    sum += marks.get(day) ?? 0;
    counts.push(sum);
  }
  return (day) => counts[day - from] ?? 0;
}

/** The running sum, summed up once more: marks of person-days say where these begin to grow or shrink by so many a day. */
function climbing(marks: ReadonlyMap<number, number>, { from, to }: CurveDays): (day: number) => number {
  const counts: number[] = [];
  let [sum, slope] = [0, 0];
  for (const [day, n] of marks) {
    if (day >= from) continue;
    slope += n;
    sum += n * (from - day);
  }
  for (let day = from; day <= to; day += 1) {
    slope += marks.get(day) ?? 0;
    sum += slope;
    counts.push(sum);
  }
  return (day) => counts[day - from] ?? 0;
}

/** Which of a measure's counts; `policy`: a missing-data policy. */
export type AbstinenceQuestion = { readonly measure: string; readonly window: number; readonly policy: string };

/**
 * Abstinence by day: the numerator and the denominator of a window and missing-data policy, and of those followed how many are
 * missing. Days with nobody assessable are there, with zeros. *Observed only* and what is carried forward are tallied; the policies
 * that count everybody followed are made of what is: *missing is use* and *worst case* are the observed abstinent of those due (who
 * is observed beyond planned follow-up is not), in the *best case* the missing were abstinent too.
 */
export function abstinenceCurve(
  tallies: Tallies,
  { measure, window, policy }: AbstinenceQuestion,
  days: CurveDays,
  slice: Slice,
): AbstinenceDay[] {
  const counts = (kind: MarkKind, under: string) =>
    holding(
      daySums(
        tallies,
        (cell) =>
          cell.measure === measure &&
          cell.kind === kind &&
          cell.window === window &&
          cell.policy === under &&
          inSlice(cell, slice),
      ),
      days,
    );
  const [due, missing] = [counts('due', ''), counts('missing', '')];
  const ofFollowed = policy === 'missing-is-use' || policy === 'worst-case' || policy === 'best-case';
  const under = ofFollowed ? 'observed-only' : policy;
  const [abstinent, assessable, beyond] = [
    counts('abstinent', under),
    counts('assessable', under),
    counts('beyond', ''),
  ];
  return daysOf(days).map((day): AbstinenceDay => {
    const known = { day, due: due(day), missing: missing(day) };
    if (!ofFollowed) return { ...known, abstinent: abstinent(day), assessable: assessable(day) };
    const free = abstinent(day) - beyond(day);
    return { ...known, abstinent: policy === 'best-case' ? free + known.missing : free, assessable: known.due };
  });
}

/** First events and person-days (days) in the trailing window of each day. */
export function eventsCurve(
  tallies: Tallies,
  { measure, window }: { readonly measure: string; readonly window: number },
  days: CurveDays,
  slice: Slice,
): EventsDay[] {
  const marks = (kind: MarkKind) =>
    daySums(
      tallies,
      (cell) => cell.measure === measure && cell.kind === kind && cell.window === window && inSlice(cell, slice),
    );
  const [events, personDays] = [holding(marks('events'), days), climbing(marks('person-days'), days)];
  return daysOf(days).map((day) => ({ day, events: events(day), personDays: personDays(day) }));
}

/** How many of the randomised can count on each day, and for how many of them the day is mature. */
export function maturityCurve(
  tallies: Tallies,
  measure: string,
  days: CurveDays,
  slice: Slice,
): { day: number; randomised: number; mature: number }[] {
  const counts = (kind: MarkKind) =>
    holding(
      daySums(tallies, (cell) => cell.measure === measure && cell.kind === kind && inSlice(cell, slice)),
      days,
    );
  const [randomised, mature] = [counts('randomised'), counts('mature')];
  return daysOf(days).map((day) => ({ day, randomised: randomised(day), mature: mature(day) }));
}

/** From the first to the last day of the calendar that anybody can count on; no days while nobody is randomised. */
export function calendarDays(tallies: Tallies, measure: string): CurveDays {
  const marks = daySums(
    tallies,
    (cell) => cell.measure === measure && cell.kind === 'mature' && cell.axis === 'calendar',
  );
  const days = [...marks.keys()];
  return days.length === 0 ? { from: 0, to: -1 } : { from: Math.min(...days), to: Math.max(...days) - 1 };
}

/** How many participants a measure counts at all: everybody randomised, or its population. */
export function randomisedIn(tallies: Tallies, measure: string, slice: Slice): number {
  return maturityCurve(tallies, measure, { from: 0, to: 0 }, slice)[0]?.randomised ?? 0;
}

/** Whether every study day up to the horizon is mature for everybody who was randomised: nothing of the measure can still change but by correction. */
export function isFinal(tallies: Tallies, measure: string, horizon: number): boolean {
  const curve = maturityCurve(tallies, measure, { from: 0, to: horizon }, everybody);
  return (
    curve.every(({ day, randomised, mature }) => day === 0 || randomised === mature) && (curve[0]?.randomised ?? 0) > 0
  );
}

function daysOf({ from, to }: CurveDays): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
