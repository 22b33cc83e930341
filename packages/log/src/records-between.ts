import type { EventLog, LogRecord } from './event-log.ts';

/** Enough that a call costs little against its records, and little enough to be held beside what is made of them. */
const most = { records: 5_000, bytes: 8_000_000 };

/** The records of a partition from offset `from` to before `end` (without it: as far as the log goes), a batch at a time, in order. */
export async function* recordsBetween(
  log: EventLog,
  topic: string,
  partition: number,
  { from = 0, end = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly end?: number } = {},
): AsyncGenerator<readonly LogRecord[]> {
  for (let at = from; at < end; ) {
    const records = await log.read(topic, partition, at, most);
    const last = records.at(-1);
    if (last === undefined) return;
    yield last.offset < end ? records : records.filter(({ offset }) => offset < end);
    at = last.offset + 1;
  }
}
