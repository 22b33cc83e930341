import type { BatchBounds, LogRecord } from '../event-log.ts';
import { OffsetOutOfRange } from '../log-errors.ts';
import type { Connection } from './connection.ts';
import { kafkaErrorType, persist } from './kafka-errors.ts';
import type { Broker, Fetched } from './kafkajs-parts.ts';
import type { Topic } from './topics.ts';

/** Compressed, of one partition at a time: unpacked it may be ten times as much. A broker gives one batch at least. */
const partitionBytes = 512 * 1024;
const fetchBytes = 8 * 1024 * 1024;
/** We use no transactions, so there is nothing uncommitted. */
const readUncommitted = 0;
const latest = -1;

/**
 * Asks one broker for records of partitions that it leads, from their offsets on; waits for some at most so long. Where it brings nothing, the
 * offset to go on from is as it was.
 */
export async function fetchFrom(
  broker: Broker,
  topic: Topic,
  froms: ReadonlyMap<number, number>,
  maxWaitMs: number,
): Promise<readonly Fetched[]> {
  const partitions = [...froms].map(([partition, from]) => ({
    partition,
    fetchOffset: String(from),
    maxBytes: partitionBytes,
  }));
  const { responses } = await broker.fetch({
    topics: [{ topic: topic.name, partitions }],
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: fetchBytes,
    isolationLevel: readUncommitted,
  });
  return responses
    .flatMap((response) => response.partitions)
    .map(({ partition, records, next, end }) => {
      const from = froms.get(partition) ?? 0;
      // A broker sends whole batches, also what lies before the offset.
      const isWhole = (records[0]?.offset ?? from) >= from;
      return {
        partition,
        records: isWhole ? records : records.filter(({ offset }) => offset >= from),
        next: Math.max(from, next),
        end,
      };
    });
}

export const sizeOf = ({ key, value }: LogRecord): number => Buffer.byteLength(key) + value.byteLength;

/** How many of the records a batch may hold. */
export function countWithin(records: readonly LogRecord[], most: BatchBounds): number {
  let [count, bytes] = [0, 0];
  for (const record of records) {
    bytes += sizeOf(record);
    if (count >= most.records || (count > 0 && bytes > most.bytes)) break;
    count += 1;
  }
  return count;
}

export function outOfRange(topic: Topic, partition: number, offset: number, cause: unknown): OffsetOutOfRange {
  return new OffsetOutOfRange(
    `topic ${topic.name} on Kafka, partition ${partition} has no offset ${offset}: ` +
      'the offset comes from another log, or this one was replaced by an older copy; restore the right one, or start over',
    { cause },
  );
}

export async function readFrom(
  connection: Connection,
  topic: Topic,
  partition: number,
  from: number,
  most: BatchBounds,
  patienceMs: number,
): Promise<readonly LogRecord[]> {
  return persist(`read topic ${topic.name}`, patienceMs, async () => {
    try {
      for (let at = from; ; ) {
        const [[broker] = []] = await connection.byLeader(topic.name, [partition]);
        const [fetched] = broker ? await fetchFrom(broker, topic, new Map([[partition, at]]), 0) : [];
        if (!broker || !fetched) throw new Error(`Kafka answers nothing about partition ${partition}`);
        if (fetched.records.length > 0) return fetched.records.slice(0, countWithin(fetched.records, most));
        if (fetched.next === at) {
          // A new leader gives nothing, and calls that no error, before it knows how far the log goes: nothing is the end only where the
          // leader can name it.
          const end = (await endsAt(broker, topic, [partition])).get(partition);
          if (end === at) return [];
          throw new Error(
            `the leader of partition ${partition} gives nothing at offset ${at}, and says it ends at ${end}`,
          );
        }
        at = fetched.next; // only Kafka's own marks there
      }
    } catch (error) {
      if (kafkaErrorType(error) === 'OFFSET_OUT_OF_RANGE') throw outOfRange(topic, partition, from, error);
      connection.forget(topic.name);
      throw error;
    }
  });
}

/** The ends of partitions as their leader knows them. */
async function endsAt(
  broker: Broker,
  topic: Topic,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const { responses } = await broker.listOffsets({
    topics: [{ topic: topic.name, partitions: partitions.map((partition) => ({ partition, timestamp: latest })) }],
  });
  // In no order: by number, never by place.
  return new Map(responses.flatMap((one) => one.partitions.map((end) => [end.partition, Number(end.offset)] as const)));
}

export async function endsOf(
  connection: Connection,
  topic: Topic,
  patienceMs: number,
  mayPass?: (error: unknown) => boolean,
): Promise<readonly number[]> {
  const all = Array.from({ length: topic.partitions }, (_, partition) => partition);
  async function ask(): Promise<readonly number[]> {
    try {
      const byLeader = await connection.byLeader(topic.name, all);
      const answers = await Promise.all([...byLeader].map(([broker, led]) => endsAt(broker, topic, led)));
      const ends = new Map(answers.flatMap((answer) => [...answer]));
      return all.map((partition) => {
        const end = ends.get(partition);
        if (end === undefined) throw new Error(`Kafka says no end of partition ${partition}`);
        return end;
      });
    } catch (error) {
      connection.forget(topic.name);
      throw error;
    }
  }
  return persist(`read the ends of topic ${topic.name}`, patienceMs, ask, mayPass);
}
