import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeKafka } from '../../../../infra/native/kafka.mjs';
import { all } from '../../../../test/faults/all.ts';
import { ownKafkaForTests } from '../../../../test/native-servers.ts';
import type { EventLog, GroupMember } from '../event-log.ts';
import { recordsBetween } from '../records-between.ts';
import { kafkaEventLog } from './kafka-event-log.ts';

const start = ownKafkaForTests();
const nodes = 3;
const partitions = 8;
const topic = 'events';
const deaths = all ? 12 : 1;

describe.skipIf(!start)('three brokers that fall silent or are killed in turns', () => {
  let kafka: NativeKafka;
  beforeAll(async () => {
    if (!start) return;
    kafka = await start(nodes);
    const log = open();
    await log.createTopic({ name: topic, partitions, access: 'open' });
    await log.close();
  }, 240_000);
  afterAll(() => kafka?.stop());

  const open = () => kafkaEventLog({ brokers: kafka.brokers, clientId: 'test' });

  test('are left when they are silent, and others are asked', async () => {
    const log = kafkaEventLog({ brokers: kafka.brokers, clientId: 'test', patienceMs: 16_000 });
    const records = Array.from({ length: partitions }, (_, partition) => ({
      key: 'k',
      value: Buffer.of(1),
      partition,
    }));
    await log.append(topic, records);
    kafka.freeze(1);
    try {
      expect(await log.append(topic, records)).toHaveLength(partitions);
      expect(Math.min(...(await log.ends(topic)))).toBeGreaterThanOrEqual(2);
    } finally {
      kafka.thaw(1);
    }
    await log.close();
  });

  test('lose nothing that was acknowledged, while members of a group come and go, and no two of them have a partition', async () => {
    const log = open();
    const group = watchedGroup();
    const acknowledged: string[] = [];
    let isOver = false;

    async function send(log: EventLog, sender: string): Promise<void> {
      for (let call = 0; !isOver; call += 1) {
        const keys = Array.from({ length: 80 }, (_, i) => `${sender}-${call}-${i}`);
        await log.append(
          topic,
          keys.map((key, i) => ({ key, value: Buffer.from(key), partition: i % partitions })),
        );
        acknowledged.push(...keys);
      }
    }
    async function comeAndGo(who: string): Promise<void> {
      const own = open();
      for (let time = 0; !isOver; time += 1) {
        const membership = await own.join('g', topic, group.member(`${who} for the ${time}th time`));
        await Promise.race([membership.failed, pause(500 + Math.random() * 2_500)]);
        await membership.leave();
      }
      await own.close();
    }
    const emptyBelow: string[] = [];
    async function readBelowTheEnds(): Promise<void> {
      const own = open();
      while (!isOver) {
        const ends = await own.ends(topic);
        const reads = ends.map(async (end, partition) => {
          if (end === 0) return;
          const records = await own.read(topic, partition, end - 1, { records: 1, bytes: 1 });
          if (records.length === 0) emptyBelow.push(`${partition} below ${end}`);
        });
        await Promise.all(reads);
      }
      await own.close();
    }
    const acknowledgedMore = async (count: number) => {
      const goal = acknowledged.length + count;
      while (acknowledged.length < goal) await pause(20);
    };

    const working = Promise.all([
      ...['a', 'b', 'c', 'd'].map((sender) => send(log, sender)),
      ...['one', 'two'].map(comeAndGo),
      readBelowTheEnds(),
    ]);
    async function killInTurns(): Promise<void> {
      for (let death = 0; death < deaths; death += 1) {
        await acknowledgedMore(4_000);
        await kafka.kill(death % nodes);
        await acknowledgedMore(4_000); // its partitions have found other leaders
        if (death + 1 < deaths) await kafka.restart(death % nodes);
      }
      isOver = true;
    }
    await Promise.race([killInTurns(), working.then(() => expect.unreachable('ends when told to'))]);
    await working;
    expect(emptyBelow).toEqual([]);

    const found = new Set<string>();
    for (let partition = 0; partition < partitions; partition += 1)
      for await (const records of recordsBetween(log, topic, partition)) for (const { key } of records) found.add(key);
    expect(acknowledged.filter((key) => !found.has(key))).toEqual([]);

    const last = await log.join('g', topic, group.member('the last'));
    while (group.got.size < found.size) await pause(20);
    expect(acknowledged.filter((key) => !group.got.has(key))).toEqual([]);
    await last.leave();
    expect(group.violations).toEqual([]);
    await log.close();
    console.log(`brokers killed: ${deaths}; records acknowledged: ${acknowledged.length}, lost: 0`);
  });
});

/** Members that keep their offsets in common, and what they may not do. */
function watchedGroup() {
  const got = new Set<string>();
  const violations: string[] = [];
  const offsets = new Map<number, number>();
  const owners = new Map<number, string>();
  function member(who: string): GroupMember {
    return {
      async assigned(partition) {
        if (owners.has(partition)) violations.push(`${who} is assigned ${partition} of ${owners.get(partition)}`);
        owners.set(partition, who);
        return offsets.get(partition) ?? 0;
      },
      async batch(partition, records) {
        await pause(Math.random() * 20);
        if (owners.get(partition) !== who) violations.push(`${who} gets a batch of ${partition}`);
        for (const { key } of records) got.add(key);
        offsets.set(partition, (records.at(-1)?.offset ?? -1) + 1);
      },
      async revoked(partition) {
        if (owners.get(partition) !== who)
          violations.push(`${who} gives back ${partition} of ${owners.get(partition)}`);
        owners.delete(partition);
      },
    };
  }
  return { got, violations, member };
}
