import type { CountedDays } from '@holdfast/outcomes';
import { noDay, type TakeChange } from './changed-facts.ts';

/** Where days are tallied: the cell of each bit of their codes, and the day of the tallies that study day 0 is. */
export type PlaceOfDays = { readonly cells: readonly number[]; readonly dayZero: number };

/** What days count as now; whoever counts them goes on writing into the same codes. */
export type DaysNow = PlaceOfDays & { readonly days: CountedDays };

/** What days count as in the tallies. */
export type TalliedDays = PlaceOfDays & { readonly codes: CountedDays['codes'] };

/**
 * Takes what makes the days before into the days now: marks where something begins or ends to hold that did not, or does no more. Where
 * the cells are others, as when an arm is corrected, all of the days before is taken back. Answers what is tallied then.
 */
export function tallyDays(before: TalliedDays | undefined, now: DaysNow, take: TakeChange): TalliedDays {
  const { days, cells, dayZero } = now;
  if (before !== undefined && before.cells === cells && before.dayZero === dayZero) {
    const changed = markChanges(before.codes, days.codes, days.from, before, take);
    if (before.codes.length === days.codes.length) {
      if (changed < days.codes.length) before.codes.set(days.codes.subarray(changed), changed);
      return before;
    }
  } else {
    if (before !== undefined) takeBackDays(before, take);
    markChanges(none, days.codes, 0, now, take);
  }
  return { codes: days.codes.slice(), cells, dayZero };
}

/** Takes back all that days count as in the tallies. */
export function takeBackDays(before: TalliedDays, take: TakeChange): void {
  markChanges(before.codes, none, 0, before, take);
}

const none = new Uint16Array(0);

/** Marks what changes from a day on; the days before it are the same. Answers the first day that may have changed. */
function markChanges(
  before: CountedDays['codes'],
  now: CountedDays['codes'],
  from: number,
  { cells, dayZero }: PlaceOfDays,
  take: TakeChange,
): number {
  const end = Math.max(before.length, now.length);
  const both = Math.min(before.length, now.length);
  let day = from;
  while (day < both && before[day] === now[day]) day += 1;
  const first = day;
  let [wasYesterday, isYesterday] = day === 0 ? [0, 0] : [before[day - 1] ?? 0, now[day - 1] ?? 0];
  for (; day <= end; day += 1) {
    const was = before[day] ?? 0;
    const is = now[day] ?? 0;
    if (was !== is || wasYesterday !== isYesterday) {
      for (let bits = was | is | wasYesterday | isYesterday, bit = 0; bits !== 0; bits >>>= 1, bit += 1) {
        if ((bits & 1) === 0) continue;
        const n = ((is >>> bit) & 1) - ((isYesterday >>> bit) & 1) - ((was >>> bit) & 1) + ((wasYesterday >>> bit) & 1);
        if (n !== 0) take(cells[bit] ?? 0, dayZero + day, noDay, n);
      }
    }
    wasYesterday = was;
    isYesterday = is;
  }
  return first;
}
