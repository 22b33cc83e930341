import { type CivilDay, isUseMeasure, type Measure, type Protocol } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { type Maturity, maturityAfter } from '../maturity.ts';
import type { When } from './measure-fold.ts';

/**
 * Maturity as it was last looked up, by schedule and by how many days after randomisation it is: participants of equal schedule and
 * study day share it, and so do measures that wait for the same visits.
 */
type KnownMaturity = { readonly byMeasure: Map<Measure, Maturity>; readonly byWaiting: Map<string, Maturity> };
const known = new WeakMap<Protocol, Map<number, KnownMaturity>>();
/** Of more than so many study days a schedule's maturity is looked up anew. */
const mostKnown = 2_000;

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
  const today = clock === undefined ? Number.NEGATIVE_INFINITY : clock - dayZero;
  const { byMeasure, byWaiting } = knownOn(schedule, today);
  const maturityOf = (measure: Measure, lastDay: StudyDay): Maturity => {
    const last = byMeasure.get(measure);
    // Where the trial ends before the horizon, the last day is not everybody's.
    if (last !== undefined && last.days.length === lastDay + 1) return last;
    const key = `${lastDay} ${waitsFor(measure)}`;
    const found = byWaiting.get(key) ?? maturityAfter(schedule, measure, lastDay, today);
    byWaiting.set(key, found);
    byMeasure.set(measure, found);
    return found;
  };
  return {
    schedule,
    dayZero,
    clock,
    forTallies,
    mature: (measure, lastDay) => maturityOf(measure, lastDay).days,
    maturesNext: (measure, lastDay) => dayZero + maturityOf(measure, lastDay).nextAfter,
  };
}

function knownOn(schedule: Protocol, today: number): KnownMaturity {
  let byDay = known.get(schedule);
  if (byDay === undefined || byDay.size > mostKnown) {
    byDay = new Map();
    known.set(schedule, byDay);
  }
  let found = byDay.get(today);
  if (found === undefined) {
    found = { byMeasure: new Map(), byWaiting: new Map() };
    byDay.set(today, found);
  }
  return found;
}
