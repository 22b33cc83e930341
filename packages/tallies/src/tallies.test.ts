import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CellTally, cellKey, type EndKind, groupsIn, groupsText, type MarkKind } from './cell.ts';
import { addUp, cellsOf, daySums, noTallies, type Tallies, totalOf } from './tallies.ts';

const kinds: (MarkKind | EndKind)[] = [
  'abstinent',
  'assessable',
  'events',
  'person-days',
  'mature',
  'randomised',
  'event',
  'censored',
  'competing',
];

/** Few keys and days, small numbers of either sign: much meets, much cancels out. `days` in any order, a day more than once. */
const cell: fc.Arbitrary<CellTally> = fc.record(
  {
    measure: fc.constantFrom('a', 'b'),
    kind: fc.constantFrom(...kinds.slice(0, 2)),
    window: fc.constantFrom(0, 7),
    policy: fc.constantFrom('', 'observed-only'),
    item: fc.constantFrom('', '1-28'),
    of: fc.constantFrom(0, 1, 168),
    axis: fc.constantFrom('study', 'calendar'),
    arm: fc.constantFrom('', 'saline', 'A","b'),
    site: fc.constantFrom('S1', 'S2'),
    group: fc.constantFrom('', '[["stratum","mild"]]'),
    days: fc
      .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -3, max: 3 })), { maxLength: 6 })
      .map((pairs) => pairs.flat()),
  },
  { noNullPrototype: true },
);
const cells = fc.array(cell, { maxLength: 12 });

/** What a list of cells says, counted the plain way: each integer by its whole key. */
function counted(list: readonly CellTally[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const one of list) {
    for (let i = 0; i < one.days.length; i += 2) {
      const key = `${cellKey(one)} ${one.days[i]}`;
      sums.set(key, (sums.get(key) ?? 0) + (one.days[i + 1] ?? 0));
    }
  }
  for (const [key, n] of sums) if (n === 0) sums.delete(key);
  return sums;
}
const sorted = (sums: Map<string, number>) => [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
const says = (tallies: Tallies) => sorted(counted(cellsOf(tallies)));
const sum = (...lists: readonly CellTally[][]) => addUp(noTallies, ...lists);

describe('tallies add up', () => {
  test('to the sum of every integer, by cell and day; zeros are not kept', () => {
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 4 }), (lists) => {
        expect(says(sum(...lists))).toEqual(sorted(counted(lists.flat())));
        for (const { days } of cellsOf(sum(...lists))) {
          expect(days.length).toBeGreaterThan(0);
          expect(days.filter((_, index) => index % 2 === 1)).not.toContain(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('to the same whether they are of one shard or the total of several, which stay as they are', () => {
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 4 }), (lists) => {
        const shards = lists.map((list) => sum(list));
        const before = shards.map(cellsOf);
        expect(cellsOf(totalOf(shards))).toEqual(cellsOf(sum(...lists)));
        expect(shards.map(cellsOf)).toEqual(before);
      }),
    );
  });

  test('in any order', () => {
    fc.assert(
      fc.property(
        cells.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(cellsOf(sum(shuffled))).toEqual(cellsOf(sum(list)));
        },
      ),
    );
  });

  test('to the same bytes, in whatever order the fields were written', () => {
    const backwards = (one: CellTally) => Object.fromEntries(Object.entries(one).reverse()) as CellTally;
    fc.assert(
      fc.property(cells, (list) => {
        expect(JSON.stringify(cellsOf(sum(list.map(backwards))))).toBe(JSON.stringify(cellsOf(sum(list))));
      }),
    );
  });

  test('in any grouping', () => {
    fc.assert(
      fc.property(cells, cells, cells, (a, b, c) => {
        const left = addUp(sum(a, b), c);
        const right = addUp(sum(a), cellsOf(sum(b, c)));
        expect(cellsOf(left)).toEqual(cellsOf(right));
        expect(cellsOf(left)).toEqual(cellsOf(sum(a, b, c)));
      }),
    );
  });

  test('however a multiset of cells is split over shards, empty ones included', () => {
    fc.assert(
      fc.property(
        cells.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.integer({ min: 1, max: 6 }),
            fc.array(fc.nat(5), { minLength: list.length, maxLength: list.length }),
          ),
        ),
        ([list, shards, places]) => {
          const shard = (n: number) => list.filter((_, index) => (places[index] ?? 0) % shards === n);
          const held = Array.from({ length: shards }, (_, n) => sum(shard(n)));
          const merged = addUp(noTallies, ...held.map(cellsOf));
          expect(cellsOf(merged)).toEqual(cellsOf(sum(list)));
        },
      ),
    );
  });

  test('and nothing added changes nothing', () => {
    fc.assert(
      fc.property(cells, (list) => {
        const tallies = sum(list);
        for (const same of [
          addUp(tallies),
          addUp(tallies, []),
          addUp(tallies, cellsOf(noTallies)),
          addUp(noTallies, cellsOf(tallies)),
        ]) {
          expect(cellsOf(same)).toEqual(cellsOf(tallies));
        }
      }),
    );
  });

  test('and what is taken away again is gone without a trace', () => {
    fc.assert(
      fc.property(cells, cells, (list, more) => {
        const opposite = more.map((one) => ({ ...one, days: one.days.map((n, index) => (index % 2 === 1 ? -n : n)) }));
        expect(cellsOf(addUp(sum(list), more, opposite))).toEqual(cellsOf(sum(list)));
        expect(addUp(sum(more), opposite).size).toBe(0);
      }),
    );
  });

  test('without changing what was added', () => {
    fc.assert(
      fc.property(cells, cells, (list, more) => {
        const tallies = sum(list);
        const before = JSON.stringify([cellsOf(tallies), list, more]);
        addUp(addUp(tallies, more), more, cellsOf(tallies));
        expect(JSON.stringify([cellsOf(tallies), list, more])).toBe(before);
        expect(noTallies.size).toBe(0);
      }),
    );
  });

  test('exactly, far beyond what a trial can hold', () => {
    const big = (n: number): CellTally => ({
      measure: 'm',
      kind: 'person-days',
      window: 7,
      policy: '',
      item: '',
      of: 0,
      axis: 'study',
      arm: '',
      site: 'S',
      group: '',
      days: [1, n],
    });
    expect(cellsOf(sum([big(2 ** 52), big(2 ** 52 - 1)]))[0]?.days).toEqual([1, 2 ** 53 - 1]);
  });
});

describe('cells of tallies', () => {
  test('are canonical: equal tallies give equal cells to the byte, in order of key, then of day', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        expect(JSON.stringify(cellsOf(sum(a, b)))).toBe(JSON.stringify(cellsOf(sum(b, a))));
        const list = cellsOf(sum(a, b));
        expect(list.map(cellKey)).toEqual([...new Set(list.map(cellKey))].sort());
        for (const { days } of list) {
          const only = days.filter((_, index) => index % 2 === 0);
          expect(only).toEqual([...new Set(only)].sort((x, y) => x - y));
        }
      }),
    );
  });

  test('carry their whole key, and no two keys are one', () => {
    fc.assert(
      fc.property(cell, cell, (a, b) => {
        const { days: _a, ...keyA } = a;
        const { days: _b, ...keyB } = b;
        expect(cellKey(a) === cellKey(b)).toBe(JSON.stringify(keyA) === JSON.stringify(keyB));
        const [only] = cellsOf(sum([{ ...a, days: [1, 1] }]));
        expect(only).toEqual({ ...a, days: [1, 1] });
      }),
    );
  });
});

test('the sums of a question are over everything that it does not name', () => {
  fc.assert(
    fc.property(cells, fc.constantFrom('S1', 'S2'), (list, site) => {
      const asked = daySums(sum(list), (one) => one.site === site);
      for (let day = 0; day <= 5; day += 1) {
        const plain = list
          .filter((one) => one.site === site)
          .flatMap(({ days }) => days.filter((_, index) => index % 2 === 1 && days[index - 1] === day))
          .reduce((a, b) => a + b, 0);
        expect(asked.get(day) ?? 0).toBe(plain);
      }
    }),
  );
});

describe('groups as a text', () => {
  const groups = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true, maxKeys: 5 });

  test('say the same again, whatever the names and the order', () => {
    fc.assert(
      fc.property(groups, (given) => {
        const backwards = Object.fromEntries(Object.entries(given).reverse());
        expect(groupsIn(groupsText(given))).toEqual(given);
        expect(groupsText(backwards)).toBe(groupsText(given));
      }),
    );
  });

  test('are no text where there are none', () => {
    expect(groupsText({})).toBe('');
    expect(groupsIn('')).toEqual({});
  });
});
