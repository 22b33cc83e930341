import { exactPoissonRate, wilson } from '@holdfast/statistics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abstinenceRate, eventRate } from './rates.ts';

const count = fc.nat(100_000);

describe('the proportion abstinent', () => {
  test('is Wilson’s of the counts', () => {
    fc.assert(
      fc.property(count, count, (abstinent, others) => {
        const assessable = abstinent + others;
        fc.pre(assessable > 0);
        expect(abstinenceRate({ abstinent, assessable })).toEqual({
          ...wilson(abstinent, assessable),
          method: 'wilson',
        });
      }),
    );
  });

  test('of nobody assessable is undefined, not 0', () => {
    expect(abstinenceRate({ abstinent: 0, assessable: 0 })).toEqual({
      rate: undefined,
      lower: undefined,
      upper: undefined,
      method: 'wilson',
    });
  });

  test('refuses counts that cannot be', () => {
    expect(() => abstinenceRate({ abstinent: 2, assessable: 1 })).toThrow(RangeError);
    expect(() => abstinenceRate({ abstinent: -1, assessable: 1 })).toThrow(RangeError);
  });

  test.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
  ])('%i of %i has the limits that any table gives', (abstinent, assessable, lower, upper) => {
    const rate = abstinenceRate({ abstinent, assessable });
    expect(rate.rate).toBe(abstinent / assessable);
    expect(rate.lower).toBeCloseTo(lower, 4);
    expect(rate.upper).toBeCloseTo(upper, 4);
  });
});

describe('the rate of first events', () => {
  test('is the exact Poisson one of events per person-day', () => {
    fc.assert(
      fc.property(count, fc.integer({ min: 1, max: 10_000_000 }), (events, personDays) => {
        expect(eventRate({ events, personDays })).toEqual({
          ...exactPoissonRate(events, personDays),
          method: 'exact-poisson',
        });
      }),
    );
  });

  test('of nobody at risk is undefined, not 0', () => {
    expect(eventRate({ events: 0, personDays: 0 })).toEqual({
      rate: undefined,
      lower: undefined,
      upper: undefined,
      method: 'exact-poisson',
    });
  });

  test('without events has an upper limit all the same', () => {
    const { rate, lower, upper } = eventRate({ events: 0, personDays: 100 });
    expect([rate, lower]).toEqual([0, 0]);
    expect(upper).toBeCloseTo(0.036889, 6);
  });
});
