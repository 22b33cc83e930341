import type { NewRecord } from '../event-log.ts';
import { checkSize, placeOf } from '../limits.ts';
import type { Connection } from './connection.ts';
import { persist } from './kafka-errors.ts';
import type { Topic } from './topics.ts';

/** A broker refuses a batch of more than 1 MiB, and takes one batch of a partition at a time. */
const batchBytes = 1_000_000;
/** What a record needs beside key and value, at most. */
const recordOverhead = 40;
const [uncompressed, gzip] = [0, 1];
/** Below this, compressing costs more than it saves. */
const worthCompressing = 2_000;
/** The broker answers only when all replicas in sync have the records. */
const allReplicas = -1;

type Batch = { readonly indices: number[]; bytes: number };

/**
 * Appends records and answers their offsets. What a leader has not acknowledged is sent again, to whoever leads by then, until all is
 * acknowledged or patience ends: KafkaJS's own producer forgets about a partition whose leader changes while it sends.
 */
export async function appendTo(
  connection: Connection,
  topic: Topic,
  records: readonly NewRecord[],
  patienceMs: number,
): Promise<readonly number[]> {
  const partitions = records.map((record) => placeOf(topic, record));
  const queues = new Map<number, Batch[]>();
  for (const [index, record] of records.entries()) {
    const bytes = checkSize(topic, record) + recordOverhead;
    const queue = queues.get(partitions[index] as number) ?? [];
    const last = queue.at(-1);
    if (last && last.bytes + bytes <= batchBytes) {
      last.indices.push(index);
      last.bytes += bytes;
    } else queue.push({ indices: [index], bytes });
    queues.set(partitions[index] as number, queue);
  }
  const offsets: number[] = new Array(records.length);

  /** One batch of each partition. */
  async function appendRound(round: number): Promise<void> {
    const left = new Map(
      [...queues].flatMap(([partition, queue]) => (queue[round] ? [[partition, queue[round]]] : [])),
    );
    await persist(`append to topic ${topic.name}`, patienceMs, async () => {
      const byLeader = await connection.byLeader(topic.name, [...left.keys()]);
      const outcomes = await Promise.allSettled(
        [...byLeader].map(async ([broker, led]) => {
          const batches = led.map((partition) => left.get(partition) as Batch);
          const answer = await broker.produce({
            topicData: [
              {
                topic: topic.name,
                partitions: led.map((partition, i) => ({
                  partition,
                  messages: (batches[i] as Batch).indices.map((index) => messageOf(records[index] as NewRecord)),
                })),
              },
            ],
            acks: allReplicas,
            timeout: 10_000,
            compression: batches.some(({ bytes }) => bytes > worthCompressing) ? gzip : uncompressed,
          });
          for (const { partition, baseOffset } of answer.topics[0]?.partitions ?? []) {
            left.get(partition)?.indices.forEach((index, i) => {
              offsets[index] = Number(baseOffset) + i;
            });
            left.delete(partition);
          }
        }),
      );
      if (left.size === 0) return;
      connection.forget(topic.name);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      throw failed?.reason ?? new Error(`no answer for partitions ${[...left.keys()]}`);
    });
  }

  const rounds = Math.max(0, ...[...queues.values()].map((queue) => queue.length));
  for (let round = 0; round < rounds; round += 1) await appendRound(round);
  return offsets;
}

function messageOf({ key, value }: NewRecord) {
  return { key: Buffer.from(key), value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}
