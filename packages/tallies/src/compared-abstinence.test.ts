import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ComparedDay, comparedAbstinence } from './compared-abstinence.ts';

const day: fc.Arbitrary<ComparedDay> = fc
  .tuple(fc.nat(12), fc.nat(12), fc.nat(12))
  .map(([abstinent, use, missing]) => ({
    observed: { abstinent, assessable: abstinent + use },
    followed: { abstinent, missing, due: abstinent + use + missing },
  }));

/** Whether an arm is ahead, if so many of its missing used and all other missing were abstinent. */
const isAhead = ({ followed: ahead }: ComparedDay, { followed: other }: ComparedDay, used: number) =>
  (ahead.abstinent + ahead.missing - used) * other.due > (other.abstinent + other.missing) * ahead.due;

describe('an arm beside the control', () => {
  test('has the smallest number of missing that undoes the lead, tried out one by one', () => {
    fc.assert(
      fc.property(day, day, (arm, control) => {
        const { tipping, rate, controlRate, difference } = comparedAbstinence(arm, control);
        if (rate === undefined || controlRate === undefined) {
          expect([tipping, difference]).toEqual([undefined, undefined]);
          return;
        }
        expect(difference).toBeCloseTo(rate - controlRate, 12);
        const [a, b] = [arm.observed, control.observed];
        if (a.abstinent * b.assessable === b.abstinent * a.assessable) {
          expect(tipping).toBeUndefined();
          return;
        }
        const [ahead, other] = rate > controlRate ? [arm, control] : [control, arm];
        const tried = Array.from({ length: ahead.followed.missing + 1 }, (_, used) => used);
        expect(tipping).toBe(tried.find((used) => !isAhead(ahead, other, used)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('seen from the other side, is the same lead', () => {
    fc.assert(
      fc.property(day, day, (arm, control) => {
        const [one, other] = [comparedAbstinence(arm, control), comparedAbstinence(control, arm)];
        expect([other.rate, other.controlRate, other.tipping]).toEqual([one.controlRate, one.rate, one.tipping]);
        expect(other.upper).toEqual(one.lower === undefined ? undefined : expect.closeTo(-one.lower, 9));
      }),
    );
  });

  test('beyond planned follow-up there is a rate, but nobody whose use could undo it', () => {
    const beyond = (abstinent: number) => ({
      observed: { abstinent, assessable: 4 },
      followed: { abstinent: 0, missing: 0, due: 0 },
    });
    expect(comparedAbstinence(beyond(3), beyond(1))).toMatchObject({ rate: 0.75, difference: 0.5, tipping: undefined });
  });
});
