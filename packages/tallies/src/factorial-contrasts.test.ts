import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FactorialCell, factorialContrasts } from './factorial-contrasts.ts';

const proportion: fc.Arbitrary<FactorialCell> = fc
  .tuple(fc.nat(30), fc.integer({ min: 1, max: 30 }))
  .map(([events, more]) => ({ events, n: events + more }));
const distributed: fc.Arbitrary<FactorialCell> = fc
  .array(
    fc.record({
      value: fc.integer({ min: -50, max: 50 }),
      of: fc.constantFrom(1, 7),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((valued) => ({ valued }));
const four = (cell: fc.Arbitrary<FactorialCell>) =>
  fc.record({ neither: cell, onlyFirst: cell, onlySecond: cell, both: cell }, { noNullPrototype: true });
const cells = fc.oneof(four(proportion), four(distributed));

const number = ({ value }: { readonly value: number | undefined }) => value ?? Number.NaN;

describe('contrasts of a 2 × 2 trial', () => {
  test('add up: effects are differences of cells, main effects their averages, the interaction their difference', () => {
    fc.assert(
      fc.property(cells, (of) => {
        const { cells: shown, first, second, interaction } = factorialContrasts(of);
        const [neither, onlyFirst, onlySecond, both] = [
          shown.neither,
          shown.onlyFirst,
          shown.onlySecond,
          shown.both,
        ].map(number);
        const [o = 0, a = 0, b = 0, ab = 0] = [neither, onlyFirst, onlySecond, both];
        expect(number(first.without)).toBeCloseTo(a - o, 9);
        expect(number(first.with)).toBeCloseTo(ab - b, 9);
        expect(number(second.without)).toBeCloseTo(b - o, 9);
        expect(number(second.with)).toBeCloseTo(ab - a, 9);
        expect(number(first.main)).toBeCloseTo((a - o + ab - b) / 2, 9);
        expect(number(second.main)).toBeCloseTo((b - o + ab - a) / 2, 9);
        expect(number(interaction)).toBeCloseTo(ab - b - (a - o), 9);
      }),
    );
  });

  test('with the factors exchanged are the same, exchanged', () => {
    fc.assert(
      fc.property(cells, (of) => {
        const one = factorialContrasts(of);
        const other = factorialContrasts({ ...of, onlyFirst: of.onlySecond, onlySecond: of.onlyFirst });
        for (const [name, mirrored] of [
          ['first', 'second'],
          ['second', 'first'],
        ] as const) {
          expect(number(other[name].main)).toBeCloseTo(number(one[mirrored].main), 12);
          expect(other[name].without).toEqual(one[mirrored].without);
          expect(other.margins[name].with.n).toBe(one.margins[mirrored].with.n);
          expect(number(other.margins[name].with)).toBeCloseTo(number(one.margins[mirrored].with), 12);
        }
        expect(number(other.interaction)).toBeCloseTo(number(one.interaction), 12);
      }),
    );
  });

  test('margins take participants together, and every participant is in one margin of each factor', () => {
    fc.assert(
      fc.property(cells, (of) => {
        const { cells: shown, margins } = factorialContrasts(of);
        const n = shown.neither.n + shown.onlyFirst.n + shown.onlySecond.n + shown.both.n;
        for (const { without, with: level } of [margins.first, margins.second]) expect(without.n + level.n).toBe(n);
        const { onlyFirst, both } = shown;
        const pooled = (number(onlyFirst) * onlyFirst.n + number(both) * both.n) / (onlyFirst.n + both.n);
        expect(number(margins.first.with)).toBeCloseTo(pooled, 9);
      }),
    );
  });

  test('without anybody in a cell, what needs the cell is not known, and nothing else', () => {
    const some = { events: 2, n: 5 };
    const of = factorialContrasts({ neither: some, onlyFirst: some, onlySecond: some, both: { events: 0, n: 0 } });
    expect(of.first.without.value).toBe(0);
    for (const { value } of [of.cells.both, of.first.with, of.first.main, of.second.with, of.interaction])
      expect(value).toBeUndefined();
    expect(of.margins.first.with).toMatchObject({ n: 5, value: 0.4 });
  });

  test('have limits also where nobody or everybody of a cell is abstinent, and say how they were made', () => {
    const [none, all, some] = [
      { events: 0, n: 8 },
      { events: 8, n: 8 },
      { events: 3, n: 8 },
    ];
    const of = factorialContrasts({ neither: none, onlyFirst: some, onlySecond: none, both: all });
    for (const { lower, value, upper, method } of [of.first.main, of.second.main, of.interaction]) {
      expect(method).toBe('mover');
      expect(lower).toBeLessThan(number({ value }));
      expect(upper).toBeGreaterThan(number({ value }));
    }
    const values = { valued: [0, 7].map((value) => ({ value, of: 7, count: 3 })) };
    const ofValues = factorialContrasts({ neither: values, onlyFirst: values, onlySecond: values, both: values });
    expect([ofValues.first.main.method, ofValues.interaction.method]).toEqual(['wald', 'wald']);
  });

  test('proportions and values do not go together', () => {
    const [some, values] = [{ events: 2, n: 5 }, { valued: [{ value: 1, of: 1, count: 2 }] }];
    expect(() => factorialContrasts({ neither: some, onlyFirst: some, onlySecond: some, both: values })).toThrow(
      RangeError,
    );
    expect(() => factorialContrasts({ neither: values, onlyFirst: some, onlySecond: some, both: some })).toThrow(
      RangeError,
    );
  });
});
