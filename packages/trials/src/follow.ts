import type { EventLog, LogRecord, TopicSpec } from '@holdfast/log';
import { recordsBetween } from '@holdfast/log';

/** Following a topic until it is stopped. */
export type Following = { stop(): void };

export type FollowOptions = {
  /** Told when the topic can no longer be read, once until it can again; it is tried again after each pause. */
  readonly failed?: (error: unknown) => void;
  readonly pauseMs?: number;
};

/**
 * Follows a topic of one partition, also one that nobody has created yet. Resolves when all that was there is taken; what comes
 * later, from whatever process, is taken within `pauseMs`. Where `take` fails, the same records are given again.
 */
export async function follow(
  log: EventLog,
  { name }: TopicSpec,
  take: (records: readonly LogRecord[]) => void | Promise<void>,
  { failed = () => undefined, pauseMs = 200 }: FollowOptions = {},
): Promise<Following> {
  let from = 0;
  let exists = false;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isFailing = false;

  const look = async () => {
    exists ||= (await log.topics()).some((topic) => topic.name === name);
    if (!exists) return;
    const [end = 0] = await log.ends(name);
    if (end <= from) return;
    for await (const records of recordsBetween(log, name, 0, { from })) {
      if (isStopped) return;
      await take(records);
      from = (records.at(-1)?.offset ?? from) + 1;
    }
  };
  const lookLater = () => {
    timer = setTimeout(async () => {
      try {
        await look();
        isFailing = false;
      } catch (error) {
        if (!isStopped && !isFailing) failed(error);
        isFailing = true;
      }
      if (!isStopped) lookLater();
    }, pauseMs).unref();
  };

  await look();
  lookLater();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
