import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import { passingCounts } from '../passing-days.ts';
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
  const size = Math.max(1, lastDay + 1);
  const days = excluded.includes(1) ? passingCounts(size) : undefined;
  const covered = passingCounts(size);
  const confirmed = confirming && passingCounts(size);
  const uses = passingCounts(size);
  const touched = lookBacks && passingCounts(size);
  let [all, coveredSoFar, confirmedSoFar, usesSoFar, touchedSoFar] = [0, 0, 0, 0, 0];
  for (let day = 1; day <= lastDay; day += 1) {
    if (days === undefined || excluded[day] !== 1) {
      all += 1;
      if (covering[day] !== nothing) coveredSoFar += 1;
      if (confirming !== undefined && confirming[day] !== nothing) confirmedSoFar += 1;
      if (isUse(evidence, day)) usesSoFar += 1;
      if (lookBacks !== undefined && lookBacks.touched[day] === 1) touchedSoFar += 1;
    }
    covered[day] = coveredSoFar;
    uses[day] = usesSoFar;
    if (days !== undefined) days[day] = all;
    if (confirmed !== undefined) confirmed[day] = confirmedSoFar;
    if (touched !== undefined) touched[day] = touchedSoFar;
  }
  return { days, covered, confirmed, uses, touched, shownSince: lookBacks && greatest(lookBacks.shownSince) };
}

/** The greatest number up to each day. */
function greatest(numbers: Uint16Array): Uint16Array {
  let most = 0;
  return numbers.map((number) => {
    most = Math.max(most, number);
    return most;
  });
}
