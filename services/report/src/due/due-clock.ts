import { type JobQueue, queueDue, type SlotClock, startSlotClock } from '@holdfast/jobs';
import type { PublishedTrial } from '@holdfast/trials';
import { isDelivered } from '../delivery/delivery.ts';
import type { ReportStore } from '../report-store.ts';
import { isCancelled } from './cancelled.ts';
import { deliveryJob, dueJob } from './due-jobs.ts';
import { clockSchedules, type DueSlot, isClosedSchedule, maturitySlots, slotAt } from './due-slot.ts';
import { readMadeSlot } from './made-slot.ts';
import { shelfOfSlot } from './make-due.ts';
import { maturityWatch } from './maturity.ts';

export type DueClockOptions = {
  /** The store as it stands now: what was published meanwhile counts. */
  readonly store: () => Promise<ReportStore>;
  readonly queue: JobQueue;
  readonly now: () => Date;
  /** Told when a look failed, for a schedule or altogether; it is tried again at the next. Of a closed one nobody may be told but that it failed. */
  readonly onFailed: (
    of: { readonly schedule: string | undefined; readonly isClosed: boolean },
    error: unknown,
  ) => void;
  /** How often it looks; a minute by default. */
  readonly pauseMs?: number;
  /** Ends a look midway, also the first. */
  readonly signal?: AbortSignal;
};

/**
 * Queues every report that is due by the protocols published and not made, and every delivery that is not made. What is done is asked of
 * the object store alone, so a queue that was emptied fills again, and any number of these clocks may run side by side.
 */
export function startDueClock(options: DueClockOptions): Promise<SlotClock> {
  const { store, queue, now, onFailed, pauseMs, signal } = options;
  const startedAt = now();
  const maturity = maturityWatch();
  /** As it stood when it was last looked at. */
  let current: ReportStore | undefined;
  const done = new Set<string>();
  /** The schedules of closed reports. */
  const closed = new Set<string>();

  function seen(): ReportStore {
    if (current === undefined) throw new Error('nothing was looked at yet');
    return current;
  }

  /** Whether a slot is made and sent to everybody, or was cancelled; what was made and not sent is queued, and under way. */
  async function isSettled(trial: PublishedTrial, slot: DueSlot): Promise<boolean | 'under way'> {
    const shelf = await shelfOfSlot(seen(), trial, slot);
    const made = await readMadeSlot(shelf, slot.of.trial, slot.name);
    if (made === undefined) return isCancelled(shelf, slot.of.trial, dueJob(trial, slot).id);
    let isSent: true | 'under way' = true;
    for (const recipient of made.deliverTo) {
      const [job, lookedAt] = [deliveryJob(trial, slot, recipient), now()];
      if ((await isDelivered(shelf, made, recipient)) || (await isCancelled(shelf, slot.of.trial, job.id))) continue;
      isSent = 'under way';
      await queueDue(queue, job, { startedAt, lookedAt });
    }
    return isSent;
  }

  const trialOf = ({ of }: DueSlot): PublishedTrial => {
    const trial = seen().trials.get(of.trial);
    if (trial === undefined) throw new Error(`${of.trial} is not published`);
    return trial;
  };

  async function lookAtMaturity(): Promise<void> {
    for (const trial of seen().trials.values())
      for (const slot of maturitySlots(trial)) {
        const job = dueJob(trial, slot);
        const { id } = job;
        if (signal?.aborted) return;
        if (done.has(id)) continue;
        try {
          const lookedAt = now();
          const isDone = await isSettled(trial, slot);
          if (isDone === true) done.add(id);
          else if (!isDone && (await isDueOrQueued(trial, slot))) await queueDue(queue, job, { startedAt, lookedAt });
        } catch (error) {
          onFailed({ schedule: id, isClosed: isClosedSchedule(trial, slot.of) }, error);
        }
      }
  }

  /** What was due stays due, whatever tallies say later. */
  async function isDueOrQueued(trial: PublishedTrial, slot: DueSlot): Promise<boolean> {
    return (await queue.find(dueJob(trial, slot).id)) !== undefined || maturity.isDue(seen().log, trial, slot);
  }

  return startSlotClock({
    ...{ queue, now },
    onFailed: (schedule, error) =>
      onFailed({ schedule, isClosed: schedule !== undefined && closed.has(schedule) }, error),
    ...(pauseMs === undefined ? {} : { pauseMs }),
    ...(signal === undefined ? {} : { signal }),
    async schedules() {
      current = await store();
      await lookAtMaturity();
      const trials = [...seen().trials.values()];
      for (const trial of trials)
        for (const { id, of } of clockSchedules(trial)) if (isClosedSchedule(trial, of)) closed.add(id);
      return trials.flatMap(clockSchedules);
    },
    isDone: ({ schedule, at }) => {
      const slot = slotAt(schedule.of, at);
      return isSettled(trialOf(slot), slot);
    },
    jobOf({ schedule, at }) {
      const slot = slotAt(schedule.of, at);
      const { kind, data } = dueJob(trialOf(slot), slot);
      return { kind, data };
    },
  });
}
