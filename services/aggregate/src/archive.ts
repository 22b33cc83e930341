import { type EventLog, type LogRecord, recordsBetween } from '@holdfast/log';
import type { ObjectStore } from '@holdfast/objects';
import { type ArchivedRecord, lastOfSegment, segmentOf } from '@holdfast/shards';
import { CutRefused, type Segment, type TrialLog, topicsOf } from '@holdfast/trials';
import { recordAt } from './contradiction.ts';
import { logNameOf, padded } from './log-name.ts';

/** A segment ends when it holds so many records or bytes, or with a `cut-marked`: the log alone decides, so every owner writes the same. */
export type SegmentBounds = { readonly records: number; readonly bytes: number };
export const usualBounds: SegmentBounds = { records: 100_000, bytes: 48_000_000 };

const decoder = new TextDecoder();
/** Canonical JSON ends with the type: no event of a participant can end like this. */
const markEnd = Buffer.from('"type":"org.holdfast.cut-marked.v1"}');

export function isMark({ value }: LogRecord): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).subarray(-markEnd.length).equals(markEnd);
}

const segmentName = /\/(\d{12,})-(\d{12,})\.parquet$/;

type Place = { readonly trial: string; readonly folder: string; readonly topic: string; readonly partition: number };

async function placeOf(log: EventLog, trial: string, topic: string, partition: number): Promise<Place> {
  const logName = logNameOf(await log.topicId(topic));
  return { trial, partition, topic, folder: `archive/${trial}/${logName}/${padded(partition, 4)}/` };
}

type Run = { readonly from: number; readonly next: number; readonly key: string };

/** The archived segments of a partition that follow one another from offset 0, as their keys name them. */
async function archived(objects: ObjectStore, { folder }: Place): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const key of objects.list(folder)) {
    const [, first, after] = segmentName.exec(key) ?? [];
    const [from, next] = [Number(first), Number(after)];
    if (first !== undefined && from === (runs.at(-1)?.next ?? 0)) runs.push({ from, next, key });
  }
  return runs;
}

/** The archive of a log holds what the log has not; nothing is added to it. The message says what to do. */
export class ArchiveContradicted extends Error {
  readonly code = 'HF_ARCHIVE_CONTRADICTED';
  override readonly name = 'ArchiveContradicted';
}

/**
 * Refuses an archive that the log contradicts: one that was replaced by an older copy, or lost its newest records, ends before the last record
 * archived or has another one there. A segment that went on from it, and a cut of both, would be of no log that ever was.
 */
async function refuseContradicted(
  log: EventLog,
  objects: ObjectStore,
  place: Place,
  runs: readonly Run[],
): Promise<void> {
  const last = runs.at(-1);
  const bytes = last && (await objects.get(last.key));
  if (last === undefined || bytes === undefined) return;
  const archived = await lastOfSegment(bytes);
  const logged = await recordAt(log, place.topic, place.partition, last.next - 1);
  if (logged && archived?.offset === logged.offset && archived.record === decoder.decode(logged.value)) return;
  throw new ArchiveContradicted(
    `the archive of ${place.trial} holds up to offset ${last.next} of partition ${place.partition} what its log has not (${last.key}): the log was ` +
      'replaced by an older copy, or lost its newest records. Nothing more is archived and no cut can be made; cuts made before stay readable. ' +
      'Restore the log that has these records; if there is none, send them again (the segments hold them), then rewrite the log to another number of ' +
      `partitions (\`holdfast rewrite --trial ${place.trial} --partitions N\`), which gives it an archive of its own`,
  );
}

/** How much of a log lies somewhere, not counting keys. */
export type Amount = { readonly records: number; readonly bytes: number };
type Read = { readonly records: readonly LogRecord[]; readonly bytes: number; readonly isComplete: boolean };

/** The records of the segment that begins at `from`, of those before `end`; and whether it is complete. */
async function nextSegment(
  { log, most, isStopped }: Archiving,
  { partition, topic }: Place,
  from: number,
  end: number,
): Promise<Read> {
  const records: LogRecord[] = [];
  let bytes = 0;
  for await (const read of recordsBetween(log, topic, partition, { from, end })) {
    if (isStopped?.()) break;
    for (const record of read) {
      records.push(record);
      bytes += record.value.length;
      if (records.length >= most.records || bytes >= most.bytes || isMark(record))
        return { records, bytes, isComplete: true };
    }
  }
  return { records, bytes, isComplete: false };
}

type Archiving = {
  readonly log: EventLog;
  readonly objects: ObjectStore;
  readonly most: SegmentBounds;
  /** Asked on the way; then nothing is written any more. */
  readonly isStopped?: () => boolean;
};

/** Writes the segment that begins at an offset, if it is complete before `end`; else says how much there is. */
async function writeNext(
  archiving: Archiving,
  place: Place,
  from: number,
  end: number,
): Promise<{ readonly segment?: Segment; readonly rest: Amount }> {
  const { records, bytes, isComplete } = await nextSegment(archiving, place, from, end);
  const last = records.at(-1);
  if (!isComplete || last === undefined) return { rest: { records: records.length, bytes } };
  const body = await segmentOf(place, archivedRecords(records));
  const next = last.offset + 1;
  const key = `${place.folder}${padded(from, 12)}-${padded(next, 12)}.parquet`;
  const head = await archiving.objects.put(key, body);
  return { segment: { partition: place.partition, from, next, ...head }, rest: { records: 0, bytes: 0 } };
}

/** One at a time: as text they are as large again. */
function* archivedRecords(records: readonly LogRecord[]): Generator<ArchivedRecord> {
  for (const { offset, value } of records) yield { offset, record: decoder.decode(value) };
}

/**
 * Archives the next complete segment of a partition before `end`; without one, says how much lies after what is archived. `known`: where the
 * archive ended when the caller last heard; if it ends there still it is not compared with the log again.
 */
export async function archiveNext(
  archiving: Archiving,
  trial: TrialLog,
  partition: number,
  end: number,
  known?: number,
): Promise<{ readonly segment?: Segment; readonly rest: Amount; readonly known: number }> {
  const place = await placeOf(archiving.log, trial.trial, topicsOf(trial).events.name, partition);
  const runs = await archived(archiving.objects, place);
  const from = runs.at(-1)?.next ?? 0;
  if (from !== known) await refuseContradicted(archiving.log, archiving.objects, place, runs);
  const written = await writeNext(archiving, place, from, end);
  return { ...written, known: written.segment?.next ?? from };
}

/**
 * Archives a trial's log up to these ends (offsets, by partition), and answers the segments that hold it, in order. What is there
 * already is left; only complete segments are written, so ends that no segment ends at are not reached.
 */
export async function archiveUpTo(
  log: EventLog,
  objects: ObjectStore,
  trial: TrialLog,
  ends: readonly number[],
  most: SegmentBounds = usualBounds,
): Promise<Segment[]> {
  const topic = topicsOf(trial).events.name;
  const all: Segment[] = [];
  for (const [partition, end] of ends.entries()) {
    const place = await placeOf(log, trial.trial, topic, partition);
    let at = 0;
    const runs = await archived(objects, place);
    await refuseContradicted(log, objects, place, runs);
    for (const { from, next, key } of runs) {
      if (next > end) break;
      const head = await objects.head(key);
      if (head === undefined) break;
      all.push({ partition, from, next, ...head });
      at = next;
    }
    while (at < end) {
      const { segment } = await writeNext({ log, objects, most }, place, at, end);
      if (segment === undefined) break;
      all.push(segment);
      at = segment.next;
    }
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
