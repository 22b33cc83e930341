import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summaryOf } from './distribution.ts';
import { type FourCells, factorialEffects, type Moments } from './factorial.ts';
import type { Difference, Proportion } from './interval.ts';

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
  effect?.upper === undefined ? undefined : effect.upper - effect.lower;

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
    fc.property(cells, (given) => {
      const { first, second, interaction } = factorialEffects(given);
      const width = widthOf(interaction);
      if (width === undefined) {
        expect([widthOf(first.main), widthOf(second.main)]).toEqual([undefined, undefined]);
        return;
      }
      expect(2 * Number(widthOf(first.main))).toBeCloseTo(width, 10);
      expect(2 * Number(widthOf(second.main))).toBeCloseTo(width, 10);
    }),
  );
});

test('with four cells alike, a main effect is as exact as one comparison of two halves: √½ of a simple effect', () => {
  fc.assert(
    fc.property(moments, (cell) => {
      const { first, interaction } = factorialEffects({ neither: cell, onlyFirst: cell, onlySecond: cell, both: cell });
      expect(differenceOf(first.main)).toBe(0);
      expect(Number(widthOf(first.main)) / Number(widthOf(first.withSecond))).toBeCloseTo(Math.SQRT1_2, 12);
      expect(Number(widthOf(interaction)) / Number(widthOf(first.main))).toBeCloseTo(2, 12);
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

test('a proportion is the mean of ones and zeros, but for n − 1 in the variance', () => {
  fc.assert(
    fc.property(four(proportion.filter(({ n }) => n > 1)), ({ neither, onlyFirst, onlySecond, both }) => {
      const asMoments = ({ events, n }: Proportion): Moments => {
        const { mean, sd } = summaryOf([
          { value: 1, of: 1, count: events },
          { value: 0, of: 1, count: n - events },
        ]);
        return { n, mean, sd: Number(sd) * Math.sqrt((n - 1) / n) };
      };
      const asMeans = factorialEffects({
        neither: asMoments(neither),
        onlyFirst: asMoments(onlyFirst),
        onlySecond: asMoments(onlySecond),
        both: asMoments(both),
      });
      const { interaction } = factorialEffects({ neither, onlyFirst, onlySecond, both });
      expect(asMeans.interaction?.difference).toBeCloseTo(differenceOf(interaction), 12);
      if (interaction?.lower === undefined) {
        expect(asMeans.interaction?.lower).toBeUndefined();
        return;
      }
      expect(asMeans.interaction?.lower).toBeCloseTo(interaction.lower, 12);
      expect(asMeans.interaction?.upper).toBeCloseTo(interaction.upper, 12);
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

test('no variance, or an unknown one, gives a difference without limits', () => {
  const [none, all] = [
    { events: 0, n: 8 },
    { events: 8, n: 8 },
  ];
  expect(factorialEffects({ neither: none, onlyFirst: all, onlySecond: none, both: none }).interaction).toEqual({
    difference: -1,
    lower: undefined,
    upper: undefined,
  });
  const [one, more] = [
    { n: 1, mean: 3, sd: undefined },
    { n: 10, mean: 5, sd: 2 },
  ];
  const { first } = factorialEffects({ neither: more, onlyFirst: one, onlySecond: more, both: more });
  expect(first.withoutSecond).toEqual({ difference: -2, lower: undefined, upper: undefined });
  expect(first.withSecond?.lower).toBeCloseTo(-1.959963984540054 * Math.sqrt(0.8), 12);
  expect(first.main).toEqual({ difference: -1, lower: undefined, upper: undefined });
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
