import { setTimeout as pause } from 'node:timers/promises';
import { InvalidRequest, LogError, LogUnavailable, NoSuchTopic } from '../log-errors.ts';

type KafkaError = Error & { readonly type?: string; readonly retriable?: boolean; readonly errors?: readonly Error[] };

/** KafkaJS wraps what happened, sometimes twice; this is what happened. */
function rootOf(error: unknown): KafkaError {
  let root = error as KafkaError;
  for (;;) {
    const inner = root.errors?.[0] ?? root.cause;
    if (!(inner instanceof Error)) return root;
    root = inner as KafkaError;
  }
}

/** Kafka's name of what went wrong, such as `NOT_LEADER_FOR_PARTITION`; undefined if Kafka has not answered. */
export function kafkaErrorType(error: unknown): string | undefined {
  return error instanceof LogError ? undefined : rootOf(error).type;
}

/** Whether it can go by itself: a leader that moves, a broken connection. Mistakes of ours and refused access do not. */
export function isPassing(error: unknown): boolean {
  if (error instanceof LogError) return error.retryable;
  const root = rootOf(error);
  return root.retriable !== false && !['TypeError', 'RangeError', 'ReferenceError'].includes(root.name);
}

/** The same for a topic that was made just now: not every broker may know it yet. */
export function isPassingForNew(error: unknown): boolean {
  return error instanceof NoSuchTopic || isPassing(error);
}

const asked = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
]);

/** The error of the log that says it. `what` was being done: "append to topic t". */
export function asLogError(what: string, error: unknown): LogError {
  if (error instanceof LogError) return error;
  const { type, message } = rootOf(error);
  if (type !== undefined && asked.has(type))
    return new InvalidRequest(`Kafka refuses to ${what}: ${message} (${type})`, { cause: error });
  const retryable = isPassing(error);
  const advice = retryable
    ? 'check that its brokers run and can be reached, then try again'
    : "check this client's access, and the cluster";
  return new LogUnavailable(`Kafka could not ${what}: ${message}${type ? ` (${type})` : ''}; ${advice}`, {
    cause: error,
    retryable,
  });
}

/** What did not answer in time is given up, though it may still happen. */
async function within<T>(ms: number, act: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLate = pause(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error('no answer before patience ended');
  });
  try {
    return await Promise.race([act(), tooLate]);
  } finally {
    over.abort();
  }
}

/** Does it again, ever more slowly, as long as the error may pass and patience lasts. */
export async function persist<T>(
  what: string,
  patienceMs: number,
  act: () => Promise<T>,
  mayPass: (error: unknown) => boolean = isPassing,
): Promise<T> {
  const giveUp = performance.now() + patienceMs;
  for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
    try {
      return await within(giveUp - performance.now(), act);
    } catch (error) {
      if (!mayPass(error) || performance.now() + wait > giveUp) throw asLogError(what, error);
    }
    await pause(wait);
  }
}
