/** The codes of every error a log throws on purpose; callers switch on them. */
export type LogErrorCode =
  | 'HF_TOPIC_MISMATCH'
  | 'HF_NO_SUCH_TOPIC'
  | 'HF_OFFSET_OUT_OF_RANGE'
  | 'HF_INVALID_REQUEST'
  | 'HF_LOG_FULL'
  | 'HF_STORE_IN_USE'
  | 'HF_LOG_UNAVAILABLE';

/** What went wrong with a log. The message says what, where, and what to do; whoever throws decides whether trying again can help. */
export abstract class LogError extends Error {
  abstract readonly code: LogErrorCode;
  readonly retryable: boolean = false;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A topic of this name exists with other partitions or other access. Keys would move, or closed data would stand open: never repaired silently. */
export class TopicMismatch extends LogError {
  readonly code = 'HF_TOPIC_MISMATCH';
}

/** The topic, or that partition of it, does not exist. */
export class NoSuchTopic extends LogError {
  readonly code = 'HF_NO_SUCH_TOPIC';
}

/** The offset lies past the end (or, where old records are deleted, before the beginning): the log is not the one that the offset came from. */
export class OffsetOutOfRange extends LogError {
  readonly code = 'HF_OFFSET_OUT_OF_RANGE';
}

/** What was asked for can never be done: a record too large, an impossible topic name, bounds that admit nothing. A mistake of the caller. */
export class InvalidRequest extends LogError {
  readonly code = 'HF_INVALID_REQUEST';
}

/** No room to append. Nothing of the call was written and everything written before is still readable. */
export class LogFull extends LogError {
  readonly code = 'HF_LOG_FULL';
  override readonly retryable = true;
}

/** Another live process (or another instance in this one) already has members of this group on this topic. */
export class StoreInUse extends LogError {
  readonly code = 'HF_STORE_IN_USE';
  override readonly retryable = true;
}

/** The log cannot be opened, or no longer be used: permissions, damage, a newer format, a broken disk or connection, already closed. */
export class LogUnavailable extends LogError {
  readonly code = 'HF_LOG_UNAVAILABLE';
  override readonly retryable: boolean;
  constructor(message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.retryable = options.retryable ?? false;
  }
}
