import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CellTally } from './cell.ts';
import { addUp, cellsOf, noTallies } from './tallies.ts';
import { type Claim, type Difference, decodeTallyRecord, encodeTallyRecord, inParts } from './tally-record.ts';

/** What a broker takes at most of one record, key and value. */
const largestRecord = 1_000_000;

const days = fc
  .uniqueArray(fc.nat(4_000), { maxLength: 40 })
  .chain((some) =>
    fc
      .array(fc.integer(), { minLength: some.length, maxLength: some.length })
      .map((ns) => some.flatMap((day, i) => [day, ns[i] ?? 0])),
  );

const cell: fc.Arbitrary<CellTally> = fc.record(
  {
    measure: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
    kind: fc.constantFrom('abstinent', 'person-days', 'event', 'mg', 'a "kind" of its own'),
    window: fc.nat(4_000),
    policy: fc.constantFrom('', 'missing-is-use'),
    item: fc.string({ unit: 'binary', maxLength: 20 }),
    of: fc.nat(4_000),
    axis: fc.constantFrom('study', 'calendar'),
    arm: fc.string({ unit: 'binary', maxLength: 20 }),
    site: fc.stringMatching(/^[A-Z]{2}-[0-9]{2}$/),
    group: fc.string({ unit: 'binary', maxLength: 40 }),
    days,
  },
  { noNullPrototype: true },
);

const whole = (cells: fc.Arbitrary<CellTally[]>): fc.Arbitrary<Claim | Difference> =>
  fc.record(
    {
      kind: fc.constantFrom('claim', 'difference'),
      owner: fc.uuid(),
      sequence: fc.nat(),
      offset: fc.maxSafeNat(),
      asOf: fc.constantFrom(null, '2026-03-02'),
      protocolVersion: fc.integer({ min: 1, max: 99 }),
      foldVersion: fc.integer({ min: 1, max: 99 }),
      chain: fc.constantFrom('', 'a'.repeat(64)),
      cells,
    },
    {
      requiredKeys: ['kind', 'owner', 'sequence', 'offset', 'asOf', 'protocolVersion', 'foldVersion', 'cells'],
      noNullPrototype: true,
    },
  );

/** A claim so large that it must travel in parts. */
function large(cells: number, numbers: number, arm: string): Claim {
  const day = (i: number) => 4_000 - (i % 4_000);
  return {
    kind: 'claim',
    owner: '01JD0000-0000-0000-0000-000000000000',
    sequence: 9_007_199_254_740_991,
    offset: 9_007_199_254_740_991,
    asOf: '2026-03-02',
    protocolVersion: 1,
    foldVersion: 1,
    chain: 'f'.repeat(64),
    cells: Array.from({ length: cells }, (_, n) => ({
      measure: `m${n}`.padEnd(64, '-'),
      kind: 'person-days',
      window: 4_000,
      policy: 'missing-is-use',
      item: '',
      of: 0,
      axis: 'study',
      arm,
      site: `S${n}`.padEnd(64, '_'),
      group: '',
      days: Array.from({ length: numbers / 2 }, (_, i) => [day(i), -123_456_789]).flat(),
    })),
  };
}

describe('a tally record', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(whole(fc.array(cell, { maxLength: 10 })), (said) => {
        for (const part of inParts(said)) expect(decodeTallyRecord(encodeTallyRecord(part))).toEqual(part);
      }),
    );
  });
});

describe('in parts', () => {
  test('no cell is lost, doubled or moved to another place, and each part knows which it is of how many', () => {
    fc.assert(
      fc.property(whole(fc.array(cell, { maxLength: 10 })), fc.nat(400), (said, copies) => {
        const many = { ...said, cells: Array.from({ length: 1 + copies }, () => said.cells).flat() };
        const parts = inParts(many);
        expect(parts.flatMap(({ cells }) => cells)).toEqual(many.cells);
        parts.forEach((part, index) => {
          const { cells: _, part: place, parts: count, ...rest } = part;
          const { cells: __, ...head } = said;
          expect([place, count]).toEqual([index, parts.length]);
          expect(rest).toEqual(head);
        });
      }),
      { numRuns: 50 },
    );
  });

  test('what has no cells is one part all the same: it moves the position', () => {
    fc.assert(
      fc.property(whole(fc.constant([])), (said) => {
        expect(inParts(said)).toEqual([{ ...said, part: 0, parts: 1 }]);
      }),
    );
  });

  test('a small one is one part', () => {
    expect(inParts(large(100, 100, 'saline'))).toHaveLength(1);
  });

  test.each([
    ['many cells of few numbers', 50_000, 2],
    ['a claim of 100,000 numbers', 200, 500],
    ['cells as long as a trial can make them', 13, 8_000],
    ['one cell of 100,000 numbers', 1, 100_000],
  ])('every part of %s is below what a broker takes, whatever the arms are called', (_, cells, numbers) => {
    for (const arm of [
      '',
      'Ketamine + therapy',
      'é'.repeat(120),
      '治'.repeat(120),
      '"'.repeat(120),
      '\u0001'.repeat(120),
    ]) {
      const said = large(cells, numbers, arm);
      const parts = inParts(said);
      const largest = Math.max(...parts.map((part) => encodeTallyRecord(part).length));
      expect(largest).toBeLessThan(largestRecord - 1_000);
      const [first] = said.cells;
      const numbersIn = parts.reduce((sum, part) => sum + part.cells.reduce((n, { days }) => n + days.length, 0), 0);
      expect(numbersIn).toBe(cells * (first?.days.length ?? 0));
    }
  });

  test('parts add up to the whole', () => {
    const said = large(40, 4_000, 'saline');
    expect(inParts(said).length).toBeGreaterThan(1);
    const merged = addUp(noTallies, ...inParts(said).map(({ cells }) => cells));
    expect(JSON.stringify(cellsOf(merged))).toBe(JSON.stringify(cellsOf(addUp(noTallies, said.cells))));
  });
});
