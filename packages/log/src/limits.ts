import type { BatchBounds, NewRecord, TopicSpec } from './event-log.ts';
import { InvalidRequest, NoSuchTopic } from './log-errors.ts';
import { partitionOf } from './partition-of.ts';

/** The largest record (key and value), just under what a Kafka broker takes by default: what one adapter accepts, every adapter does. */
export const maxRecordBytes = 1_000_000;

const plainName = /^[A-Za-z0-9._-]{1,200}$/;

/** Kafka's rules for names, checked in every adapter: a trial set up on a laptop can move to the cluster. */
export function checkTopic({ name, partitions, access }: TopicSpec): void {
  if (!plainName.test(name) || name === '.' || name === '..')
    throw new InvalidRequest(
      `'${name}' cannot be a topic: use 1 to 200 letters, digits, dots, underscores and hyphens`,
    );
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 1024)
    throw new InvalidRequest(`topic ${name} cannot have ${partitions} partitions: use 1 to 1024`);
  if (access !== 'open' && access !== 'closed')
    throw new InvalidRequest(`topic ${name} cannot have access '${access}': it is open or closed`);
}

export function checkGroup(group: string): void {
  if (!plainName.test(group))
    throw new InvalidRequest(
      `'${group}' cannot be a group: use 1 to 200 letters, digits, dots, underscores and hyphens`,
    );
}

/** Also what a topic without this partition answers to `read`. */
export function checkPartition({ name, partitions }: TopicSpec, partition: number): void {
  if (!Number.isInteger(partition) || partition < 0 || partition >= partitions)
    throw new NoSuchTopic(`topic ${name} has no partition ${partition}: it has 0 to ${partitions - 1}`);
}

/** The partition that a new record goes to. */
export function placeOf(topic: TopicSpec, record: NewRecord): number {
  if (record.partition === undefined) return partitionOf(record.key, topic.partitions);
  checkPartition(topic, record.partition);
  return record.partition;
}

export function checkBounds({ records, bytes }: BatchBounds): void {
  if (!(records >= 1) || !(bytes >= 1))
    throw new InvalidRequest(
      `a batch of at most ${records} records and ${bytes} bytes holds nothing: allow at least 1 of each`,
    );
}

export function checkOffset(topic: TopicSpec, partition: number, offset: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new InvalidRequest(
      `${offset} is not an offset (topic ${topic.name}, partition ${partition}): use a whole number from 0`,
    );
}

/** The size of a record (key and value). */
export function checkSize({ name }: TopicSpec, { key, value }: NewRecord): number {
  const bytes = Buffer.byteLength(key) + value.byteLength;
  if (bytes > maxRecordBytes)
    throw new InvalidRequest(
      `a record for topic ${name} has ${bytes} bytes, more than ${maxRecordBytes}: split what it says`,
    );
  return bytes;
}
