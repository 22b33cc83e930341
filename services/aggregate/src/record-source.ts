import { type EventLog, type LogRecord, recordsBetween } from '@holdfast/log';
import type { ObjectStore } from '@holdfast/objects';
import { type ArchivedRecord, recordsOfSegment } from '@holdfast/shards';
import { CutRefused, type DataCut, type TrialLog, topicsOf } from '@holdfast/trials';
import { envelopeOf } from './envelope.ts';

/** A trial's log records in order, by partition, wherever they are kept: all before `ends`. */
export type RecordSource = {
  readonly ends: readonly number[];
  read(partition: number): AsyncIterable<readonly LogRecord[]>;
};

/** The log as it is now. */
export async function fromLog(log: EventLog, trial: TrialLog): Promise<RecordSource> {
  const topic = topicsOf(trial).events.name;
  const ends = await log.ends(topic);
  return {
    ends,
    read: (partition) => recordsBetween(log, topic, partition, { end: ends[partition] ?? 0 }),
  };
}

/** An archived record as it was in the log. */
export function loggedRecord(partition: number, { offset, record }: ArchivedRecord): LogRecord {
  return { partition, offset, key: envelopeOf(record).subject ?? '', value: Buffer.from(record, 'utf8') };
}

type Pinned = Pick<DataCut, 'trial' | 'name' | 'segments'> & { readonly marks: readonly number[] };

/** What a cut pinned, from the archive alone: a cut can be read where the log is gone. */
export function fromArchive(objects: ObjectStore, { trial, name, marks, segments }: Pinned): RecordSource {
  return {
    ends: marks,
    async *read(partition) {
      const end = marks[partition] ?? 0;
      for (const segment of segments.filter((one) => one.partition === partition)) {
        const bytes = await objects.get(segment.key);
        if (bytes === undefined)
          throw new CutRefused(
            `cut ${name} of ${trial} lacks archive segment ${segment.key}; restore it from a backup`,
          );
        const head = await objects.head(segment.key);
        if (head?.sha256 !== segment.sha256)
          throw new CutRefused(
            `archive segment ${segment.key} is not the one that cut ${name} of ${trial} pinned; restore it from a backup`,
          );
        const records = await recordsOfSegment(bytes);
        yield records.filter(({ offset }) => offset < end).map((record) => loggedRecord(partition, record));
      }
    },
  };
}
