import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactPoissonRate } from './exact-poisson-rate.ts';

const events = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 200_000 }), fc.maxSafeNat());
const personTime = fc.double({ min: 1e-3, max: 1e12, noNaN: true });
const confidence = fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true });

/** The interval of a test in which there is person-time. */
function interval(count: number, time: number, level?: number) {
  const result = exactPoissonRate(count, time, level);
  if (result === undefined) throw new Error('no interval');
  return result;
}

test('the limits are not negative and bracket the observed rate, whatever the counts', () => {
  fc.assert(
    fc.property(events, personTime, confidence, (count, time, level) => {
      const { rate, lower, upper } = interval(count, time, level);
      expect(rate).toBe(count / time);
      expect(lower).toBeGreaterThanOrEqual(0);
      expect(lower).toBeLessThanOrEqual(rate);
      expect(upper).toBeGreaterThanOrEqual(rate);
      expect(upper).toBeLessThan(Number.POSITIVE_INFINITY);
    }),
  );
});

test('more confidence never narrows the interval', () => {
  fc.assert(
    fc.property(events, confidence, confidence, (count, a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      const slack = 1 + 1e-10; // rounding, when the two confidences are next to equal
      expect(interval(count, 1, more).lower).toBeLessThanOrEqual(interval(count, 1, less).lower * slack);
      expect(interval(count, 1, more).upper * slack).toBeGreaterThanOrEqual(interval(count, 1, less).upper);
    }),
  );
});

test('one more event raises both limits, also where the method changes', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 99_990, max: 100_010 })),
      confidence,
      (count, level) => {
        expect(interval(count + 1, 1, level).lower).toBeGreaterThan(interval(count, 1, level).lower);
        expect(interval(count + 1, 1, level).upper).toBeGreaterThan(interval(count, 1, level).upper);
      },
    ),
  );
});

test('a rate per week is seven times the rate per day', () => {
  fc.assert(
    fc.property(events, personTime, (count, days) => {
      const [perDay, perWeek] = [interval(count, days), interval(count, days / 7)];
      for (const part of ['rate', 'lower', 'upper'] as const) {
        expect(Math.abs(perWeek[part] - 7 * perDay[part])).toBeLessThanOrEqual(perWeek[part] * 1e-14);
      }
    }),
  );
});

test('at each limit the observed count or a more extreme one has exactly the tail probability', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 120 }),
      fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
      (count, level) => {
        const { lower, upper } = interval(count, 1, level);
        const tail = (1 - level) / 2;
        expect((1 - probabilityUpTo(count - 1, lower)) / tail).toBeCloseTo(1, 8);
        expect(probabilityUpTo(count, upper) / tail).toBeCloseTo(1, 8);
      },
    ),
  );
});

/** P(X ≤ count) of a Poisson variable, by its definition. */
function probabilityUpTo(count: number, mean: number): number {
  let [term, sum] = [Math.exp(-mean), Math.exp(-mean)];
  for (let i = 1; i <= count; i++) {
    term *= mean / i;
    sum += term;
  }
  return sum;
}

// Roots of the regularised incomplete gamma functions, mpmath 1.3.0 with 40 digits.
test.each<[number, number, number, number]>([
  [1, 0.5, 0.287682072451781, 2.6926345288897],
  [1, 0.95, 0.0253178079842899, 5.5716433909389],
  [1, 0.999, 0.000500125041682298, 9.9986774976238],
  [2, 0.95, 0.242209278543965, 7.22468766772396],
  [15, 0.95, 8.39538613278331, 24.7402188714858],
  [16, 0.5, 13.1520533191796, 19.5703894893002],
  [16, 0.95, 9.14538245364152, 25.982997597561],
  [16, 0.999, 5.98971258345305, 33.9017275590175],
  [40, 0.95, 28.576586441789, 54.4686469639841],
  [171, 0.95, 146.330033847979, 198.638346202495],
  [500, 0.95, 457.128576899629, 545.809268565171],
  [999, 0.95, 938.004018561768, 1062.92115122489],
  [1001, 0.5, 979.482302587409, 1023.16501033437],
  [1001, 0.95, 939.942033752441, 1064.98310533185],
  [1001, 0.999, 900.156674372624, 1109.44600495139],
  [2000, 0.95, 1913.29870962563, 2089.61743944583],
  [20000, 0.95, 19723.7676006071, 20279.1336279264],
  [99999, 0.95, 99380.1557627304, 100620.741640774],
  [100000, 0.95, 99381.1526637447, 100621.744739744],
  [1000000, 0.95, 998040.983340294, 1001961.91194543],
])('%s events at a confidence of %s', (count, level, lower, upper) => {
  const actual = interval(count, 1, level);
  expect(Math.abs(actual.lower / lower - 1)).toBeLessThan(1e-13);
  expect(Math.abs(actual.upper / upper - 1)).toBeLessThan(1e-13);
});

test('with no event the lower limit is exactly 0 and the upper one is −ln of the tail', () => {
  expect(interval(0, 2)).toEqual({ rate: 0, lower: 0, upper: -Math.log((1 - 0.95) / 2) / 2 });
});

test('nobody at risk for any time has no rate', () => {
  expect(exactPoissonRate(0, 0)).toBeUndefined();
  expect(exactPoissonRate(3, 0)).toBeUndefined();
});

test.each([
  [-1, 10, 0.95],
  [0.5, 10, 0.95],
  [Number.NaN, 10, 0.95],
  [1, -1, 0.95],
  [1, Number.NaN, 0.95],
  [1, Number.POSITIVE_INFINITY, 0.95],
  [1, 10, 0],
  [1, 10, 1],
  [1, 0, 95],
])('exactPoissonRate(%s, %s, %s) is refused', (count, time, level) => {
  expect(() => exactPoissonRate(count, time, level)).toThrow(RangeError);
});
