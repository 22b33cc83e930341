import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FourCells, factorialEffects, type Moments } from './factorial.ts';
import type { Difference, Proportion } from './interval.ts';
import { riskDifference } from './risk-difference.ts';

const proportion = fc
  .tuple(fc.nat({ max: 90 }), fc.nat({ max: 90 }))
  .filter(([events, others]) => events + others > 0)
  .map(([events, others]): Proportion => ({ events, n: events + others }));
const moments = fc.record<Moments>({
  n: fc.integer({ min: 2, max: 500 }),
  mean: fc.double({ min: -100, max: 100, noNaN: true }),
  sd: fc.double({ min: 0.1, max: 50, noNaN: true }),
});
const four = <Cell>(cell: fc.Arbitrary<Cell>): fc.Arbitrary<FourCells<Cell>> =>
  fc.record({ neither: cell, onlyFirst: cell, onlySecond: cell, both: cell });
const cells = fc.oneof(four(proportion), four(moments));

const differenceOf = (effect: Difference | undefined) => effect?.difference ?? Number.NaN;
const widthOf = (effect: Difference | undefined) =>
  effect?.upper === undefined ? Number.NaN : effect.upper - effect.lower;

test('a main effect is the average of the simple effects, the interaction their difference, the same for both factors', () => {
  fc.assert(
    fc.property(cells, (given) => {
      const { first, second, interaction } = factorialEffects(given);
      const [a0, a1] = [differenceOf(first.withoutSecond), differenceOf(first.withSecond)];
      const [b0, b1] = [differenceOf(second.withoutFirst), differenceOf(second.withFirst)];
      expect(differenceOf(first.main)).toBeCloseTo((a0 + a1) / 2, 10);
      expect(differenceOf(second.main)).toBeCloseTo((b0 + b1) / 2, 10);
      expect(differenceOf(interaction)).toBeCloseTo(a1 - a0, 10);
      expect(differenceOf(interaction)).toBeCloseTo(b1 - b0, 10);
    }),
  );
});

test('the interval of the interaction is twice as wide as that of a main effect', () => {
  fc.assert(
    fc.property(four(moments), (given) => {
      const { first, second, interaction } = factorialEffects(given);
      expect(2 * widthOf(first.main)).toBeCloseTo(widthOf(interaction), 10);
      expect(2 * widthOf(second.main)).toBeCloseTo(widthOf(interaction), 10);
    }),
  );
});

test('effects of proportions have limits whatever the cells show; a simple effect has Newcombe’s', () => {
  fc.assert(
    fc.property(four(proportion), fc.constantFrom(0.8, 0.95, 0.99), (given, confidence) => {
      const { neither, onlyFirst, onlySecond, both } = given;
      const { first, second, interaction } = factorialEffects(given, confidence);
      expect(first.withoutSecond).toEqual(riskDifference(onlyFirst, neither, confidence));
      expect(first.withSecond).toEqual(riskDifference(both, onlySecond, confidence));
      expect(second.withoutFirst).toEqual(riskDifference(onlySecond, neither, confidence));
      expect(second.withFirst).toEqual(riskDifference(both, onlyFirst, confidence));
      for (const [effect, furthest] of [
        [first.main, 1],
        [second.main, 1],
        [interaction, 2],
      ] as const) {
        const { difference, lower, upper } = effect ?? expect.fail('no effect');
        expect(lower).toBeLessThan(difference);
        expect(upper).toBeGreaterThan(difference);
        expect(lower).toBeGreaterThanOrEqual(-furthest - 1e-12);
        expect(upper).toBeLessThanOrEqual(furthest + 1e-12);
      }
    }),
  );
});

test('taking abstinence for use mirrors the effects of proportions, and their limits', () => {
  fc.assert(
    fc.property(four(proportion), (given) => {
      const turned = ({ events, n }: Proportion): Proportion => ({ events: n - events, n });
      const mirrored = factorialEffects({
        neither: turned(given.neither),
        onlyFirst: turned(given.onlyFirst),
        onlySecond: turned(given.onlySecond),
        both: turned(given.both),
      });
      const { first, interaction } = factorialEffects(given);
      for (const [one, other] of [
        [first.main, mirrored.first.main],
        [interaction, mirrored.interaction],
      ]) {
        expect(other?.lower).toBeCloseTo(-Number(one?.upper), 12);
        expect(other?.upper).toBeCloseTo(-Number(one?.lower), 12);
      }
    }),
  );
});

// By hand: with z² = 3.841459, Wilson’s limits of 0/8 are 0 and z²/(8 + z²) = 0.324408, those of 8/8 8/(8 + z²) = 0.675592 and 1.
test('where nobody or everybody of a cell is abstinent, the limits are those worked out by hand', () => {
  const [none, all] = [
    { events: 0, n: 8 },
    { events: 8, n: 8 },
  ];
  const reach = 3.8414588206941245 / (8 + 3.8414588206941245);
  const { first, second, interaction } = factorialEffects({
    neither: none,
    onlyFirst: all,
    onlySecond: none,
    both: all,
  });
  expect(first.main).toMatchObject({ difference: 1, upper: 1 });
  expect(first.main?.lower).toBeCloseTo(1 - reach, 12); // ½ · √(4 · reach²)
  expect(second.main?.difference).toBe(0);
  expect(second.main?.lower).toBeCloseTo(-reach / Math.SQRT2, 12); // ½ · √(2 · reach²): onlyFirst and both can only be lower, and so on
  expect(second.main?.upper).toBeCloseTo(reach / Math.SQRT2, 12);
  expect(interaction?.lower).toBeCloseTo(-reach * Math.SQRT2, 12);
  expect(interaction?.upper).toBeCloseTo(reach * Math.SQRT2, 12);
});

test('with four cells alike, a main effect is as exact as one comparison of two halves: √½ of a simple effect', () => {
  fc.assert(
    fc.property(moments, (cell) => {
      const { first, interaction } = factorialEffects({ neither: cell, onlyFirst: cell, onlySecond: cell, both: cell });
      expect(differenceOf(first.main)).toBe(0);
      expect(widthOf(first.main) / widthOf(first.withSecond)).toBeCloseTo(Math.SQRT1_2, 12);
      expect(widthOf(interaction) / widthOf(first.main)).toBeCloseTo(2, 12);
    }),
  );
});

test('exchanging the factors exchanges their effects', () => {
  fc.assert(
    fc.property(four(proportion), (given) => {
      const { first, second, interaction } = factorialEffects(given);
      const turned = factorialEffects({ ...given, onlyFirst: given.onlySecond, onlySecond: given.onlyFirst });
      expect(turned.first.withoutSecond).toEqual(second.withoutFirst);
      expect(turned.second.withFirst).toEqual(first.withSecond);
      expect(differenceOf(turned.first.main)).toBeCloseTo(differenceOf(second.main), 12);
      expect(differenceOf(turned.interaction)).toBeCloseTo(differenceOf(interaction), 12);
    }),
  );
});

test('of many participants, effects of proportions have the limits of means of ones and zeros', () => {
  fc.assert(
    fc.property(four(fc.integer({ min: 20, max: 80 })), ({ neither, onlyFirst, onlySecond, both }) => {
      const n = 100_000_000;
      const of = <Cell>(cell: (percent: number) => Cell): FourCells<Cell> => ({
        neither: cell(neither),
        onlyFirst: cell(onlyFirst),
        onlySecond: cell(onlySecond),
        both: cell(both),
      });
      const asProportions = factorialEffects(of((percent) => ({ events: percent * 1_000_000, n })));
      const asMeans = factorialEffects(
        of((percent) => ({ n, mean: percent / 100, sd: Math.sqrt(percent * (100 - percent)) / 100 })),
      );
      for (const effect of ['first', 'second'] as const) {
        expect(asProportions[effect].main?.lower).toBeCloseTo(Number(asMeans[effect].main?.lower), 7);
        expect(asProportions[effect].main?.upper).toBeCloseTo(Number(asMeans[effect].main?.upper), 7);
      }
      expect(asProportions.interaction?.lower).toBeCloseTo(Number(asMeans.interaction?.lower), 7);
      expect(asProportions.interaction?.upper).toBeCloseTo(Number(asMeans.interaction?.upper), 7);
    }),
  );
});

test('without anybody in a cell, only the effects that need it are undefined', () => {
  const some = { events: 4, n: 9 };
  const effects = factorialEffects({ neither: some, onlyFirst: some, onlySecond: some, both: { events: 0, n: 0 } });
  expect(effects).toMatchObject({
    first: { withoutSecond: { difference: 0 }, withSecond: undefined, main: undefined },
    second: { withoutFirst: { difference: 0 }, withFirst: undefined, main: undefined },
    interaction: undefined,
  });
});

test('means without variance, or with an unknown one, have a difference without limits', () => {
  const alike = { n: 8, mean: 3, sd: 0 };
  const [one, more] = [
    { n: 1, mean: 3, sd: undefined },
    { n: 10, mean: 5, sd: 2 },
  ];
  const { first } = factorialEffects({ neither: more, onlyFirst: one, onlySecond: more, both: more });
  expect(first.withoutSecond).toEqual({ difference: -2, lower: undefined, upper: undefined });
  expect(first.withSecond?.lower).toBeCloseTo(-1.959963984540054 * Math.sqrt(0.8), 12);
  expect(first.main).toEqual({ difference: -1, lower: undefined, upper: undefined });
  const unvaried = factorialEffects({ neither: alike, onlyFirst: more, onlySecond: more, both: more });
  expect(unvaried.interaction).toEqual({ difference: -2, lower: undefined, upper: undefined });
});

test.each<[string, Proportion | Moments]>([
  ['more events than participants', { events: 5, n: 4 }],
  ['half a participant', { events: 0, n: 0.5 }],
  ['a mean that is no number', { n: 4, mean: Number.NaN, sd: 1 }],
  ['a negative deviation', { n: 4, mean: 1, sd: -1 }],
  ['a negative number of participants', { n: -1, mean: undefined, sd: undefined }],
])('%s is refused', (_, cell) => {
  const given = { neither: cell, onlyFirst: cell, onlySecond: cell, both: cell };
  expect(() => factorialEffects(given as FourCells<Moments>)).toThrow(RangeError);
});

test('a confidence out of range is refused', () => {
  const cell = { events: 1, n: 2 };
  const given = { neither: cell, onlyFirst: cell, onlySecond: cell, both: cell };
  expect(() => factorialEffects(given, 95)).toThrow(RangeError);
});
