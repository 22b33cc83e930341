import type { RollingAbstinence } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import { abstinenceFold, type JudgedWindows, judgeWindows, type WindowStatus } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';

/** By study day 0 … lastDay, on how many of the days up to then (excluded ones aside) something holds. */
type RunningCounts = {
  readonly days: Uint16Array;
  readonly covered: Uint16Array;
  readonly confirmed: Uint16Array;
  readonly uses: Uint16Array;
  readonly touched: Uint16Array;
};

function runningCounts({ lastDay, evidence, lookBacks, excluded }: JudgedDays): RunningCounts {
  const { covering, confirming } = evidence;
  const zeros = () => new Uint16Array(Math.max(1, lastDay + 1));
  const [days, covered, confirmed, uses, touched] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  for (let day = 1; day <= lastDay; day += 1) {
    const counts = excluded[day] === 1 ? 0 : 1;
    const was = day - 1;
    days[day] = (days[was] ?? 0) + counts;
    covered[day] = (covered[was] ?? 0) + (covering[day] === nothing ? 0 : counts);
    confirmed[day] = (confirmed[was] ?? 0) + (confirming === undefined || confirming[day] === nothing ? 0 : counts);
    uses[day] = (uses[was] ?? 0) + (isUse(evidence, day) ? counts : 0);
    touched[day] = (touched[was] ?? 0) + (lookBacks?.touched[day] === 1 ? counts : 0);
  }
  return { days, covered, confirmed, uses, touched };
}

/** Judges the trailing window of each study day d = window … lastDay: first whether it is covered, whatever was found, then what was found. */
export function rollingWindows(
  { coverage, decisivePositive }: RollingAbstinence,
  window: number,
  days: JudgedDays,
  running: RunningCounts = runningCounts(days),
): JudgedWindows {
  const { lastDay, evidence, lookBacks } = days;
  const isConfirming = evidence.confirming !== undefined;
  let shownSince = 0;
  let seen = 0;
  return judgeWindows(window, { first: window, lastDay }, (day): WindowStatus => {
    const inWindow = (counts: Uint16Array) => (counts[day] ?? 0) - (counts[day - window] ?? 0);
    if (lookBacks !== undefined)
      for (; seen < day; seen += 1) shownSince = Math.max(shownSince, lookBacks.shownSince[seen + 1] ?? 0);
    const all = inWindow(running.days);
    if (all === 0) return 'outside';
    const withEvidence = inWindow(running.covered);
    const enough = coverage === 'all-days' ? withEvidence === all : withEvidence >= coverage.atLeast;
    const used = inWindow(running.uses) > 0 || shownSince > day - window;
    const covered = (enough && (!isConfirming || inWindow(running.confirmed) > 0)) || (decisivePositive && used);
    if (covered && used) return 'use';
    if (inWindow(running.touched) > 0) return 'unclear';
    return covered ? 'abstinent' : 'missing';
  });
}

/** Rolling abstinence: facts for each study day from a window's length to the horizon. */
export const rollingAbstinence = abstinenceFold<RollingAbstinence>((measure, days) => {
  const running = runningCounts(days);
  return measure.windows.map((window) => rollingWindows(measure, window, days, running));
});
