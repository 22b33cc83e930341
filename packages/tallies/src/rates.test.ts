import { exactPoissonRate, wilson } from '@holdfast/statistics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abstinenceRate, firstUseRate } from './rates.ts';

const count = fc.nat(100_000);

describe('the proportion abstinent', () => {
  test('is Wilson’s of the counts, whatever the day', () => {
    fc.assert(
      fc.property(count, count, fc.nat(4_000), (abstinent, others, day) => {
        const assessable = abstinent + others;
        fc.pre(assessable > 0);
        expect(abstinenceRate({ day, abstinent, assessable })).toEqual({
          ...wilson(abstinent, assessable),
          method: 'wilson',
        });
      }),
    );
  });

  test('of nobody assessable is undefined, not 0', () => {
    expect(abstinenceRate({ day: 28, abstinent: 0, assessable: 0 })).toEqual({
      rate: undefined,
      lower: undefined,
      upper: undefined,
      method: 'wilson',
    });
  });

  test('refuses counts that cannot be', () => {
    expect(() => abstinenceRate({ day: 28, abstinent: 2, assessable: 1 })).toThrow(RangeError);
    expect(() => abstinenceRate({ day: 28, abstinent: -1, assessable: 1 })).toThrow(RangeError);
  });

  test.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
  ])('%i of %i has the limits that any table gives', (abstinent, assessable, lower, upper) => {
    const rate = abstinenceRate({ day: 28, abstinent, assessable });
    expect(rate.rate).toBe(abstinent / assessable);
    expect(rate.lower).toBeCloseTo(lower, 4);
    expect(rate.upper).toBeCloseTo(upper, 4);
  });
});

describe('the rate of first use', () => {
  test('is the exact Poisson one of events per person-day', () => {
    fc.assert(
      fc.property(count, fc.integer({ min: 1, max: 10_000_000 }), (events, personDays) => {
        expect(firstUseRate({ day: 28, events, personDays })).toEqual({
          ...exactPoissonRate(events, personDays),
          method: 'exact-poisson',
        });
      }),
    );
  });

  test('of nobody at risk is undefined, not 0', () => {
    expect(firstUseRate({ day: 28, events: 0, personDays: 0 })).toEqual({
      rate: undefined,
      lower: undefined,
      upper: undefined,
      method: 'exact-poisson',
    });
  });

  test('without events has an upper limit all the same', () => {
    const { rate, lower, upper } = firstUseRate({ day: 28, events: 0, personDays: 100 });
    expect([rate, lower]).toEqual([0, 0]);
    expect(upper).toBeCloseTo(0.036889, 6);
  });
});
