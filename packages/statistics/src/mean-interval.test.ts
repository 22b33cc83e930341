import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summaryOf } from './distribution.ts';
import { meanInterval } from './mean-interval.ts';

const summaryOfValues = (values: readonly number[]) => summaryOf(values.map((value) => ({ value, of: 2, count: 1 })));
const arbValues = fc.array(fc.integer({ min: -10_000, max: 10_000 }), { minLength: 2, maxLength: 40 });

describe('the interval of a mean', () => {
  test('is what R’s t.test says', () => {
    const summary = summaryOfValues([2, 4, 8, 14, 22, 1]);
    const [of95, of90] = [meanInterval(summary), meanInterval(summary, 0.9)];
    expect(of95?.lower).toBeCloseTo(-0.0225049812557888, 10);
    expect(of95?.upper).toBeCloseTo(8.5225049812557891, 10);
    expect(of90?.lower).toBeCloseTo(0.900834416868276, 10);
    expect(of90?.upper).toBeCloseTo(7.599165583131724, 10);
  });

  test('lies around the mean, and is wider the surer it is to be', () => {
    fc.assert(
      fc.property(arbValues, (values) => {
        const summary = summaryOfValues(values);
        const [wide, narrow] = [meanInterval(summary, 0.99), meanInterval(summary, 0.8)];
        if (summary.sd === 0) {
          expect([wide, narrow]).toEqual([undefined, undefined]);
          return;
        }
        const { mean = Number.NaN } = summary;
        expect(mean - (narrow?.lower ?? Number.NaN)).toBeCloseTo((narrow?.upper ?? Number.NaN) - mean, 6);
        expect(wide?.lower).toBeLessThan(narrow?.lower ?? Number.NaN);
        expect(wide?.upper).toBeGreaterThan(narrow?.upper ?? Number.NaN);
      }),
    );
  });

  test('moves and grows with the values', () => {
    fc.assert(
      fc.property(arbValues, fc.integer({ min: -1000, max: 1000 }), (values, by) => {
        const interval = meanInterval(summaryOfValues(values));
        const moved = meanInterval(summaryOfValues(values.map((value) => value * 3 + 2 * by)));
        if (interval === undefined) {
          expect(moved).toBeUndefined();
          return;
        }
        expect(moved?.lower).toBeCloseTo(interval.lower * 3 + by, 6);
        expect(moved?.upper).toBeCloseTo(interval.upper * 3 + by, 6);
      }),
    );
  });

  test('is there of nobody, of one, and of equals not at all; what cannot be is refused', () => {
    expect(meanInterval(summaryOfValues([]))).toBeUndefined();
    expect(meanInterval(summaryOfValues([5]))).toBeUndefined();
    expect(meanInterval(summaryOfValues([5, 5, 5]))).toBeUndefined();
    expect(() => meanInterval({ n: -1, mean: 1, sd: 1 })).toThrow(RangeError);
    expect(() => meanInterval({ n: 2, mean: 1, sd: -1 })).toThrow(RangeError);
    expect(() => meanInterval({ n: 1, mean: 1, sd: undefined }, 1)).toThrow(RangeError);
  });
});
