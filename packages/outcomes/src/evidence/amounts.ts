import { type Amount, type CountedSubstance, civilDay, dateOf, gramsOf, type Protocol } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';

/** What was used on a study day; undefined where nobody can say. */
export type ByDay = (day: StudyDay) => number | undefined;

/** An amount in the unit that is asked for; undefined where nobody can say. */
type Measured = (amount: Amount, substance: CountedSubstance) => number | undefined;

/** Where a calendar says nothing of a substance, or says that it was used but not how much. */
const notAsked = -2;
const notKnown = -1;

/**
 * Grams of pure substance on each study day from … to, summed over a measure's substances, to the milligram, as the participant's
 * own calendars have them (timeline follow-back; Sobell & Sobell 1992). Days may be negative: before randomisation.
 * 0: the day was asked about, and none of the substances was used. Undefined: of one of them the day was not asked about, or how
 * much it was is not known in grams; and outside from … to. Of several calendars the one with the shorter recall counts, for each
 * day and substance; in a tie use counts before no use, a known amount before an unknown one, and the greater of two.
 */
export function gramsByDay(
  observations: readonly Effective[],
  dayZero: number,
  protocolSubstances: Protocol['substances'],
  measureSubstances: readonly string[],
  from: StudyDay,
  to: StudyDay,
): ByDay {
  return measuredByDay(gramsOf, observations, dayZero, protocolSubstances, measureSubstances, from, to);
}

/**
 * The same in another unit than grams: the one that the protocol counts the substances in, which may be money. What a calendar
 * gives in grams is turned into it where the protocol says how many grams one is.
 */
export function unitsByDay(
  unit: string,
  observations: readonly Effective[],
  dayZero: number,
  protocolSubstances: Protocol['substances'],
  measureSubstances: readonly string[],
  from: StudyDay,
  to: StudyDay,
): ByDay {
  const measured: Measured = ({ amount, unit: given }, substance) => {
    if (amount === undefined || substance.unit !== unit) return undefined;
    if (given === undefined || given === unit) return amount;
    return given === 'g' && substance.gramsPerUnit !== undefined ? amount / substance.gramsPerUnit : undefined;
  };
  return measuredByDay(measured, observations, dayZero, protocolSubstances, measureSubstances, from, to);
}

function measuredByDay(
  measured: Measured,
  observations: readonly Effective[],
  dayZero: number,
  protocolSubstances: Protocol['substances'],
  measureSubstances: readonly string[],
  from: StudyDay,
  to: StudyDay,
): ByDay {
  const length = Math.max(0, to - from + 1);
  const total = new Float64Array(length);
  for (const id of measureSubstances) {
    const substance = protocolSubstances.find((one) => one.id === id) ?? {};
    const thousandths = thousandthsOf(id, (amount) => measured(amount, substance), observations, dayZero, from, length);
    thousandths.forEach((ofSubstance, at) => {
      const [before = 0] = [total[at]];
      total[at] = before < 0 || ofSubstance < 0 ? notKnown : before + ofSubstance;
    });
  }
  return (day) => {
    const found = total[day - from];
    return found === undefined || found < 0 ? undefined : found / 1000;
  };
}

/** Thousandths of one substance on each day, by the calendar that counts for it. Whole numbers, so that sums are exact. */
function thousandthsOf(
  id: string,
  measured: (amount: Amount) => number | undefined,
  observations: readonly Effective[],
  dayZero: number,
  from: StudyDay,
  length: number,
): Float64Array {
  const counting = new Float64Array(length).fill(notAsked);
  const recalls = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
  for (const observation of observations) {
    if (observation.type !== 'use-calendar' || observation.data.informant !== 'participant') continue;
    const { from: first, to: last, complete, days, interview } = observation.data;
    const start = Math.max(0, civilDay(first) - dayZero - from);
    const end = Math.min(length - 1, civilDay(last) - dayZero - from);
    const interviewed = civilDay(interview) - dayZero - from;
    for (let at = start; at <= end; at += 1) {
      const uses = days[dateOf(dayZero + from + at)];
      const said = uses !== undefined && Object.hasOwn(uses, id) ? uses[id] : undefined;
      if (said === undefined && !complete) continue;
      // However little it was, it was use: only a day without use has 0.
      const amount = said === undefined ? 0 : Math.max(1, Math.round((measured(said) ?? Number.NaN) * 1000));
      const offered = Number.isNaN(amount) ? notKnown : amount;
      const recall = interviewed - at;
      const [held = notAsked, shortest = Number.POSITIVE_INFINITY] = [counting[at], recalls[at]];
      if (recall > shortest || (recall === shortest && rank(offered) <= rank(held))) continue;
      counting[at] = offered;
      recalls[at] = recall;
    }
  }
  return counting;
}

/** The greater counts where two calendars have the same recall: no use, then an unknown amount, then the known ones. */
function rank(thousandths: number): number {
  if (thousandths === notKnown) return Number.MIN_VALUE;
  return thousandths;
}
