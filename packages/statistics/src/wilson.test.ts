import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wilson } from './wilson.ts';

const trials = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.maxSafeNat().filter((n) => n > 0),
);
const counts = trials.chain((n) =>
  fc.tuple(
    fc.oneof(
      fc.constantFrom(0, n),
      fc.maxSafeNat().map((x) => x % (n + 1)),
    ),
    fc.constant(n),
  ),
);
const confidence = fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true });

/** The interval of a test in which nobody is out of the question. */
function interval(successes: number, n: number, level?: number) {
  const result = wilson(successes, n, level);
  if (result === undefined) throw new Error('no interval');
  return result;
}

test('the limits lie in 0 … 1 and bracket the observed rate, whatever the counts', () => {
  fc.assert(
    fc.property(counts, confidence, ([x, n], level) => {
      const { rate, lower, upper } = interval(x, n, level);
      expect(rate).toBe(x / n);
      expect(lower).toBeGreaterThanOrEqual(0);
      expect(lower).toBeLessThanOrEqual(rate);
      expect(upper).toBeGreaterThanOrEqual(rate);
      expect(upper).toBeLessThanOrEqual(1);
    }),
  );
});

test('more confidence never narrows the interval', () => {
  fc.assert(
    fc.property(counts, confidence, confidence, ([x, n], a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      expect(interval(x, n, more).lower).toBeLessThanOrEqual(interval(x, n, less).lower);
      expect(interval(x, n, more).upper).toBeGreaterThanOrEqual(interval(x, n, less).upper);
    }),
  );
});

test('counting failures in place of successes mirrors the interval', () => {
  fc.assert(
    fc.property(counts, confidence, ([x, n], level) => {
      const [given, mirrored] = [interval(x, n, level), interval(n - x, n, level)];
      expect(Math.abs(given.lower - (1 - mirrored.upper))).toBeLessThan(1e-14);
      expect(Math.abs(given.upper - (1 - mirrored.lower))).toBeLessThan(1e-14);
    }),
  );
});

test('one more success raises both limits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(), confidence, (n, any, level) => {
      const x = any % n;
      expect(interval(x + 1, n, level).lower).toBeGreaterThan(interval(x, n, level).lower);
      expect(interval(x + 1, n, level).upper).toBeGreaterThan(interval(x, n, level).upper);
    }),
  );
});

test('each limit is the rate that the score test just does not reject', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(), (n, any) => {
      const x = any % (n + 1);
      const { rate, lower, upper } = interval(x, n);
      for (const p of [lower, upper].filter((limit) => limit > 0 && limit < 1)) {
        expect(Math.abs(rate - p) / Math.sqrt((p * (1 - p)) / n)).toBeCloseTo(1.95996398454005, 7);
      }
    }),
  );
});

test('a tiny rate keeps the digits of its lower limit', () => {
  // Roots of the score equation, mpmath 1.3.0 with 40 digits.
  const { lower, upper } = interval(1, 9e15);
  expect(lower / 1.96138394372392e-17).toBeCloseTo(1, 13);
  expect(upper / 6.29437140639886e-16).toBeCloseTo(1, 13);
});

test('no success, and nothing but successes, give limits of exactly 0 and exactly 1', () => {
  fc.assert(
    fc.property(trials, confidence, (n, level) => {
      expect(interval(0, n, level).lower).toBe(0);
      expect(interval(n, n, level).upper).toBe(1);
    }),
  );
});

test('of nobody there is no rate', () => {
  expect(wilson(0, 0)).toBeUndefined();
});

test.each([
  [-1, 10, 0.95],
  [11, 10, 0.95],
  [1, 0, 0.95],
  [0.5, 10, 0.95],
  [Number.NaN, 10, 0.95],
  [1, 2 ** 53, 0.95],
  [1, Number.POSITIVE_INFINITY, 0.95],
  [1, 10, 0],
  [1, 10, 1],
  [1, 10, 95],
  [1, 10, Number.NaN],
])('wilson(%s, %s, %s) is refused', (x, n, level) => {
  expect(() => wilson(x, n, level)).toThrow(RangeError);
});
