import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valueSummary } from './value-summary.ts';

const yesAndNo = (yes: number, no: number) => [
  { value: 1, of: 1, count: yes },
  { value: 0, of: 1, count: no },
];

describe('a summary of values', () => {
  test('of yes and no has the proportion of yes for its mean, with Wilson’s interval', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (yes, no) => {
        const n = yes + no;
        const { mean, sum, lower, upper, method, ...rest } = valueSummary(yesAndNo(yes, no), true);
        expect([rest.n, sum, method]).toEqual([n, yes, 'wilson']);
        if (n === 0) {
          expect([mean, lower, upper]).toEqual([undefined, undefined, undefined]);
          return;
        }
        expect(mean).toBeCloseTo(yes / n, 12);
        // The limits are the proportions that lie 1.96 standard errors of their own from what was seen (Wilson, 1927).
        for (const limit of [lower, upper]) {
          const p = limit ?? Number.NaN;
          expect((yes / n - p) ** 2).toBeCloseTo((1.959963984540054 ** 2 * p * (1 - p)) / n, 9);
        }
      }),
    );
  });

  test('of all else has a mean with Student’s interval: none of one participant, or of equals', () => {
    const of = valueSummary(
      [
        { value: 1, of: 4, count: 1 },
        { value: 3, of: 4, count: 1 },
      ],
      false,
    );
    expect(of).toMatchObject({ n: 2, mean: 0.5, method: 't' });
    expect(of.lower).toBeCloseTo(0.5 - 12.706204736432095 * 0.25, 9);
    for (const valued of [[{ value: 3, of: 1, count: 1 }], [{ value: 3, of: 1, count: 5 }]])
      expect(valueSummary(valued, false)).toMatchObject({ mean: 3, lower: undefined, upper: undefined });
  });

  test('does not take a number for yes or no', () => {
    expect(() => valueSummary([{ value: 3, of: 1, count: 1 }], true)).toThrow(RangeError);
  });
});
