import {
  type Estimand,
  type Group,
  hasRealDates,
  type Population,
  type Protocol,
  type ReportSchedule,
} from '@holdfast/events';
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

/** What is estimated, in a sentence. */
export function estimandInWords({
  rank,
  treatment,
  population,
  variable,
  intercurrentEvents,
  summary,
}: Estimand): string {
  const { measure, day, window, missing } = variable;
  const how = [
    ...(window === undefined ? [] : [`window of ${window} days`]),
    ...(day === undefined ? [] : [`on day ${day}`]),
    ...(missing === undefined ? [] : [`missing: ${missing}`]),
  ];
  return [
    `${rank}: ${summary.replaceAll('-', ' ')} of ${measure}${how.length === 0 ? '' : ` (${how.join(', ')})`}`,
    `${listed(treatment.arms)} against ${listed(treatment.against)}`,
    population === undefined ? 'everybody randomised' : `population ${population}`,
    ...intercurrentEvents.map(({ event, strategy }) => `${event}: ${strategy}`),
  ].join('; ');
}

/** When which report is made by itself, and who is told, in a sentence. */
export function scheduleInWords(
  { report, sites, when, dummy, deliverTo }: ReportSchedule,
  { timeZone }: Protocol,
): string {
  const of = sites === undefined ? '' : sites === 'all' ? ' of every site' : ` of ${listed(sites)}`;
  const due =
    'cron' in when
      ? `whenever '${when.cron}' says on the clock of ${when.timeZone ?? timeZone}`
      : `once, when ${when.mature * 100} % of the planned participants are mature for ${when.measure}`;
  const told = deliverTo === undefined ? 'nobody is told' : `a link is sent to ${listed(deliverTo)}`;
  return `${report} report${of}${dummy ? ' on dummy arms' : ''}, ${due}; ${told}`;
}
