import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedFacts, FactWriter, type FlatFacts, noDay, noFacts } from './changed-facts.ts';

type FactsByCell = ReadonlyMap<number, readonly number[]>;

const writer = new FactWriter();
function flatFacts(byCell: FactsByCell, before: FlatFacts = noFacts): FlatFacts {
  for (const [cell, facts] of byCell) {
    writer.begin(cell);
    for (let at = 0; at < facts.length; at += 3) writer.put(facts[at] ?? 0, facts[at + 1] ?? 0, facts[at + 2] ?? 0);
  }
  return writer.done(before);
}

const arbFact = fc.tuple(
  fc.integer({ min: 0, max: 4 }),
  fc.oneof(fc.integer({ min: 4, max: 6 }), fc.constant(noDay)),
  fc.integer({ min: 1, max: 2 }),
);
const arbFacts = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 5 }), fc.array(arbFact, { maxLength: 5 })), {
    selector: ([cell]) => cell,
  })
  .map((cells) => new Map(cells.map(([cell, facts]) => [cell, facts.flat()])));

/** How often each fact holds, by cell, first and last day. */
function counts(byCell: FactsByCell): Map<string, number> {
  const all = new Map<string, number>();
  for (const [cell, facts] of byCell) {
    for (let i = 0; i < facts.length; i += 3) {
      const key = JSON.stringify([cell, facts[i], facts[i + 1]]);
      all.set(key, (all.get(key) ?? 0) + (facts[i + 2] ?? 0));
    }
  }
  return all;
}

test('what changed makes the facts before into the facts now, and of equal facts nothing changed', () => {
  fc.assert(
    fc.property(arbFacts, arbFacts, (before, now) => {
      const sum = counts(before);
      changedFacts(flatFacts(before), flatFacts(now), (cell, from, to, n) => {
        const key = JSON.stringify([cell, from, to]);
        sum.set(key, (sum.get(key) ?? 0) + n);
      });
      const held = (all: Map<string, number>) => [...all].filter(([, n]) => n !== 0).sort();
      expect(held(sum)).toEqual(held(counts(now)));
      const flat = flatFacts(now);
      changedFacts(flat, flatFacts(now), () => expect.unreachable());
      expect(flatFacts(now, flat)).toBe(flat);
    }),
    { numRuns: 2_000 },
  );
});

test('of a run that grew by a day only its old and its new end change', () => {
  const before = new Map([[7, [1, 3, 1, 8, 9, 1, 20, 30, 1]]]);
  const now = new Map([[7, [1, 3, 1, 8, 10, 1, 20, 30, 1]]]);
  const changes: number[][] = [];
  changedFacts(flatFacts(before), flatFacts(now), (...change) => changes.push(change));
  expect(changes).toEqual([
    [7, 8, 9, -1],
    [7, 8, 10, 1],
  ]);
});
