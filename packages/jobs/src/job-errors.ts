/** The codes of every error a job queue throws on purpose; callers switch on them. */
export type JobQueueErrorCode =
  | 'HF_INVALID_JOB'
  | 'HF_INVALID_SCHEDULE'
  | 'HF_NO_SUCH_JOB'
  | 'HF_JOB_QUEUE_IN_USE'
  | 'HF_JOB_QUEUE_UNAVAILABLE';

/** What went wrong with a job queue. The message says what, where, and what to do; whoever throws decides whether trying again can help. */
export abstract class JobQueueError extends Error {
  abstract readonly code: JobQueueErrorCode;
  readonly retryable: boolean = false;
  override get name(): string {
    return this.constructor.name;
  }
}

/** No queue can take this job. A mistake of the caller. */
export class InvalidJob extends JobQueueError {
  readonly code = 'HF_INVALID_JOB';
}

/** The schedule cannot be read, or its time never comes. */
export class InvalidSchedule extends JobQueueError {
  readonly code = 'HF_INVALID_SCHEDULE';
}

/** The queue knows no job of this id, or none that can be cancelled or run again by itself: children go with their parent. */
export class NoSuchJob extends JobQueueError {
  readonly code = 'HF_NO_SUCH_JOB';
}

/** Another live process (or another instance in this one) runs the jobs of this queue. */
export class JobQueueInUse extends JobQueueError {
  readonly code = 'HF_JOB_QUEUE_IN_USE';
  override readonly retryable = true;
}

/** The queue cannot be read or written, or not any more: permissions, damage, no connection, unsafe settings of its server, already closed. */
export class JobQueueUnavailable extends JobQueueError {
  readonly code = 'HF_JOB_QUEUE_UNAVAILABLE';
  override readonly retryable: boolean;
  constructor(message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.retryable = options.retryable ?? false;
  }
}
