/** A participant's facts as numbers, by cell: of each fact its first day (or its value), its last day or `noDay`, and how much it adds. */
export type FactsByCell = ReadonlyMap<number, readonly number[]>;

/** The same in one array, for as long as they are remembered: cell, number of facts, then the facts. */
export type FlatFacts = Int32Array;

/** Stands for the last day of what has none, among integers. */
export const noDay = -(2 ** 31);

export const noFacts: FlatFacts = new Int32Array(0);

const perFact = 3;

export function flatFacts(byCell: FactsByCell): FlatFacts {
  let size = 0;
  for (const facts of byCell.values()) size += 2 + facts.length;
  const flat = new Int32Array(size);
  let at = 0;
  for (const [cell, facts] of byCell) {
    flat[at] = cell;
    flat[at + 1] = facts.length / perFact;
    flat.set(facts, at + 2);
    at += 2 + facts.length;
  }
  return flat;
}

/** Takes a fact that came (`n` as it adds) or went (`n` taken back). */
export type TakeChange = (cell: number, from: number, to: number, n: number) => void;

/**
 * What makes the facts before into the facts now. Most of them are the same, and the same in order: only what differs between the
 * common beginning and the common end of a cell's facts is taken back and put anew.
 */
export function changedFacts(before: FlatFacts, now: FlatFacts, take: TakeChange): void {
  const starts = new Map<number, number>();
  for (let at = 0; at < before.length; at += 2 + perFact * (before[at + 1] ?? 0)) starts.set(before[at] ?? 0, at);
  for (let at = 0; at < now.length; at += 2 + perFact * (now[at + 1] ?? 0)) {
    const cell = now[at] ?? 0;
    const was = starts.get(cell);
    starts.delete(cell);
    changeCell(cell, part(before, was), part(now, at), take);
  }
  for (const [cell, was] of starts) changeCell(cell, part(before, was), noFacts, take);
}

function part(flat: FlatFacts, at: number | undefined): FlatFacts {
  return at === undefined ? noFacts : flat.subarray(at + 2, at + 2 + perFact * (flat[at + 1] ?? 0));
}

function changeCell(cell: number, before: FlatFacts, now: FlatFacts, take: TakeChange): void {
  const same = (i: number, j: number) =>
    before[i] === now[j] && before[i + 1] === now[j + 1] && before[i + 2] === now[j + 2];
  let start = 0;
  while (start < before.length && start < now.length && same(start, start)) start += perFact;
  let [endBefore, endNow] = [before.length, now.length];
  while (endBefore > start && endNow > start && same(endBefore - perFact, endNow - perFact)) {
    endBefore -= perFact;
    endNow -= perFact;
  }
  for (let i = start; i < endBefore; i += perFact)
    take(cell, before[i] ?? 0, before[i + 1] ?? noDay, -(before[i + 2] ?? 0));
  for (let i = start; i < endNow; i += perFact) take(cell, now[i] ?? 0, now[i + 1] ?? noDay, now[i + 2] ?? 0);
}
