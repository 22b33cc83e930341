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
export function tallyDays(
  before: TalliedDays | undefined,
  now: DaysNow | undefined,
  take: TakeChange,
): TalliedDays | undefined {
  if (before !== undefined && now !== undefined && isSamePlace(before, now)) {
    markChanges(before.codes, now.days.codes, now, take);
    if (before.codes.length === now.days.codes.length) {
      before.codes.set(now.days.codes);
      return before;
    }
  } else {
    if (before !== undefined) markChanges(before.codes, none, before, take);
    if (now !== undefined) markChanges(none, now.days.codes, now, take);
  }
  return now && { codes: now.days.codes.slice(), cells: now.cells, dayZero: now.dayZero };
}

const isSamePlace = (a: PlaceOfDays, b: PlaceOfDays) => a.cells === b.cells && a.dayZero === b.dayZero;

const none = new Uint16Array(0);

function markChanges(
  before: CountedDays['codes'],
  now: CountedDays['codes'],
  { cells, dayZero }: PlaceOfDays,
  take: TakeChange,
): void {
  const end = Math.max(before.length, now.length);
  let [wasYesterday, isYesterday] = [0, 0];
  for (let day = 0; day <= end; day += 1) {
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
}
