import { sha256 } from '@holdfast/events';
import { type EventLog, type LogRecord, recordsBetween } from '@holdfast/log';
import type { ObjectStore } from '@holdfast/objects';
import { segmentOf } from '@holdfast/shards';
import { CutRefused, type Segment, topicsOf } from '@holdfast/trials';

/** A segment ends when it holds so many records or bytes, or with a `cut-marked`: the log alone decides, so every owner writes the same. */
export type SegmentBounds = { readonly records: number; readonly bytes: number };
const bounds: SegmentBounds = { records: 100_000, bytes: 48_000_000 };

const decoder = new TextDecoder();
/** Canonical JSON ends with the type: no event of a participant can end like this. */
const markEnd = Buffer.from('"type":"org.holdfast.cut-marked.v1"}');

function isMark({ value }: LogRecord): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).subarray(-markEnd.length).equals(markEnd);
}

const padded = (n: number, digits: number) => String(n).padStart(digits, '0');
const segmentName = /\/(\d{12,})-(\d{12,})\.parquet$/;

type Place = { readonly trial: string; readonly folder: string; readonly partition: number };

async function placeOf(log: EventLog, trial: string, topic: string, partition: number): Promise<Place> {
  // A topic that was made anew has other records at the same offsets: its segments lie apart.
  const logName = sha256(await log.topicId(topic)).slice(0, 16);
  return { trial, partition, folder: `archive/${trial}/${logName}/${padded(partition, 4)}/` };
}

/** The archived segments of a partition that follow one another from offset 0. */
async function archived(objects: ObjectStore, { folder, partition }: Place): Promise<Segment[]> {
  const segments: Segment[] = [];
  for await (const key of objects.list(folder)) {
    const [, first, after] = segmentName.exec(key) ?? [];
    const [from, next] = [Number(first), Number(after)];
    if (first === undefined || from !== (segments.at(-1)?.next ?? 0)) continue;
    const head = await objects.head(key);
    if (head !== undefined) segments.push({ partition, from, next, key, size: head.size, sha256: head.sha256 });
  }
  return segments;
}

/** The records of the segment that begins at `from`, of those before `end`; and whether it is complete. */
async function nextSegment(
  log: EventLog,
  topic: string,
  { partition }: Place,
  from: number,
  end: number,
  most: SegmentBounds,
): Promise<{ records: LogRecord[]; isComplete: boolean }> {
  const records: LogRecord[] = [];
  let bytes = 0;
  for await (const read of recordsBetween(log, topic, partition, { from, end })) {
    for (const record of read) {
      records.push(record);
      bytes += record.value.length;
      if (records.length >= most.records || bytes >= most.bytes || isMark(record)) return { records, isComplete: true };
    }
  }
  return { records, isComplete: false };
}

/**
 * Archives a trial's log up to these ends (offsets, by partition), and answers the segments that hold it, in order. What is there
 * already is left; only complete segments are written, so ends that no segment ends at are not reached.
 */
export async function archiveUpTo(
  log: EventLog,
  objects: ObjectStore,
  trial: { readonly trial: string; readonly partitions: number },
  ends: readonly number[],
  most: SegmentBounds = bounds,
): Promise<Segment[]> {
  const topic = topicsOf(trial).events.name;
  const all: Segment[] = [];
  for (const [partition, end] of ends.entries()) {
    const place = await placeOf(log, trial.trial, topic, partition);
    const segments = (await archived(objects, place)).filter(({ next }) => next <= end);
    for (let at = segments.at(-1)?.next ?? 0; at < end; ) {
      const { records, isComplete } = await nextSegment(log, topic, place, at, end, most);
      const last = records.at(-1);
      if (!isComplete || last === undefined) break;
      const body = await segmentOf(
        place,
        records.map(({ offset, value }) => ({ offset, record: decoder.decode(value) })),
      );
      const next = last.offset + 1;
      const head = await objects.put(`${place.folder}${padded(at, 12)}-${padded(next, 12)}.parquet`, body);
      segments.push({ partition, from: at, next, ...head });
      at = next;
    }
    all.push(...segments);
  }
  return all;
}

/** Refuses segments that do not hold all records up to and with these marks, by partition. */
export function checkReach(segments: readonly Segment[], marks: readonly number[]): void {
  for (const [partition, mark] of marks.entries()) {
    const reached = segments.filter((segment) => segment.partition === partition).at(-1)?.next ?? 0;
    if (reached <= mark)
      throw new CutRefused(
        `the archive of partition ${partition} ends at offset ${reached}, before the mark at ${mark}; the log lacks records`,
      );
  }
}
