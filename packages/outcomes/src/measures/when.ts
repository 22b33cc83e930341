import { type CivilDay, isUseMeasure, type Measure, type Protocol } from '@holdfast/events';
import { matureDays } from '../maturity.ts';
import type { When } from './measure-fold.ts';

/** Maturity as it was last looked up, by schedule: participants of equal schedule and study day share it. */
const known = new WeakMap<Protocol, Map<string, Uint8Array>>();
/** Of more than so many study days and kinds of evidence a schedule's maturity is looked up anew. */
const mostKnown = 10_000;

const waiting = new WeakMap<Measure, string>();

/** What measures that wait for the same visits have in common. */
function waitsFor(measure: Measure): string {
  let waits = waiting.get(measure);
  if (waits === undefined) {
    waits = isUseMeasure(measure) ? `${measure.evidence} ${measure.biomarkers?.kinds.join(' ')}` : '';
    waiting.set(measure, waits);
  }
  return waits;
}

/** The maturity of days as of a clock, by the schedule that a participant keeps. */
export function whenOf(
  schedule: Protocol,
  dayZero: CivilDay,
  clock: CivilDay | undefined,
  { forTallies }: Pick<When, 'forTallies'>,
): When {
  let looked = known.get(schedule);
  if (looked === undefined || looked.size > mostKnown) {
    looked = new Map();
    known.set(schedule, looked);
  }
  const byDay = looked;
  const today = clock === undefined ? undefined : clock - dayZero;
  return {
    schedule,
    dayZero,
    clock,
    forTallies,
    mature: (measure, lastDay) => {
      const key = `${today} ${lastDay} ${waitsFor(measure)}`;
      const found = byDay.get(key) ?? matureDays(schedule, measure, dayZero, lastDay, clock);
      byDay.set(key, found);
      return found;
    },
  };
}
