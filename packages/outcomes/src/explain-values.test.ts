import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decidingObservations } from './explain-values.ts';
import type { ValueFact } from './facts.ts';
import type { Effective } from './history/replacing.ts';

const score = (id: string, day: number, total: number): Effective => ({
  ...{ type: 'scale-score', day, source: '/trials/T/sites/S', id, recordedAt: day, sha256: id },
  data: { instrument: 'HAM-D', total },
});
const totalOf = (one: Effective) => (one.type === 'scale-score' ? (one.data.total ?? 0) : 0);

/** A measure of two values: the highest total, and the number of scores. */
const highest = (scores: readonly Effective[]): ValueFact[] => [
  ...(scores.length === 0
    ? []
    : [{ measure: 'm', kind: 'highest', day: 1, value: Math.max(...scores.map(totalOf)), of: 1 }]),
  { measure: 'm', kind: 'scores', day: 1, value: scores.length, of: 1 },
];

const deciding = (scores: readonly Effective[], kind: string) => {
  const of = decidingObservations(scores, (left) => highest(scores.filter((one) => one !== left)));
  const value = highest(scores).find((one) => one.kind === kind);
  return value === undefined ? [] : of(value).map(({ id }) => id);
};

describe('the observations that decide a value', () => {
  test('are those without which it would be another', () => {
    expect(deciding([score('a', 1, 7), score('b', 2, 19), score('c', 3, 11)], 'highest')).toEqual(['b']);
    expect(deciding([score('a', 1, 7)], 'highest')).toEqual(['a']);
  });

  test('are none where two say the same', () => {
    expect(deciding([score('a', 1, 19), score('b', 2, 19)], 'highest')).toEqual([]);
  });

  test('are all of what is counted; and the one highest, if there is but one', () => {
    const scores = fc
      .array(fc.integer({ min: 0, max: 52 }), { minLength: 1, maxLength: 12 })
      .map((totals) => totals.map((total, i) => score(`e${i}`, i, total)));
    fc.assert(
      fc.property(scores, (all) => {
        expect(deciding(all, 'scores')).toEqual(all.map(({ id }) => id));
        const top = Math.max(...all.map(totalOf));
        const atTop = all.filter((one) => totalOf(one) === top);
        expect(deciding(all, 'highest')).toEqual(atTop.length === 1 ? atTop.map(({ id }) => id) : []);
      }),
    );
  });
});
