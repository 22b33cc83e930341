import type { Handler, Job, NewJob } from '@holdfast/jobs';
import type { DataCut, PublishedTrial } from '@holdfast/trials';
import { z } from 'zod';
import { type DeliverySettings, deliver } from '../delivery/deliver.ts';
import { type ReportJobData, reportDataOf } from '../report-job.ts';
import { ReportRefused } from '../report-refused.ts';
import type { ReportStore } from '../report-store.ts';
import type { AskedReport } from '../sight.ts';
import type { StoredReport } from '../stored-reports.ts';
import { type DueSlot, isClosedSchedule, slotNamed } from './due-slot.ts';
import { jobName } from './job-name.ts';
import { makeDue } from './make-due.ts';

/** What a delivery is told: ids alone; `closed`: that it is made, and when, is not for blinded people. */
const deliveryData = z.strictObject({
  trial: z.string(),
  slot: z.string(),
  recipient: z.string(),
  closed: z.union([z.literal(0), z.literal(1)]),
});

const closedFlag = (trial: PublishedTrial, { of }: DueSlot) => (isClosedSchedule(trial, of) ? 1 : 0);

/** The job that makes what is due at a slot. It is told as a report’s is (`ReportJobData`): the slot’s name is that of its cut. */
export function dueJob(trial: PublishedTrial, slot: DueSlot): NewJob {
  const { report, dummy } = slot.of.declared;
  const data: ReportJobData = {
    ...{ trial: slot.of.trial, cut: slot.name, report },
    ...{ dummy: dummy ? 1 : 0, closed: closedFlag(trial, slot) },
  };
  return { id: jobName('due', slot.of.trial, slot.name), kind: 'due', data: { ...data } as NewJob['data'] };
}

/** The job that sends links to what was made of a slot to one recipient. */
export function deliveryJob(trial: PublishedTrial, slot: DueSlot, recipient: string): NewJob {
  return {
    id: jobName('send', slot.of.trial, `${slot.name}__${recipient}`),
    kind: 'delivery',
    data: { trial: slot.of.trial, slot: slot.name, recipient, closed: closedFlag(trial, slot) },
  };
}

/** The slot and the recipient of a delivery’s job; undefined of any other job. */
export function deliveryOf({ kind, data }: Job): z.infer<typeof deliveryData> | undefined {
  return kind === 'delivery' ? deliveryData.parse(data) : undefined;
}

export type DueHandlersOptions = {
  /** The store as it stands now. */
  readonly store: () => Promise<ReportStore>;
  /** Makes one report, or finds that it is made. */
  readonly make: (
    store: ReportStore,
    cut: DataCut,
    asked: AskedReport,
    signal: AbortSignal,
  ) => Promise<Pick<StoredReport, 'id'>>;
  readonly delivery: DeliverySettings;
  readonly now: () => Date;
};

function publishedIn({ trials }: ReportStore, trial: string): PublishedTrial {
  const published = trials.get(trial);
  if (published === undefined) throw new ReportRefused(`${trial} is not published here; cancel the job`);
  return published;
}

/** What does the jobs about slots: makes what is due, and sends links to it. */
export function dueHandlers({
  store,
  make,
  delivery,
  now,
}: DueHandlersOptions): Readonly<Record<'due' | 'delivery', Handler>> {
  return {
    async due(job, { signal }) {
      const { trial, cut: slot } = reportDataOf(job);
      const current = await store();
      const published = publishedIn(current, trial);
      const made = await makeDue(current, published, slotNamed(published, slot), (cut, asked) => {
        signal.throwIfAborted();
        return make(current, cut, asked, signal);
      });
      return { report: made.reports[0] ?? '', reports: made.reports.length };
    },
    async delivery(job) {
      const { trial, slot, recipient } = deliveryData.parse(job.data);
      const current = await store();
      const published = publishedIn(current, trial);
      await deliver(current, delivery, published, slotNamed(published, slot), recipient, now());
      return undefined;
    },
  };
}
