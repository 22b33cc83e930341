import { randomUUID } from 'node:crypto';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { kafkaForTests } from '../../../../test/native-servers.ts';
import { eventLogContract } from '../event-log.contract.ts';
import type { EventLog } from '../event-log.ts';
import { kafkaEventLog } from './kafka-event-log.ts';

const start = kafkaForTests();

describe.skipIf(!start)('on a real Kafka', () => {
  let brokers: readonly string[];
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const kafka = await start?.();
    brokers = kafka?.access ?? [];
    stop = kafka?.stop;
  }, 240_000); // the first time on a machine Kafka is fetched
  afterAll(() => stop?.());

  const open = () => kafkaEventLog({ brokers, clientId: 'test', replication: 1 });

  eventLogContract('kafka', async () => {
    const opened: EventLog[] = [];
    const openAnother = async () => {
      const log = open();
      opened.push(log);
      return log;
    };
    return {
      log: await openAnother(),
      reopen: openAnother,
      async dispose() {
        for (const log of opened) await log.close();
      },
    };
  });

  describe('kafka event log', () => {
    let log: EventLog;
    beforeAll(() => {
      log = open();
    });
    afterAll(() => log.close());

    async function newTopic(partitions = 1): Promise<string> {
      const name = `t-${randomUUID()}`;
      await log.createTopic({ name, partitions, access: 'open' });
      return name;
    }

    test('a call larger than any batch that a broker takes is appended whole and in order', async () => {
      const topic = await newTopic(2);
      const values = Array.from({ length: 60 }, (_, i) => Buffer.alloc(100_000, i));
      const offsets = await log.append(
        topic,
        values.map((value, i) => ({ key: 'k', value, partition: i % 2 })),
      );
      expect(offsets).toEqual(values.map((_, i) => Math.floor(i / 2)));
      for (const i of [0, 1, 31, 58, 59]) {
        const [found] = await log.read(topic, i % 2, offsets[i] ?? -1, { records: 1, bytes: 1 });
        expect(Buffer.compare(found?.value ?? Buffer.alloc(0), values[i] ?? Buffer.alloc(0))).toBe(0);
      }
    });

    test('a client whose clock is wrong by days appends all the same', async () => {
      const topic = await newTopic();
      for (const days of [-30, 2]) {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 });
        try {
          await log.append(topic, [{ key: 'k', value: Buffer.from('v') }]);
        } finally {
          vi.useRealTimers();
        }
      }
      expect(await log.ends(topic)).toEqual([2]);
    });

    test('a group is joined while it has members, as every instance sees', async () => {
      const topic = await newTopic();
      const other = open();
      expect(await other.isJoined('g', topic)).toBe(false);
      const member = { assigned: async () => 0, batch: async () => undefined, revoked: async () => undefined };
      const membership = await log.join('g', topic, member);
      expect(await other.isJoined('g', topic)).toBe(true);
      await membership.leave();
      expect(await other.isJoined('g', topic)).toBe(false);
      await other.close();
    });

    test('what cannot be done by any trying is said at once, with Kafka’s reason', async () => {
      const three = kafkaEventLog({ brokers, clientId: 'test', replication: 99 });
      await expect(three.createTopic({ name: randomUUID(), partitions: 1, access: 'open' })).rejects.toMatchObject({
        code: 'HF_INVALID_REQUEST',
        message: expect.stringContaining('INVALID_REPLICATION_FACTOR'),
      });
      await three.close();
    });

    test('a broker that accepts requests and answers none is left for another', async () => {
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as AddressInfo;
      const both = kafkaEventLog({ brokers: [`127.0.0.1:${port}`, ...brokers], clientId: 'test', patienceMs: 6_000 });
      const name = await newTopic();
      expect(await both.topics()).toContainEqual(expect.objectContaining({ name }));
      await both.close();
      silent.close();
    });

    test('an answer that breaks off is forgotten when the connection is made anew', async () => {
      const [host, port] = (brokers[0] ?? '').split(':');
      let connections = 0;
      const proxy = createServer((client) => {
        const server = createConnection(Number(port), host);
        for (const socket of [client, server]) socket.on('error', () => undefined);
        client.pipe(server);
        connections += 1;
        if (connections > 1) server.pipe(client);
        else server.once('data', (data) => client.end(data.subarray(0, 10)));
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const proxied = [`127.0.0.1:${(proxy.address() as AddressInfo).port}`];
      const through = kafkaEventLog({ brokers: proxied, clientId: 'test', patienceMs: 2_000 });
      expect(await through.topics()).toBeInstanceOf(Array);
      expect(connections).toBeGreaterThan(1);
      await through.close();
      proxy.close();
    });

    test('brokers that do not answer are named when patience ends, and it may be tried again', async () => {
      const nowhere = kafkaEventLog({ brokers: ['127.0.0.1:1'], clientId: 'test', patienceMs: 200 });
      await expect(nowhere.topics()).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE', retryable: true });
      await nowhere.close();
    });
  });
});
