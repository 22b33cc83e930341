import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { JudgedDays } from './participant-days.ts';

/** By study day 0 … lastDay, on how many of the days up to then (excluded ones aside) something holds. */
export type RunningCounts = {
  /** Days that count at all; undefined where no day is excluded. */
  readonly days: Uint16Array | undefined;
  readonly covered: Uint16Array;
  /** Undefined under rules that ask for no confirmation. */
  readonly confirmed: Uint16Array | undefined;
  readonly uses: Uint16Array;
  /** Undefined where no positive biomarker looks back; so is the next. */
  readonly touched: Uint16Array | undefined;
  /** Of the positives sampled up to then that show use while at risk, the latest first day; 0: there is none. */
  readonly shownSince: Uint16Array | undefined;
};

/** Counts once what every window of every measure that looks at the same days is judged by. */
export function runningCounts({ lastDay, evidence, lookBacks, excluded }: JudgedDays): RunningCounts {
  const { covering, confirming } = evidence;
  const isAnyOut = excluded.includes(1);
  const count = (holds: (day: number) => boolean): Uint16Array => {
    const counts = new Uint16Array(Math.max(1, lastDay + 1));
    let sum = 0;
    for (let day = 1; day <= lastDay; day += 1) {
      if (holds(day) && (!isAnyOut || excluded[day] !== 1)) sum += 1;
      counts[day] = sum;
    }
    return counts;
  };
  return {
    days: isAnyOut ? count(() => true) : undefined,
    covered: count((day) => covering[day] !== nothing),
    confirmed: confirming && count((day) => confirming[day] !== nothing),
    uses: count((day) => isUse(evidence, day)),
    touched: lookBacks && count((day) => lookBacks.touched[day] === 1),
    shownSince: lookBacks && greatest(lookBacks.shownSince),
  };
}

/** The greatest number up to each day. */
function greatest(numbers: Uint16Array): Uint16Array {
  let most = 0;
  return numbers.map((number) => {
    most = Math.max(most, number);
    return most;
  });
}
