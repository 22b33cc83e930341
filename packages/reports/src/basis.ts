import { horizonOf, type Measure } from '@holdfast/events';
import { populationOf } from '@holdfast/outcomes';
import { everybody, maturityCurve, randomisedIn } from '@holdfast/tallies';
import { intercurrentEvents } from './intercurrent-events.ts';
import type { Basis } from './model.ts';
import { inNoArm, type ReportSource } from './report-source.ts';
import { safetyNumbers } from './rows/index.ts';

/** Whom a measure of a population counts at all; empty: everybody in it. */
function onlyThose(measure: Measure): string {
  if (measure.kind === 'adverse-events' && measure.only === 'treatment-emergent') return ', once given a dose';
  if (measure.kind !== 'lapse') return '';
  const { after, death } = measure;
  if ('abstinentDays' in after)
    return `, once abstinent on ${after.abstinentDays} days in a row and at risk from the next day on; who never was counts nowhere`;
  return `, at risk from the day after the quit day (${after.quitDay}) on${death === 'exclude' ? '; who did not live to its end counts nowhere' : ''}`;
}

function whoCounts(measure: Measure, { protocol }: ReportSource): string {
  const population = populationOf(measure, protocol);
  if (population === undefined) return `everybody randomised, as randomised${onlyThose(measure)}`;
  const who = population.requires === 'dose' ? 'who was given a first dose' : 'everybody randomised';
  return `${population.title ?? population.id}: ${who}, ${population.arm === 'actual' ? 'by the arm actually given' : 'as randomised'}${onlyThose(measure)}`;
}

function countedInNoArm(measure: Measure, source: ReportSource): number {
  const [tallies, slice] = [source.tallies(measure.id), inNoArm(source, measure)];
  // Not everybody is followed for events that emerge with treatment; of all events together is told first.
  if (measure.kind === 'adverse-events') return safetyNumbers(tallies, measure, slice)[0]?.participants ?? 0;
  return randomisedIn(tallies, measure.id, slice);
}

function populationInWords(measure: Measure, source: ReportSource): string {
  const who = whoCounts(measure, source);
  const without = source.byArm ? countedInNoArm(measure, source) : 0;
  return without === 0 ? who : `${who} (${without} without a known arm are in none of the arms)`;
}

/** Of how many participants the whole of a measure is known, whatever it will say. */
export function matureInWords(measure: Measure, { tallies, protocol }: ReportSource): string {
  const day = horizonOf(measure, protocol);
  const of = tallies(measure.id);
  const [on] = maturityCurve(of, measure.id, { from: day, to: day }, everybody);
  const { randomised: reaching = 0, mature = 0 } = on ?? {};
  const randomised = randomisedIn(of, measure.id, everybody);
  if (randomised === 0) return 'nobody counts yet';
  // Never so many that they look complete: who comes too late is missing from the whole for good.
  const late = randomised - reaching;
  const { administrativeEnd: end } = protocol;
  // Whoever is never at risk of a lapse counts in none of its numbers, and is one of these all the same: until their days are mature, nobody knows.
  const whether = measure.kind === 'lapse' ? ', whether they came to be at risk or not' : '';
  return `${mature} of ${randomised} (${Math.floor((100 * mature) / randomised)} %) mature on day ${day}${whether}${late === 0 ? '' : `; ${late} of them come to it only after ${end}, when nobody counts`}`;
}

/** What the numbers of a measure stand on. */
export function basisOf(measure: Measure, source: ReportSource, method: string): Basis {
  return {
    method,
    population: populationInWords(measure, source),
    estimand: `${measure.title ?? measure.id} (${measure.id}, ${measure.kind}); ${intercurrentEvents(measure)}`,
    mature: matureInWords(measure, source),
  };
}

/** What counts of events stand on. */
export function conductBasis(population: string, method = 'counts of events'): Basis {
  return {
    method,
    population,
    estimand: 'none: the conduct of the trial',
    mature: 'as far as events were received by the cut',
  };
}

export const measureTitle = ({ id, title }: Measure): string => title ?? id;
