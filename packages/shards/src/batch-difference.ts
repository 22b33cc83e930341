import { noDay, type TakeChange } from './changed-facts.ts';

/** What a cell gained or lost on a day (or of a value). */
export type ChangedDay = readonly [cell: number, day: number, n: number];

/**
 * What a batch changes in the tallies, added up as its participants change. A spell from a to b is +n at a and −n at b + 1, and a
 * curve is a running sum: there is no table of participant-days. A first event has a day alone, a value stands where its day would.
 */
export class BatchDifference {
  private readonly cells = new Map<number, Map<number, number>>();

  readonly add: TakeChange = (cell, from, to, n) => {
    let days = this.cells.get(cell);
    if (days === undefined) {
      days = new Map();
      this.cells.set(cell, days);
    }
    days.set(from, (days.get(from) ?? 0) + n);
    if (to !== noDay) days.set(to + 1, (days.get(to + 1) ?? 0) - n);
  };

  /** In order of cell and day; what cancelled out is left out. */
  changes(): ChangedDay[] {
    return [...this.cells]
      .sort(([a], [b]) => a - b)
      .flatMap(([cell, days]) =>
        [...days]
          .filter(([, n]) => n !== 0)
          .sort(([a], [b]) => a - b)
          .map(([day, n]): ChangedDay => [cell, day, n]),
      );
  }
}
