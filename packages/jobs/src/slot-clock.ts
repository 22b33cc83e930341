import type { JobQueue } from './job-queue.ts';
import type { NewJob } from './new-job.ts';
import { dueSlots, type Schedule, type Slot } from './schedule.ts';

export type SlotClockOptions<S extends Schedule = Schedule> = {
  readonly queue: JobQueue;
  /** The schedules in force now; asked at every look. */
  readonly schedules: () => Promise<readonly S[]>;
  /**
   * Whether what a slot should make is there already. The queue cannot know: it may have been emptied. `under way`: it is there, and what
   * else comes of it is queued otherwise.
   */
  readonly isDone: (slot: Slot<S>) => Promise<boolean | 'under way'>;
  /** What to do for a slot; the slot's id becomes the job's. */
  readonly jobOf: (slot: Slot<S>) => Omit<NewJob, 'id'>;
  readonly now: () => Date;
  /** Told when a look failed, for a schedule or altogether; it is tried again at the next. */
  readonly onFailed: (schedule: string | undefined, error: unknown) => void;
  /** How often it looks; a minute by default. */
  readonly pauseMs?: number;
  /** Ends a look midway, also the first. */
  readonly signal?: AbortSignal;
};

/** So long after its job was given up a slot that is still not done is run again; or at once by a clock that starts, as what was wrong may be mended. */
export const givenUpForMs = 6 * 60 * 60 * 1000;

export type DueTimes = {
  /** When the clock that asks was started. */
  readonly startedAt: Date;
  /** When it began to see whether it is done: what completes later may be done by now. */
  readonly lookedAt: Date;
};

/**
 * Adds a job for what is due and not done, and runs it again where it was given up: before the clock that asks was started, or six hours
 * ago; or where it completed, and what it made is gone since. What was cancelled stays cancelled.
 */
export async function queueDue(queue: JobQueue, due: NewJob, { startedAt, lookedAt }: DueTimes): Promise<void> {
  await queue.add(due);
  const { state, endedAt } = (await queue.find(due.id)) ?? {};
  if (endedAt === undefined) return;
  const isMissed = state === 'completed' && endedAt < lookedAt;
  const isOld = endedAt < startedAt || lookedAt.getTime() - endedAt.getTime() >= givenUpForMs;
  if (isMissed || (state === 'given-up' && isOld)) await queue.again(due.id);
}

/** Adds a job for every slot that is due and not done, and runs it again as `queueDue` says. */
export interface SlotClock {
  /** Adds what is due by now; resolves when it is in the queue. Never rejects. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the clock; it looks at once. It remembers nothing but what saves questions: slots missed while nobody looked, or lost with the queue,
 * are added at the next look, each under its own id. So any number of clocks may run beside each other.
 */
export async function startSlotClock<S extends Schedule>(options: SlotClockOptions<S>): Promise<SlotClock> {
  const { queue, schedules, isDone, jobOf, now, onFailed, pauseMs = 60_000, signal } = options;
  /** Of a schedule, as it is declared: up to when all slots are done, and which later ones are. */
  const known = new Map<string, { upTo: Date; readonly later: Set<string> }>();
  const startedAt = now();
  let hasStopped = false;
  const isStopped = () => hasStopped || signal?.aborted === true;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const isKnownDone = async (slot: Slot<S>, done: Set<string>): Promise<boolean | 'under way'> => {
    if (done.has(slot.id)) return true;
    const found = await isDone(slot);
    if (found === true) done.add(slot.id);
    return found;
  };
  /** Whether the slot is done; what cannot be told now is tried at the next look, and holds up no other slot. */
  const isDoneOr = async (
    slot: Slot<S>,
    done: Set<string>,
    failed: (error: unknown) => void,
  ): Promise<boolean | 'under way' | undefined> => {
    try {
      return await isKnownDone(slot, done);
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  const addDue = async (schedule: S): Promise<void> => {
    const declared = JSON.stringify(schedule);
    const done = known.get(declared) ?? { upTo: schedule.since, later: new Set() };
    known.set(declared, done);
    const until = now();
    const failures: unknown[] = [];
    let areAllDone = true;
    for (let after = done.upTo; ; ) {
      const slots = dueSlots(schedule, after, until);
      for (const slot of slots) {
        if (isStopped()) return;
        const lookedAt = now();
        const isDone = await isDoneOr(slot, done.later, (error) => failures.push(error));
        if (isDone !== true) areAllDone = false;
        if (isDone === false) await queueDue(queue, { ...jobOf(slot), id: slot.id }, { startedAt, lookedAt });
        if (areAllDone) {
          done.upTo = slot.at;
          done.later.delete(slot.id);
        }
      }
      const last = slots.at(-1);
      if (last === undefined) break;
      after = last.at;
    }
    if (failures.length > 0) throw failures[0];
  };
  const lookNow = async (): Promise<void> => {
    for (const schedule of await schedules()) {
      if (isStopped()) return;
      await addDue(schedule).catch((error: unknown) => onFailed(schedule.id, error));
    }
  };
  const look = (): Promise<void> => {
    looking = looking.then(lookNow).catch((error: unknown) => onFailed(undefined, error));
    return looking;
  };
  const lookLater = () => {
    timer = setTimeout(async () => {
      await look();
      if (!isStopped()) lookLater();
    }, pauseMs);
  };

  await look();
  if (!isStopped()) lookLater();
  return {
    look,
    async stop() {
      hasStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
