import type { Value } from './value.ts';

export const siteColumns = [
  'trial',
  'site',
  'randomised',
  'left',
  'retained_percent',
  'visits_due',
  'visits_kept',
  'visits_late',
  'kept_percent',
  'evidence_days',
  'last_event',
  'last_received',
  'median_entry_days',
  'p90_entry_days',
  'issues',
] as const;

/** What a site, or the whole trial, has done; undefined: the protocol declares no open measure, or closes the type, that tells it. */
export type SiteFigures = {
  /** Undefined: all sites. */
  readonly site: string | undefined;
  readonly randomised: number;
  /** Of them, who left other than by completing the trial. */
  readonly left: number | undefined;
  readonly visitsDue: number | undefined;
  readonly visitsKept: number | undefined;
  readonly visitsLate: number | undefined;
  /** Participants' days on which evidence says use or abstinence. */
  readonly evidenceDays: number | undefined;
  /** The date on which the last open event happened, as the site wrote it; of corrections and retractions none happened. */
  readonly lastEvent: string | undefined;
  /** The date, in the trial's zone, on which the last open event was received. */
  readonly lastReceived: string | undefined;
  /** Days from what happened to its record. */
  readonly medianEntryDays: number | undefined;
  readonly p90EntryDays: number | undefined;
  readonly issues: number;
};

/** A part of a whole, in per cent; undefined where there is no whole. */
function percent(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : (100 * part) / whole;
}

/** What a site has done, under `siteColumns`. */
export function siteRow(trial: string, figures: SiteFigures): Value[] {
  const { site, randomised, left, visitsDue, visitsKept, visitsLate, evidenceDays } = figures;
  return [
    ...[trial, site, randomised, left, percent(left === undefined ? undefined : randomised - left, randomised)],
    ...[visitsDue, visitsKept, visitsLate, percent(visitsKept, visitsDue), evidenceDays],
    ...[figures.lastEvent, figures.lastReceived, figures.medianEntryDays, figures.p90EntryDays, figures.issues],
  ];
}
