import type { RollingAbstinence } from '@holdfast/events';
import { abstinenceFold, type WindowStatus, type Windows } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';
import { type RunningCounts, runningCounts } from './running-counts.ts';

/** Judges the trailing window of each study day from the window's length on: first whether it is covered, whatever was found, then what was found. */
export function rollingWindows(
  { coverage, decisivePositive }: RollingAbstinence,
  window: number,
  days: JudgedDays,
  running: RunningCounts = runningCounts(days),
): Windows {
  const { covered, confirmed, uses, touched, shownSince } = running;
  const atLeast = coverage === 'all-days' ? undefined : coverage.atLeast;
  const judge = (day: number): WindowStatus => {
    const before = day - window;
    const all = running.days === undefined ? window : within(running.days, day, before);
    if (all === 0) return 'outside';
    const isCovered =
      within(covered, day, before) >= (atLeast ?? all) &&
      (confirmed === undefined || within(confirmed, day, before) > 0);
    if (
      (isCovered || decisivePositive) &&
      (within(uses, day, before) > 0 || (shownSince !== undefined && (shownSince[day] ?? 0) > before))
    )
      return 'use';
    if (touched !== undefined && within(touched, day, before) > 0) return 'unclear';
    return isCovered ? 'abstinent' : 'missing';
  };
  return { window, first: window, judge };
}

/** On how many days after `before` and up to `day` it holds. */
function within(counts: Uint16Array, day: number, before: number): number {
  return (counts[day] ?? 0) - (counts[before] ?? 0);
}

/** Rolling abstinence: facts for each study day from a window's length to the horizon. */
export const rollingAbstinence = abstinenceFold<RollingAbstinence>((measure, told) => {
  const [days, running] = [told.days(measure), told.running(measure)];
  return measure.windows.map((window) => rollingWindows(measure, window, days, running));
});
