import { type Instrument, instrumentsOf, landmarkName, type Scale } from '@holdfast/events';
import type { ValueFact } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { type DosingDay, dosingDays, sessionHoursBefore } from './dosing-sessions.ts';
import { type Assessment, atLandmark, byPrecedence, lastUpToDayZero, needDoses } from './landmarks.ts';
import type { MeasureFold, Told } from './measure-fold.ts';
import { endOfTrial, lastDayOf, maturitySpells } from './participant-days.ts';
import { thousandths } from './thousandths.ts';

type ScaleScore = Extract<Effective, { type: 'scale-score' }>;
/** A number of thousandths. */
type Score = number;

/** No rating scale reaches a million; a change of twice that still fits into the tallies. */
const greatest: Score = 1_000_000_000;

/**
 * A total that was not sent is the sum of the items if all of them were, and if the total is a sum at all: its lowest value is that of
 * all items at their lowest, and its highest is more than one item can have. (The readiness score of URICA, and any mean, is none.)
 */
function sumOfItems(items: Readonly<Record<string, number>>, { total, items: ranges }: Instrument): Score | undefined {
  if (total === undefined || ranges === undefined || 'named' in ranges) return undefined;
  const isSum = total.low === ranges.count * ranges.low && (ranges.count === 1 || total.high > ranges.high);
  const scores = Object.values(items).map(thousandths);
  if (!isSum || scores.length !== ranges.count) return undefined;
  const sum = scores.reduce((a, b) => a + b, 0);
  return sum >= thousandths(total.low) && sum <= thousandths(total.high) ? sum : undefined;
}

function scoreOf({ data }: ScaleScore, { subscore }: Scale, instrument: Instrument): Score | undefined {
  const { total, items, subscores = {} } = data;
  if (subscore !== undefined)
    return Object.hasOwn(subscores, subscore) ? thousandths(subscores[subscore] ?? 0) : undefined;
  if (total !== undefined) return thousandths(total);
  return items && sumOfItems(items, instrument);
}

function scoresIn(
  measure: Scale,
  instrument: Instrument,
  { observations, dayZero }: Told,
  dosing: readonly DosingDay[],
): Assessment<Score>[] {
  return observations.toSorted(byPrecedence).flatMap((one): Assessment<Score>[] => {
    if (one.type !== 'scale-score' || one.data.instrument !== measure.instrument) return [];
    const value = scoreOf(one, measure, instrument);
    if (value === undefined || Math.abs(value) > greatest) return [];
    const { visit, hoursAfterDose: hours } = one.data;
    const day = one.day - dayZero;
    const session = hours === undefined ? undefined : sessionHoursBefore(dosing, day, hours);
    const afterDose = session === undefined || hours === undefined ? undefined : { session, hours };
    return [{ day, visit, afterDose, ofVisitOrDay: hours === undefined, value }];
  });
}

/**
 * Whether a score is a response: it improved by at least the instrument's share of its baseline. Where higher is better it rose by
 * that, else it fell. Undefined without a baseline above 0, of which there is no share.
 */
function isResponse(score: Score, baseline: Score | undefined, { response, higher }: Instrument): boolean | undefined {
  if (response === undefined || baseline === undefined || baseline <= 0) return undefined;
  const improved = higher === 'better' ? score - baseline : baseline - score;
  // In integers, lest 28 % of 25 be more than 7.
  const millionths = Math.max(1, Math.round(response.fall * 1_000_000));
  return improved * 1_000_000 >= millionths * baseline;
}

/**
 * The course of a rating scale. At each landmark that has come due: `due`; and if it was scored, `score` in thousandths; `change`, the
 * score less the baseline; `response`, 1 or 0, if the instrument declares one and the baseline is above 0; `remission`, 1 or 0: the
 * score is at most the instrument's cut-off, whatever the baseline was. Response and remission are of totals, never of a subscore.
 * The baseline is the score at the declared landmark, else the last up to study day 0; what rests on it waits until it is due too.
 * Scores after the administrative end do not count.
 */
export const scaleFold: MeasureFold<Scale> = {
  types: ({ at, baseline }) => ['scale-score', ...(needDoses([...at, baseline]) ? (['dose-given'] as const) : [])],
  judge: (measure, told) => {
    const { protocol, observations, dayZero } = told;
    const instrument = instrumentsOf(protocol.instruments ?? []).get(measure.instrument);
    if (instrument === undefined)
      throw new Error(`${measure.id}: "${measure.instrument}" is no instrument; declare it under instruments`);
    const end = endOfTrial(protocol, dayZero);
    const lastDay = lastDayOf(protocol.plannedFollowUp, protocol, dayZero);
    const dosing = needDoses([...measure.at, measure.baseline]) ? dosingDays(observations, dayZero) : [];
    const scores = scoresIn(measure, instrument, told, dosing);
    const baselineAt =
      measure.baseline === undefined ? lastUpToDayZero(scores, end) : atLandmark(measure.baseline, scores, dosing, end);
    const landmarks = measure.at.map((landmark) => ({
      item: landmarkName(landmark),
      scoreAt: atLandmark(landmark, scores, dosing, end),
    }));
    const { id, subscore } = measure;
    return (when) => {
      const baseline = baselineAt(when)?.value;
      const values = landmarks.flatMap(({ item, scoreAt }): ValueFact[] => {
        const at = scoreAt(when);
        if (at === undefined) return [];
        const { day, value: score } = at;
        const head = { measure: id, item, day };
        const values: ValueFact[] = [{ ...head, kind: 'due', value: 1, of: 1 }];
        if (score === undefined) return values;
        values.push({ ...head, kind: 'score', value: score, of: 1_000 });
        if (baseline !== undefined) values.push({ ...head, kind: 'change', value: score - baseline, of: 1_000 });
        if (subscore !== undefined) return values;
        const responded = isResponse(score, baseline, instrument);
        if (responded !== undefined) values.push({ ...head, kind: 'response', value: responded ? 1 : 0, of: 1 });
        const { remission } = instrument;
        if (remission !== undefined)
          values.push({ ...head, kind: 'remission', value: score <= thousandths(remission.atMost) ? 1 : 0, of: 1 });
        return values;
      });
      return {
        counted: [],
        spells: maturitySpells(measure, lastDay, when.mature(measure, lastDay)),
        firstEvents: [],
        values,
      };
    };
  },
};
