import type { BatchBounds, EventLog, LogRecord } from './event-log.ts';
import { LogUnavailable } from './log-errors.ts';

/** Enough that a call costs little against its records, and little enough to be held beside what is made of them. */
const usual: BatchBounds = { records: 5_000, bytes: 8_000_000 };

export type Between = {
  readonly from?: number;
  /** As `ends` told it. Whoever goes on from here later takes everything before it for seen, so less is an error. */
  readonly end?: number;
  /** What is read at once. */
  readonly most?: BatchBounds;
};

/** The records of a partition from offset `from` to before `end` (without it: as far as the log goes), a batch at a time, in order. */
export async function* recordsBetween(
  log: EventLog,
  topic: string,
  partition: number,
  { from = 0, end = Number.POSITIVE_INFINITY, most = usual }: Between = {},
): AsyncGenerator<readonly LogRecord[]> {
  for (let at = from; at < end; ) {
    const records = await log.read(topic, partition, at, most);
    const last = records.at(-1);
    if (last === undefined) {
      if (end === Number.POSITIVE_INFINITY) return;
      throw new LogUnavailable(
        `topic ${topic}, partition ${partition} has nothing from offset ${at} on, though it was to end at ${end}; ` +
          'try again, and if it stays so, restore the log that had it',
        { retryable: true },
      );
    }
    yield last.offset < end ? records : records.filter(({ offset }) => offset < end);
    at = last.offset + 1;
  }
}
