import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeKafka } from '../../../../infra/native/kafka.mjs';
import { ownKafkaForTests } from '../../../../test/native-servers.ts';
import type { EventLog } from '../event-log.ts';
import { recordsBetween } from '../records-between.ts';
import { kafkaEventLog } from './kafka-event-log.ts';

const start = ownKafkaForTests();
const partitions = 6;

describe.skipIf(!start)('three brokers, one of which is killed', () => {
  let kafka: NativeKafka | undefined;
  let log: EventLog;
  beforeAll(async () => {
    kafka = await start?.(3);
    log = kafkaEventLog({ brokers: kafka?.brokers ?? [], clientId: 'test' });
  }, 240_000);
  afterAll(async () => {
    await log?.close();
    await kafka?.stop();
  });

  test('no acknowledged record is lost, and a member of a group gets all of them', async () => {
    const topic = 'events';
    await log.createTopic({ name: topic, partitions, access: 'open' });
    const [got, offsets] = [new Set<string>(), new Map<number, number>()];
    const membership = await log.join('g', topic, {
      assigned: async (partition) => offsets.get(partition) ?? 0,
      async batch(partition, records) {
        for (const { key } of records) got.add(key);
        offsets.set(partition, (records.at(-1)?.offset ?? -1) + 1);
      },
      revoked: async () => undefined,
    });

    // Four senders at work all the while: until well after the broker's death, when its partitions have found other leaders.
    const acknowledged: string[] = [];
    let isDone = false;
    async function sendAll(sender: number): Promise<void> {
      for (let call = 0; !isDone; call += 1) {
        const keys = Array.from({ length: 100 }, (_, i) => `${sender}-${call}-${i}`);
        await log.append(
          topic,
          keys.map((key, i) => ({ key, value: Buffer.from(key), partition: i % partitions })),
        );
        acknowledged.push(...keys);
      }
    }
    const senders = [0, 1, 2, 3].map(sendAll);
    const more = async (than: number) => {
      while (acknowledged.length < than + 5_000) await pause(20);
    };
    await more(0);
    await kafka?.kill(0);
    await more(acknowledged.length);
    isDone = true;
    await Promise.all(senders);

    const found = new Set<string>();
    for (let partition = 0; partition < partitions; partition += 1)
      for await (const records of recordsBetween(log, topic, partition)) for (const { key } of records) found.add(key);
    expect(acknowledged.filter((key) => !found.has(key))).toEqual([]);
    while (got.size < found.size) await pause(20);
    expect(acknowledged.filter((key) => !got.has(key))).toEqual([]);
    await membership.leave();
  });
});
