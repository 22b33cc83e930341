import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparedAbstinence, type ObservedDay } from './compared-abstinence.ts';

const day: fc.Arbitrary<ObservedDay> = fc
  .tuple(fc.nat(12), fc.nat(12), fc.nat(12))
  .map(([abstinent, use, missing]) => ({
    abstinent,
    assessable: abstinent + use,
    missing,
    due: abstinent + use + missing,
  }));

/** Whether an arm is ahead, if so many of its missing used and all other missing were abstinent. */
const isAhead = (ahead: ObservedDay, other: ObservedDay, used: number) =>
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
        if (arm.abstinent * control.assessable === control.abstinent * arm.assessable) {
          expect(tipping).toBeUndefined();
          return;
        }
        const [ahead, other] = rate > controlRate ? [arm, control] : [control, arm];
        const tried = Array.from({ length: ahead.missing + 1 }, (_, used) => used);
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

  test('where more were observed than anybody waited for, nobody’s missing can undo anything', () => {
    const beyond = { abstinent: 3, assessable: 4, missing: 0, due: 0 };
    expect(comparedAbstinence(beyond, { ...beyond, abstinent: 1 })).toMatchObject({ rate: 0.75, tipping: undefined });
  });
});
