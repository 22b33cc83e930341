import { type Cell, type CellTally, cellKey } from './cell.ts';

type Held = { readonly cell: Cell; readonly days: Map<number, number> };

/** Integers by cell and day. They add up: the sum of any shards' tallies is the tally of all their participants. */
export type Tallies = ReadonlyMap<string, Held>;

export const noTallies: Tallies = new Map();

/** The key alone, its fields in one order whoever wrote it: equal tallies are equal to the byte. */
function cellOf({ measure, kind, window, policy, item, of, axis, arm, site, group }: CellTally): Cell {
  return { measure, kind, window, policy, item, of, axis, arm, site, group };
}

/** The sum of tallies and cells (integers; a cell or a day may occur in any number of them). Neither argument is changed. */
export function addUp(tallies: Tallies, ...more: readonly Iterable<CellTally>[]): Tallies {
  const sum = new Map(tallies);
  const copied = new Set<string>();
  for (const cells of more) {
    for (const tally of cells) {
      const key = cellKey(tally);
      let held = sum.get(key);
      if (held === undefined || !copied.has(key)) {
        held = { cell: held?.cell ?? cellOf(tally), days: new Map(held?.days) };
        sum.set(key, held);
        copied.add(key);
      }
      for (let i = 0; i + 1 < tally.days.length; i += 2) addTo(held.days, tally.days[i] ?? 0, tally.days[i + 1] ?? 0);
      if (held.days.size === 0) sum.delete(key);
    }
  }
  return sum;
}

/** The sum of tallies (integers), as of shards: what is known of all their participants. None of them is changed. */
export function totalOf(parts: Iterable<Tallies>): Tallies {
  const total = new Map<string, Held>();
  for (const tallies of parts) {
    for (const [key, { cell, days }] of tallies) {
      const held = total.get(key);
      if (held === undefined) {
        total.set(key, { cell, days: new Map(days) });
        continue;
      }
      for (const [day, n] of days) addTo(held.days, day, n);
      if (held.days.size === 0) total.delete(key);
    }
  }
  return total;
}

/** A day on which nothing is left is none: equal tallies are equal. */
function addTo(days: Map<number, number>, day: number, n: number): void {
  const sum = (days.get(day) ?? 0) + n;
  if (sum === 0) days.delete(day);
  else days.set(day, sum);
}

/** The tallies as cells in a fixed order (by key, then day): equal tallies give equal cells, to the byte. */
export function cellsOf(tallies: Tallies): CellTally[] {
  return [...tallies.entries()]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, { cell, days }]) => ({ ...cell, days: [...days].sort(([a], [b]) => a - b).flat() }));
}

/** The cells that a question is about, summed over everything it does not name. */
export function daySums(tallies: Tallies, picked: (cell: Cell) => boolean): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { cell, days } of tallies.values()) {
    if (!picked(cell)) continue;
    for (const [day, n] of days) sums.set(day, (sums.get(day) ?? 0) + n);
  }
  return sums;
}
