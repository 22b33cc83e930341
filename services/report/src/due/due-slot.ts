import { canonicalJson, type ReportSchedule, sha256 } from '@holdfast/events';
import { dueSlots, type Schedule, slotId } from '@holdfast/jobs';
import type { PublishedTrial } from '@holdfast/trials';
import { ReportRefused } from '../report-refused.ts';
import { isClosedReport } from '../sight.ts';
import { jobName } from './job-name.ts';

/** A report schedule of a trial, from the publication of the version that declares it to that of the first one that does not. */
export type ScheduleInForce = {
  readonly trial: string;
  readonly declared: ReportSchedule;
  /** Of the clock that it is read by. */
  readonly timeZone: string;
  readonly since: Date;
  /** The last moment that it holds for; absent: it is in force. */
  readonly until?: Date;
};

/** One time at which a report of a trial is due. */
export type DueSlot = {
  /** Names the slot, its data cut, and what is made of it: `weekly-20260330T0600Z`, or `half-mature-500-1f0c2a9b` (per mille, and what is declared). */
  readonly name: string;
  readonly of: ScheduleInForce;
  /** When it was due; absent: when so much was mature. */
  readonly at?: Date;
};

/** All report schedules that were ever in force in a trial, as its versions declare them. */
export function reportSchedules({ protocol, versions, publishedAt }: PublishedTrial): readonly ScheduleInForce[] {
  const ended: ScheduleInForce[] = [];
  const open = new Map<string, ScheduleInForce>();
  for (const version of versions) {
    const at = publishedAt?.get(version.version);
    if (at === undefined) continue; // the first stores recorded no time, and declared no reports
    const since = new Date(at);
    const declared = new Map(
      (version.reports ?? []).map((one) => {
        const timeZone = ('cron' in one.when ? one.when.timeZone : undefined) ?? version.timeZone;
        return [canonicalJson({ ...one, timeZone }), { trial: protocol.trial, declared: one, timeZone, since }];
      }),
    );
    for (const [what, before] of open) {
      if (declared.has(what)) continue;
      ended.push({ ...before, until: since });
      open.delete(what);
    }
    for (const [what, one] of declared) if (!open.has(what)) open.set(what, one);
  }
  return [...ended, ...open.values()];
}

/** A schedule by the clock, as the slot clock takes it. */
export type ClockSchedule = Schedule & { readonly of: ScheduleInForce };

/** The schedules of a trial that are due by the clock. */
export function clockSchedules(trial: PublishedTrial): readonly ClockSchedule[] {
  return reportSchedules(trial).flatMap((of) => {
    const { declared, timeZone, since, until } = of;
    if (!('cron' in declared.when)) return [];
    const id = jobName('due', of.trial, declared.id);
    return [{ id, cron: declared.when.cron, timeZone, since, ...(until === undefined ? {} : { until }), of }];
  });
}

export const slotAt = (of: ScheduleInForce, at: Date): DueSlot => ({ name: slotId(of.declared.id, at), of, at });

/** What is due once when so much is mature. Its name says what is declared but for who is told: under an id another report may be declared later. */
function matureSlot(of: ScheduleInForce): readonly DueSlot[] {
  const { deliverTo: _, ...made } = of.declared;
  if (!('mature' in made.when)) return [];
  const digest = sha256(canonicalJson(made)).slice(0, 8);
  return [{ name: `${made.id}-mature-${Math.round(made.when.mature * 1000)}-${digest}`, of }];
}

/** What is due once in a trial, when so much is mature, by the schedules that are in force. */
export function maturitySlots(trial: PublishedTrial): readonly DueSlot[] {
  return reportSchedules(trial)
    .filter(({ until }) => until === undefined)
    .flatMap(matureSlot);
}

/** Whether a cut of this name may be one of a slot: nobody else is to make such a one. */
export const isSlotName = (name: string): boolean => /-(\d{8}T\d{4}Z|mature-\d{1,4}-[0-9a-f]{8})$/.test(name);

/** The slot of a trial that has a name, which a job was queued under; refused if no version declares it any more. */
export function slotNamed(trial: PublishedTrial, name: string): DueSlot {
  const [, id, ...parts] = /^(.*)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/.exec(name) ?? [];
  const [year, month, day, hour, minute] = parts.map(Number);
  const at = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute));
  const schedule = clockSchedules(trial)
    .filter(({ of }) => of.declared.id === id)
    .find((one) => dueSlots(one, new Date(at.getTime() - 1), at).length > 0);
  // What was due by maturity is made and sent, whatever was declared since.
  const mature = reportSchedules(trial).flatMap(matureSlot).reverse();
  const slot = schedule ? slotAt(schedule.of, at) : mature.find((one) => one.name === name);
  if (slot !== undefined) return slot;
  throw new ReportRefused(
    `no version of ${trial.protocol.trial} declares a report that is due as ${name}; cancel the job (\`holdfast report cancel\`)`,
  );
}

/** Whether what is made of a schedule tells what blinded people may not know. */
export function isClosedSchedule({ protocol }: PublishedTrial, { declared }: ScheduleInForce): boolean {
  return isClosedReport(protocol, { kind: declared.report, dummySeed: declared.dummy ? 'of the cut' : undefined });
}
