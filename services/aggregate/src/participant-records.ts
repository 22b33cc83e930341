import { crc32 } from 'node:zlib';
import type { Protocol } from '@holdfast/events';
import { type EventLog, type LogRecord, partitionOf, recordsBetween } from '@holdfast/log';
import { topicsOf } from '@holdfast/trials';

/** What was read of one participant's log records, in the order of the log. */
export type ParticipantRecords<T> = { readonly participant: string; readonly records: readonly T[] };

export type ParticipantRecordsOptions<T> = {
  /** Only this participant. */
  readonly participant?: string;
  /** What is kept of a record while its participant's others are gathered. */
  readonly read: (record: LogRecord) => Promise<T> | T;
  /** Shown each of Holdfast's own records, such as a day that turned. */
  readonly onOwnRecord?: (record: LogRecord) => void;
  /** Records held at once, about. A larger partition is read several times, each time for a part of its participants. */
  readonly held?: number;
};

/**
 * A trial's log by participant, up to the ends that it had when asked: every record of one participant at a time, while only a
 * part of them is in memory. Participants come in no particular order.
 */
export async function* participantRecords<T>(
  log: EventLog,
  protocol: Protocol,
  ends: readonly number[],
  { participant, read, onOwnRecord = () => {}, held = 100_000 }: ParticipantRecordsOptions<T>,
): AsyncGenerator<ParticipantRecords<T>> {
  const topic = topicsOf(protocol).events.name;
  const only = participant === undefined ? undefined : partitionOf(participant, ends.length);
  for (const [partition, end] of ends.entries()) {
    if (only !== undefined && only !== partition) continue;
    const parts = participant === undefined ? Math.max(1, Math.ceil(end / held)) : 1;
    // The remainder by the number of partitions is the same for all of them.
    const partOf = (key: string) => Math.floor(crc32(key) / ends.length) % parts;
    for (let part = 0; part < parts; part += 1) {
      const gathered = new Map<string, T[]>();
      for await (const batch of recordsBetween(log, topic, partition, { end })) {
        for (const record of batch) {
          if (record.key === '') {
            if (part === 0) onOwnRecord(record);
            continue;
          }
          if (participant === undefined ? partOf(record.key) !== part : record.key !== participant) continue;
          const known = gathered.get(record.key);
          const outcome = read(record);
          const one = outcome instanceof Promise ? await outcome : outcome;
          if (known === undefined) gathered.set(record.key, [one]);
          else known.push(one);
        }
      }
      for (const [name, records] of gathered) {
        gathered.delete(name);
        yield { participant: name, records };
      }
    }
  }
}
