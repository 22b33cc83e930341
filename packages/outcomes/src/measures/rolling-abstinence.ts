import type { RollingAbstinence } from '@holdfast/events';
import { abstinenceFold, type JudgedWindows, judgeWindows, type WindowStatus } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';
import { type RunningCounts, runningCounts } from './running-counts.ts';

/** Judges the trailing window of each study day d = window … lastDay: first whether it is covered, whatever was found, then what was found. */
export function rollingWindows(
  { coverage, decisivePositive }: RollingAbstinence,
  window: number,
  days: JudgedDays,
  running: RunningCounts = runningCounts(days),
): JudgedWindows {
  const { lastDay, evidence, lookBacks } = days;
  const isConfirming = evidence.confirming !== undefined;
  const atLeast = coverage === 'all-days' ? undefined : coverage.atLeast;
  let shownSince = 0;
  let seen = 0;
  return judgeWindows(window, { first: window, lastDay }, (day): WindowStatus => {
    const before = day - window;
    if (lookBacks !== undefined)
      for (; seen < day; seen += 1) shownSince = Math.max(shownSince, lookBacks.shownSince[seen + 1] ?? 0);
    const all = within(running.days, day, before);
    if (all === 0) return 'outside';
    const withEvidence = within(running.covered, day, before);
    const used = within(running.uses, day, before) > 0 || shownSince > before;
    let covered = atLeast === undefined ? withEvidence === all : withEvidence >= atLeast;
    if (covered && isConfirming) covered = within(running.confirmed, day, before) > 0;
    if (used && (covered || decisivePositive)) return 'use';
    if (within(running.touched, day, before) > 0) return 'unclear';
    return covered ? 'abstinent' : 'missing';
  });
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
