import type { Protocol } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import type { ObjectHead, ObjectStore } from '@holdfast/objects';
import { type ArchivedRecord, recordsOfSegment, segmentOf } from '@holdfast/shards';
import type { DataCut } from '@holdfast/trials';
import { contentsOf } from './cut-contents.ts';
import { fromArchive, loggedRecord } from './record-source.ts';

/** A segment of a trial's archive that holds what is to be left out. */
export type SegmentWith = {
  readonly key: string;
  readonly partition: number;
  readonly left: readonly ArchivedRecord[];
  /** How many records are to be left out. */
  readonly out: number;
};

const segmentKey = /^(.*\/(\d{4,})\/\d{12,}-\d{12,})(?:\.r\d+)?\.parquet$/;

/** The segments in a trial's archive, of all the logs that it had, in which there are such records. */
export async function* segmentsWith(
  objects: ObjectStore,
  trial: string,
  isOut: (record: LogRecord) => boolean,
): AsyncGenerator<SegmentWith> {
  const keys: string[] = [];
  for await (const key of objects.list(`archive/${trial}/`)) keys.push(key);
  for (const key of keys) {
    const [, , folder] = segmentKey.exec(key) ?? [];
    const bytes = folder === undefined ? undefined : await objects.get(key);
    if (bytes === undefined) continue;
    const partition = Number(folder);
    const records = await recordsOfSegment(bytes);
    const left = records.filter((record) => !isOut(loggedRecord(partition, record)));
    if (left.length < records.length) yield { key, partition, left, out: records.length - left.length };
  }
}

/** Writes a segment again without what is left out, beside it, under a name that says in which edition of the log that was. */
export async function writeSegmentAgain(
  objects: ObjectStore,
  trial: string,
  edition: number,
  { key, partition, left }: SegmentWith,
): Promise<ObjectHead> {
  const [, name = ''] = segmentKey.exec(key) ?? [];
  const again = `${name}.r${edition}.parquet`;
  return (await objects.head(again)) ?? objects.put(again, await segmentOf({ trial, partition }, left));
}

/** A cut as it is on other segments in the place of some of its own (by their keys): of what it holds then, dates and marks unchanged. */
export async function cutOnOthers(
  objects: ObjectStore,
  cut: DataCut,
  others: ReadonlyMap<string, ObjectHead>,
  protocol: Protocol,
  { edition, at }: { readonly edition: number; readonly at: Date },
): Promise<DataCut> {
  const segments = cut.segments.map((segment) => ({ ...segment, ...others.get(segment.key) }));
  const selection = { asOf: cut.asOf ?? undefined, cutOff: cut.cutOff ?? undefined };
  const { events, openDigest, digest } = await contentsOf(
    fromArchive(objects, { ...cut, segments }),
    protocol,
    selection,
  );
  const before = { events: cut.events, openDigest: cut.openDigest };
  const rewritten = [...(cut.rewritten ?? []), { edition, at: at.toISOString(), before }];
  return { ...cut, segments, events, openDigest, digest, rewritten };
}
