import type { JobQueueInUse } from './job-errors.ts';
import type { JobData, NewJob, Retry } from './new-job.ts';

/**
 * `waiting-for-children`: until all children have completed. `retrying`: the last try failed, the next is at `nextTryAt`. The other three that
 * are no work any more: `completed`, `given-up` (every try failed, or the last was not worth repeating; `reason` says why), `cancelled`.
 */
export type JobState =
  | 'waiting'
  | 'waiting-for-children'
  | 'running'
  | 'retrying'
  | 'completed'
  | 'given-up'
  | 'cancelled';

/** A job as it stands. */
export type Job = {
  readonly id: string;
  readonly kind: string;
  readonly data: JobData;
  readonly retry: Retry;
  /** Ids of its children, in the order in which they were added; a child has a `parent` instead. */
  readonly children: readonly string[];
  readonly parent?: string;
  readonly state: JobState;
  /** 0 to 1, as its handler says. */
  readonly progress: number;
  /** Tries begun that count: not those that were interrupted by a stop. */
  readonly tries: number;
  readonly addedAt: Date;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  readonly nextTryAt?: Date;
  /** Why the last try failed, or why the job was given up or cancelled. */
  readonly reason?: string;
  /** What the handler answered. */
  readonly result?: JobData;
};

/** What a handler has while it runs. */
export type Running = {
  /** Aborted when the job is cancelled or the worker stops. Whoever then rejects is cancelled, or put back as if it had not been tried. */
  readonly signal: AbortSignal;
  /** Says how far it is, 0 to 1. Costs nothing however often it is called: only the newest is written, a few times a second. */
  progress(done: number): void;
  /** What its children answered, by their names. */
  readonly children: ReadonlyMap<string, JobData>;
};

/**
 * Does one kind of job. It must be **idempotent**: after a death or a lost connection the same job is run again, maybe while the first run has
 * not ended. What it makes is written once, under a name that the job's data determine; it answers ids at most.
 *
 * An error that says `retryable: false` gives the job up at once; all others have it tried again as declared.
 */
export type Handler = (job: Job, running: Running) => Promise<JobData | undefined>;

export type WorkOptions = {
  /** Handlers running at once in this worker; 1 by default. They share one thread: what computes for long does so in a thread of its own. */
  readonly atOnce?: number;
  /** Told when the queue cannot be read or written meanwhile; the worker goes on trying. */
  readonly onTrouble: (error: unknown) => void;
};

/** Whoever runs jobs. */
export interface Worker {
  /**
   * Takes no more jobs, aborts the signals of those that run, and waits at most `graceMs` for their handlers. What has not ended by then is
   * let go of, to be run by others. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
  /** Resolves when it has ended without being stopped, because another process runs the jobs by now, with what says so. */
  readonly lost: Promise<JobQueueInUse>;
}

/**
 * Work that is done later, by whoever works on the queue: once for each id, again after failures, up to a declared end.
 *
 * The queue is **a hint, not the truth**: what has been made lies in the object store. A queue that was emptied loses nothing that adding
 * what is due does not bring back, and a job that is run twice makes the same thing twice.
 *
 * **Ids** make jobs unique as long as the queue remembers them: the newest 1,000 that have completed, and for 30 days the newest 1,000 of
 * those that were given up or cancelled.
 * **Death** of a worker's process: its jobs are run again by another one. A job whose workers died four times is given up.
 * **Data** are ids and numbers, in clear: never anything about a participant.
 *
 * Every error thrown on purpose is a `JobQueueError`. After `close` everything but `close` rejects with `JobQueueUnavailable`.
 */
export interface JobQueue {
  /**
   * Adds a job, with its children, all or nothing; resolves when it is as durable as the queue is. If the id is known nothing changes,
   * whatever became of that job. `InvalidJob` if it is no job.
   */
  add(job: NewJob): Promise<void>;

  /** A job or a child; undefined if the queue knows none of this id (any more). */
  find(id: string): Promise<Job | undefined>;

  /** All jobs that the queue knows, newest first, each followed by its children. */
  list(): Promise<readonly Job[]>;

  /**
   * Cancels a job that has not ended, with its children, for a reason: what waits never runs, what runs is told through its signal (at
   * the latest after two seconds) and is cancelled once its handler rejects. A handler that completes all the same has completed.
   */
  cancel(id: string, reason: string): Promise<void>;

  /** Runs a job that has ended as if it were new, its children too. Of any other nothing changes. */
  again(id: string): Promise<void>;

  /**
   * Runs jobs, each by the handler of its kind, until stopped. A kind without a handler fails as a handler does that throws.
   * `JobQueueInUse` where the adapter allows one process at a time and another one has it.
   */
  work(handlers: Readonly<Record<string, Handler>>, options: WorkOptions): Promise<Worker>;

  /** Whether some process runs its jobs now. One that has just died may still seem to. */
  isWorked(): Promise<boolean>;

  /** Stops its workers, with ten seconds of grace, and lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/** How long `close` waits for handlers. */
export const closingGraceMs = 10_000;
/** How many ended jobs a queue remembers, of those that completed and of the others; and those others for how long. */
export const remembered = { jobs: 1_000, days: 30 };
/** A job whose worker's process died so often is still run again. */
export const deathsSurvived = 3;
