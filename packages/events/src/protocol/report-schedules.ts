import { z } from 'zod';
import { SiteId } from '../identifiers.ts';
import { checkCron } from './cron.ts';
import { MeasureId } from './measures/common.ts';
import { type Report, reportRepeats } from './report.ts';
import { timeZone } from './time-zone.ts';

/** The kinds of reports (docs/reports.md). */
export const ReportKind = z.enum(['dsmb-closed', 'dsmb-open', 'status', 'site', 'outcome']);
export type ReportKind = z.infer<typeof ReportKind>;

/** Ends in names of data cuts and jobs, which the slot’s time completes. */
const ScheduleId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'not the name of a report schedule; write it like board-weekly' });

/** Who is told: a name that the settings of the service give an address. */
export const Recipient = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'not the name of a recipient; write it like board-secretary' });

const when = z.union(
  [
    z.strictObject({
      cron: z.string().min(9).max(120).meta({
        description: 'minute, hour, day of month, month, day of week, in numbers: 0 7 * * 1 is Mondays at seven',
      }),
      timeZone: timeZone.optional().meta({ description: 'of the clock that it is read by; absent: the trial’s' }),
    }),
    z.strictObject({
      mature: z.number().gt(0).max(1).meta({
        description: 'once, when so large a part of plannedParticipants is mature at the measure’s horizon',
      }),
      measure: MeasureId.meta({ description: 'whose horizon; one that is made of open events alone' }),
    }),
  ],
  { error: 'must be cron (with a timeZone if it is not the trial’s); or mature, a fraction, with a measure' },
);

/** A report that is made by itself, each time on a data cut of its own. */
export const ReportSchedule = z
  .strictObject({
    id: ScheduleId,
    report: ReportKind.meta({ description: 'which report' }),
    sites: z
      .union([z.literal('all'), z.array(SiteId).min(1).max(2000)], { error: 'must be all, or a list of sites' })
      .optional()
      .meta({ description: 'of a site report: one for each of these' }),
    when: when.meta({ description: 'when it is due' }),
    dummy: z.boolean().optional().meta({ description: 'rehearsed on dummy arms; needs no key' }),
    deliverTo: z
      .array(Recipient)
      .min(1)
      .max(50)
      .optional()
      .meta({ description: 'who is sent a link, by names that the settings of the service know; absent: nobody' }),
  })
  .meta({
    title: 'Report schedule',
    description: 'A report that is made by itself, each time on a data cut of its own.',
  });
export type ReportSchedule = z.infer<typeof ReportSchedule>;

type Known = {
  readonly blinding: 'open' | 'double';
  readonly sites: readonly string[];
  readonly plannedParticipants?: number | undefined;
  readonly measures: readonly { readonly id: string }[];
};

/** The kinds that stand by arm, and so can be rehearsed. */
const byArm: readonly ReportKind[] = ['dsmb-closed', 'outcome'];

/** What is wrong with report schedules beyond their shape. */
export function checkReportSchedules(schedules: readonly ReportSchedule[], known: Known, report: Report): void {
  reportRepeats(
    schedules.map(({ id }) => id),
    (i) => [i, 'id'],
    'report schedule',
    report,
  );
  schedules.forEach(({ report: kind, sites, when, dummy, deliverTo = [] }, index) => {
    const at = (...path: PropertyKey[]) => [index, ...path];
    if (kind === 'site' && sites === undefined)
      report(at('sites'), 'is missing; a site report is of sites: say all, or which');
    if (kind !== 'site' && sites !== undefined)
      report(at('sites'), `is for site reports; a ${kind} report is of the whole trial`);
    if (Array.isArray(sites)) {
      reportRepeats(sites, (i) => at('sites', i), 'site', report);
      sites.forEach((site, i) => {
        if (!known.sites.includes(site))
          report(at('sites', i), `"${site}" is no site of the trial; declare it under sites`);
      });
    }
    if (dummy && !byArm.includes(kind))
      report(at('dummy'), `a ${kind} report tells no arms apart, so there is nothing to rehearse; remove it`);
    if (dummy && known.blinding === 'open')
      report(at('dummy'), 'everybody may see the arms of an open-label trial; remove it');
    reportRepeats(deliverTo, (i) => at('deliverTo', i), 'recipient', report);
    if ('cron' in when) {
      checkCron(when.cron, (message) => report(at('when', 'cron'), message));
      return;
    }
    if (!known.measures.some(({ id }) => id === when.measure))
      report(at('when', 'measure'), `"${when.measure}" is no measure of the trial; declare it under measures`);
    if (known.plannedParticipants === undefined)
      report(at('when', 'mature'), 'is a part of plannedParticipants, which the protocol does not declare; declare it');
  });
}
