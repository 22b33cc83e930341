/**
 * What a measure says of a participant as numbers, for as long as it is remembered: of each cell its number, how many facts follow, and
 * these: of each fact its first day (or its value), its last day or `noDay`, and how much it adds. No cell stands twice.
 */
export type FlatFacts = Int32Array;

/** Stands for the last day of what has none, among integers. */
export const noDay = -(2 ** 31);

export const noFacts: FlatFacts = new Int32Array(0);

const perFact = 3;

/** Gathers facts cell by cell. One is used over and over: what it gathers is compared far more often than it is kept. */
export class FactWriter {
  private flat = new Int32Array(1_024);
  private length = 0;
  private header = 0;

  /** Begins a cell; facts that follow are its own. */
  begin(cell: number): void {
    this.grow(2);
    this.header = this.length;
    this.flat[this.length] = cell;
    this.flat[this.length + 1] = 0;
    this.length += 2;
  }

  put(from: number, to: number, n: number): void {
    this.grow(perFact);
    const { flat, length } = this;
    flat[length] = from;
    flat[length + 1] = to;
    flat[length + 2] = n;
    this.length += perFact;
    flat[this.header + 1] = (flat[this.header + 1] ?? 0) + 1;
  }

  /** What was gathered, and begins again: `before` itself if that is what it is. */
  done(before: FlatFacts): FlatFacts {
    const { flat, length } = this;
    this.length = 0;
    let same = before.length === length;
    for (let at = 0; same && at < length; at += 1) same = flat[at] === before[at];
    return same ? before : flat.slice(0, length);
  }

  private grow(by: number): void {
    if (this.length + by <= this.flat.length) return;
    const larger = new Int32Array(2 * this.flat.length);
    larger.set(this.flat);
    this.flat = larger;
  }
}

/** Takes a fact that came (`n` as it adds) or went (`n` taken back). */
export type TakeChange = (cell: number, from: number, to: number, n: number) => void;

/**
 * What makes the facts before into the facts now. Most of them are the same, and the same in order: only what differs between the
 * common beginning and the common end of a cell's facts is taken back and put anew.
 */
export function changedFacts(before: FlatFacts, now: FlatFacts, take: TakeChange): void {
  let [was, is] = [0, 0];
  // The same measure mostly has the same cells, in the same order.
  while (was < before.length && is < now.length && before[was] === now[is]) {
    changeCell(before, was, now, is, take);
    was = after(before, was);
    is = after(now, is);
  }
  if (was === before.length && is === now.length) return;
  const starts = new Map<number, number>();
  for (; was < before.length; was = after(before, was)) starts.set(before[was] ?? 0, was);
  for (; is < now.length; is = after(now, is)) {
    const cell = now[is] ?? 0;
    changeCell(before, starts.get(cell), now, is, take);
    starts.delete(cell);
  }
  for (const start of starts.values()) changeCell(before, start, now, undefined, take);
}

/** Where the cell after the one at `at` begins. */
function after(flat: FlatFacts, at: number): number {
  return at + 2 + perFact * (flat[at + 1] ?? 0);
}

function changeCell(
  before: FlatFacts,
  was: number | undefined,
  now: FlatFacts,
  is: number | undefined,
  take: TakeChange,
): void {
  const cell = (was === undefined ? now[is ?? 0] : before[was]) ?? 0;
  let [a, endA] = was === undefined ? [0, 0] : [was + 2, after(before, was)];
  let [b, endB] = is === undefined ? [0, 0] : [is + 2, after(now, is)];
  while (a < endA && b < endB && isSame(before, a, now, b)) {
    a += perFact;
    b += perFact;
  }
  while (endA > a && endB > b && isSame(before, endA - perFact, now, endB - perFact)) {
    endA -= perFact;
    endB -= perFact;
  }
  for (; a < endA; a += perFact) take(cell, before[a] ?? 0, before[a + 1] ?? noDay, -(before[a + 2] ?? 0));
  for (; b < endB; b += perFact) take(cell, now[b] ?? 0, now[b + 1] ?? noDay, now[b + 2] ?? 0);
}

function isSame(before: FlatFacts, a: number, now: FlatFacts, b: number): boolean {
  return before[a] === now[b] && before[a + 1] === now[b + 1] && before[a + 2] === now[b + 2];
}
