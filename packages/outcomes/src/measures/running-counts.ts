import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { JudgedDays } from './participant-days.ts';

/** By study day 0 … lastDay, on how many of the days up to then (excluded ones aside) something holds. */
export type RunningCounts = {
  readonly days: Uint16Array;
  readonly covered: Uint16Array;
  readonly confirmed: Uint16Array;
  readonly uses: Uint16Array;
  readonly touched: Uint16Array;
};

/** Counts once what every window of every measure that looks at the same days is judged by. */
export function runningCounts({ lastDay, evidence, lookBacks, excluded }: JudgedDays): RunningCounts {
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
