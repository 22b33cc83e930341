import { type Group, hasRealDates, type Population, type Protocol } from '@holdfast/events';
import { listed } from './words.ts';

/** Who counts, in a sentence. */
export function populationInWords({ requires, arm }: Population): string {
  const who = requires === 'dose' ? 'whoever was given a first dose' : 'everybody randomised';
  const where = arm === 'actual' ? 'the arm that gives the drug of the first dose' : 'the arm randomised to';
  return `${who}, in ${where}`;
}

/** How participants are divided, in a sentence. */
export function groupInWords({ by, bands }: Group): string {
  const of =
    by === 'stratum'
      ? 'the stratum of randomisation'
      : 'covariate' in by
        ? `the baseline covariate ${by.covariate}`
        : `the last total of ${by.score} up to day 0`;
  if (bands === undefined) return `by ${of}`;
  return `by ${of}: ${listed(bands.map(({ label, from }) => `${label} from ${from}`))}; below that, nobody can be placed`;
}

/** Whether a trial's dates say anything, in a sentence. */
export function datesInWords(protocol: Protocol): string {
  return hasRealDates(protocol)
    ? 'its dates are those of the calendar, so rates have a calendar axis'
    : 'its dates were invented, so there is no calendar axis';
}
