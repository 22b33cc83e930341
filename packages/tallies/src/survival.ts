import { type EndedOnDay, kaplanMeier, type SurvivalOnDay } from '@holdfast/statistics';
import { inSlice, type Slice } from './curves.ts';
import { daySums, type Tallies } from './tallies.ts';

/**
 * Time to a first event in a part of the trial: at risk, ended, survival, incidence and 95 % limits. Everybody randomised is at
 * risk on study day 0, and each has one outcome: who was never assessed, or of whom no day is mature yet, is censored on day 0.
 *
 * @param asked study days to answer for, each as the curve stands at its end, whatever happened on it; without them day 0 and each
 *   day on which an observation ended
 */
export function survivalCurve(
  tallies: Tallies,
  measure: string,
  slice: Slice,
  asked?: ReadonlySet<number>,
): SurvivalOnDay[] {
  const ended = (kind: 'event' | 'competing' | 'censored') =>
    daySums(tallies, (cell) => cell.measure === measure && cell.kind === kind && inSlice(cell, slice));
  const [events, competing, censored] = [ended('event'), ended('competing'), ended('censored')];
  const participants = [events, competing, censored].flatMap((days) => [...days.values()]).reduce((a, b) => a + b, 0);
  const days = new Set([0, ...(asked ?? []), ...events.keys(), ...competing.keys(), ...censored.keys()]);
  const counts = [...days]
    .sort((a, b) => a - b)
    .map(
      (day): EndedOnDay => ({
        day,
        events: events.get(day) ?? 0,
        competing: competing.get(day) ?? 0,
        censored: censored.get(day) ?? 0,
      }),
    );
  const curve = kaplanMeier(participants, counts);
  return asked === undefined ? curve : curve.filter(({ day }) => asked.has(day));
}
