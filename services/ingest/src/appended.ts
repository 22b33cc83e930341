import { type NewRecord, partitionOf } from '@holdfast/log';

/** Where records of a trial went: of one partition, the first and the last offset. */
export type Appended = {
  readonly trial: string;
  readonly partition: number;
  readonly first: number;
  readonly last: number;
};

/** Where the records of one append went, by partition. */
export function placesOf(
  trial: string,
  partitions: number,
  records: readonly NewRecord[],
  offsets: readonly number[],
): readonly Appended[] {
  const places = new Map<number, Appended>();
  for (const [i, { key, partition = partitionOf(key, partitions) }] of records.entries()) {
    const offset = offsets[i] ?? 0;
    const { first = offset, last = offset } = places.get(partition) ?? {};
    places.set(partition, { trial, partition, first: Math.min(first, offset), last: Math.max(last, offset) });
  }
  return [...places.values()].sort((a, b) => a.partition - b.partition);
}
