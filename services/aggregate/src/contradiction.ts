import { hash } from 'node:crypto';
import { type EventLog, type LogRecord, OffsetOutOfRange } from '@holdfast/log';
import type { TakenIn } from '@holdfast/shards';

/** The log is not the one, or no longer all of it, that a shard was made of: opened again, the shard is made anew. */
export class ShardContradicted extends Error {
  readonly code = 'HF_SHARD_CONTRADICTED';
  override readonly name = 'ShardContradicted';
}

/** Names a record by its bytes. */
export const recordDigest = (value: Uint8Array): string => hash('sha256', value, 'hex');

/** The record at an offset; undefined if the log ends before it, or has none there. */
export async function recordAt(
  log: EventLog,
  topic: string,
  partition: number,
  offset: number,
): Promise<LogRecord | undefined> {
  try {
    const [record] = await log.read(topic, partition, offset, { records: 1, bytes: 1 });
    return record?.offset === offset ? record : undefined;
  } catch (error) {
    if (error instanceof OffsetOutOfRange) return undefined;
    throw error;
  }
}

/**
 * In which way a log contradicts what was taken in of it, in words; undefined if it does not. A log that was replaced by an older copy, or
 * lost its newest records, ends before it, or has grown since and has other records there. One record tells: its place, and when it was received,
 * make it unlike any other.
 */
export async function contradiction(
  log: EventLog,
  topic: string,
  partition: number,
  { offset, lastRecord }: TakenIn,
): Promise<string | undefined> {
  if (offset === 0) return undefined;
  const record = await recordAt(log, topic, partition, offset - 1);
  if (record === undefined) return `the log has no record at offset ${offset - 1}, which was folded`;
  if (recordDigest(record.value) !== lastRecord)
    return `the log has another record at offset ${offset - 1} than the one that was folded`;
  return undefined;
}
