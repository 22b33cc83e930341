import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EndedOnDay, kaplanMeier } from './kaplan-meier.ts';
import { survivalDifference } from './survival-difference.ts';

const ended = fc.array(fc.record({ events: fc.nat(5), competing: fc.nat(2), censored: fc.nat(5) }), { minLength: 1 });
const curve = fc.tuple(ended, fc.nat(30)).map(([days, stay]) => {
  const counts = days.map((one, day): EndedOnDay => ({ ...one, day }));
  const all = counts.reduce((sum, one) => sum + one.events + one.competing + one.censored, stay);
  const last = kaplanMeier(all, counts).at(-1);
  if (last === undefined) throw new Error('no day');
  return last;
});

test('is what the curves say, turned round it is the same with other signs, and its limits lie about it', () => {
  fc.assert(
    fc.property(curve, curve, (a, b) => {
      const [one, other] = [survivalDifference(a, b), survivalDifference(b, a)];
      if (a.survival === undefined || b.survival === undefined) {
        expect(one).toBeUndefined();
        return;
      }
      expect(one?.difference).toBeCloseTo(a.survival - b.survival, 12);
      expect(other?.difference).toBeCloseTo(-(one?.difference ?? 0), 12);
      expect(one?.lower === undefined).toBe(a.lower === undefined || b.lower === undefined);
      if (one?.lower === undefined) return;
      expect(other?.upper).toBeCloseTo(-one.lower, 12);
      expect(one.lower).toBeLessThanOrEqual(one.difference);
      expect(one.upper).toBeGreaterThanOrEqual(one.difference);
      expect(one.lower).toBeGreaterThanOrEqual(-1);
      expect(one.upper).toBeLessThanOrEqual(1);
    }),
    { numRuns: 1_000 },
  );
});

test('by hand: each side reaches as far as the nearer limit of one and the other limit of the other', () => {
  const difference = survivalDifference(
    { survival: 0.7, lower: 0.6, upper: 0.78 },
    { survival: 0.5, lower: 0.4, upper: 0.59 },
  );
  expect(difference?.difference).toBeCloseTo(0.2, 12);
  expect(difference?.lower).toBeCloseTo(0.2 - Math.hypot(0.1, 0.09), 12);
  expect(difference?.upper).toBeCloseTo(0.2 + Math.hypot(0.08, 0.1), 12);
});
