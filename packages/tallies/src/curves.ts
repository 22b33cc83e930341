import type { Cell } from './cell.ts';
import { daySums, type Tallies } from './tallies.ts';

/** A part of a trial: an arm, a site, both, or neither. What is undefined is summed over. */
export type Slice = { readonly arm: string | undefined; readonly site: string | undefined };

/** Proportion of the assessable who are abstinent on a study day, as counts. */
export type AbstinenceDay = { readonly day: number; readonly abstinent: number; readonly assessable: number };

/** First uses and days at risk within the trailing window of a study day, as counts. */
export type FirstUseDay = { readonly day: number; readonly events: number; readonly personDays: number };

/** Whether a cell belongs to a part of the trial. */
export function inSlice(cell: Cell, slice: Slice): boolean {
  return (slice.arm === undefined || cell.arm === slice.arm) && (slice.site === undefined || cell.site === slice.site);
}

/** The running sum of spell marks: how many participants a spell holds of on each study day 0 … lastDay. */
function holding(marks: ReadonlyMap<number, number>, lastDay: number): number[] {
  const counts: number[] = [];
  let sum = 0;
  for (let day = 0; day <= lastDay; day += 1) {
    sum += marks.get(day) ?? 0;
    counts.push(sum);
  }
  return counts;
}

/**
 * Rolling abstinence by study day, from the window's length to the horizon (days): the numerator and the denominator of
 * a window and missing-data policy. Days with nobody assessable are there, with zeros.
 */
export function abstinenceCurve(
  tallies: Tallies,
  { measure, window, policy, horizon }: { measure: string; window: number; policy: string; horizon: number },
  slice: Slice,
): AbstinenceDay[] {
  const counts = (kind: 'abstinent' | 'assessable') =>
    holding(
      daySums(
        tallies,
        (cell) =>
          cell.measure === measure &&
          cell.kind === kind &&
          cell.window === window &&
          cell.policy === policy &&
          inSlice(cell, slice),
      ),
      horizon,
    );
  const [abstinent, assessable] = [counts('abstinent'), counts('assessable')];
  return studyDays(window, horizon).map((day) => ({
    day,
    abstinent: abstinent[day] ?? 0,
    assessable: assessable[day] ?? 0,
  }));
}

/** First uses and person-days (days) in the trailing window of each study day from the window's length to the horizon. */
export function firstUseCurve(
  tallies: Tallies,
  { measure, window, horizon }: { measure: string; window: number; horizon: number },
  slice: Slice,
): FirstUseDay[] {
  const counts = (kind: 'events' | 'person-days') =>
    holding(
      daySums(
        tallies,
        (cell) => cell.measure === measure && cell.kind === kind && cell.window === window && inSlice(cell, slice),
      ),
      horizon,
    );
  const [events, personDays] = [counts('events'), counts('person-days')];
  return studyDays(window, horizon).map((day) => ({ day, events: events[day] ?? 0, personDays: personDays[day] ?? 0 }));
}

/** How many of the randomised can count on each study day 0 … horizon, and for how many of them the day is mature. */
export function maturityCurve(
  tallies: Tallies,
  { measure, horizon }: { measure: string; horizon: number },
  slice: Slice,
): { day: number; randomised: number; mature: number }[] {
  const counts = (kind: 'randomised' | 'mature') =>
    holding(
      daySums(tallies, (cell) => cell.measure === measure && cell.kind === kind && inSlice(cell, slice)),
      horizon,
    );
  const [randomised, mature] = [counts('randomised'), counts('mature')];
  return studyDays(0, horizon).map((day) => ({ day, randomised: randomised[day] ?? 0, mature: mature[day] ?? 0 }));
}

/** Whether every study day up to the horizon is mature for everybody who was randomised: nothing of the measure can still change but by correction. */
export function isFinal(tallies: Tallies, measure: string, horizon: number): boolean {
  const curve = maturityCurve(tallies, { measure, horizon }, { arm: undefined, site: undefined });
  return (
    curve.every(({ day, randomised, mature }) => day === 0 || randomised === mature) && (curve[0]?.randomised ?? 0) > 0
  );
}

function studyDays(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
