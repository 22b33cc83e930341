import fc from 'fast-check';
import { expect, test } from 'vitest';
import { riskDifference } from './risk-difference.ts';
import { wilson } from './wilson.ts';

const proportion = fc
  .oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
  .chain((n) =>
    fc.record({
      events: fc.oneof(
        fc.constantFrom(0, n),
        fc.maxSafeNat().map((any) => any % (n + 1)),
      ),
      n: fc.constant(n),
    }),
  );
const confidence = fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true });

test('the limits lie in −1 … 1 and bracket the difference', () => {
  fc.assert(
    fc.property(proportion, proportion, confidence, (a, b, level) => {
      const { difference, lower, upper } = riskDifference(a, b, level) ?? expect.fail('no interval');
      expect(difference).toBe(a.events / a.n - b.events / b.n);
      expect(lower).toBeGreaterThanOrEqual(-1);
      expect(lower).toBeLessThanOrEqual(difference);
      expect(upper).toBeGreaterThanOrEqual(difference);
      expect(upper).toBeLessThanOrEqual(1);
    }),
  );
});

test('the difference taken the other way round is mirrored', () => {
  fc.assert(
    fc.property(proportion, proportion, confidence, (a, b, level) => {
      const [given, turned] = [riskDifference(a, b, level), riskDifference(b, a, level)];
      expect(0 - Number(turned?.difference)).toBe(given?.difference);
      expect(0 - Number(turned?.upper)).toBeCloseTo(Number(given?.lower), 14);
      expect(0 - Number(turned?.lower)).toBeCloseTo(Number(given?.upper), 14);
    }),
  );
});

test('against none in very many, the limits are those of Wilson', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (n, any) => {
      const events = any % (n + 1);
      const [difference, alone] = [riskDifference({ events, n }, { events: 0, n: 1e15 }), wilson(events, n)];
      expect(difference?.lower).toBeCloseTo(Number(alone?.lower), 7);
      expect(difference?.upper).toBeCloseTo(Number(alone?.upper), 12);
    }),
  );
});

test('more confidence never narrows the interval', () => {
  fc.assert(
    fc.property(proportion, proportion, confidence, confidence, (a, b, some, other) => {
      const less = riskDifference(a, b, Math.min(some, other));
      const more = riskDifference(a, b, Math.max(some, other));
      expect(Number(more?.lower)).toBeLessThanOrEqual(Number(less?.lower) + 1e-15);
      expect(Number(more?.upper)).toBeGreaterThanOrEqual(Number(less?.upper) - 1e-15);
    }),
  );
});

test('there is no difference from nobody', () => {
  expect(riskDifference({ events: 0, n: 0 }, { events: 3, n: 7 })).toBeUndefined();
  expect(riskDifference({ events: 3, n: 7 }, { events: 0, n: 0 })).toBeUndefined();
});

test.each([
  [{ events: 8, n: 7 }, 0.95],
  [{ events: -1, n: 7 }, 0.95],
  [{ events: 1, n: 2.5 }, 0.95],
  [{ events: 1, n: 2 }, 1],
])('%j at a confidence of %s is refused', (wrong, level) => {
  expect(() => riskDifference(wrong, { events: 0, n: 0 }, level)).toThrow(RangeError);
  expect(() => riskDifference({ events: 0, n: 0 }, wrong, level)).toThrow(RangeError);
});
