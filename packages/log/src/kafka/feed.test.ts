import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { defaultBatch } from '../event-log.ts';
import type { Connection } from './connection.ts';
import { type Feed, feedOf } from './feed.ts';
import type { Broker } from './kafkajs-parts.ts';

const topic = { name: 't', partitions: 2, access: 'open', id: 'i' } as const;
const patienceMs = 150;
const checkNothing = async () => undefined;
const unavailable = { code: 'HF_LOG_UNAVAILABLE' };
const never = new AbortController().signal;

type Partitions = readonly { readonly partition: number; readonly fetchOffset: string }[];
const answer = (partitions: Partitions, end = 0) => ({
  responses: [
    {
      partitions: partitions.map(({ partition, fetchOffset }) => ({
        partition,
        records: [{ partition, offset: Number(fetchOffset), key: '', value: new Uint8Array() }],
        next: Number(fetchOffset) + 1,
        end,
      })),
    },
  ],
});

let feed: Feed;
afterEach(() => feed.close());

/** A feed from brokers of which partition n is led by number n. */
function feedFrom(on: {
  leaders?: () => Promise<ReadonlyMap<number, number>>;
  fetch: (partitions: Partitions) => Promise<unknown>;
  forget?: () => void;
  made?: () => number;
  resumed?: (partition: number) => Promise<void>;
  records?: number;
}): Feed {
  const broker = {
    fetch: ({ topics: [one] }: { topics: { partitions: Partitions }[] }) => on.fetch(one?.partitions ?? []),
  } as unknown as Broker;
  const connection = {
    leaders: on.leaders ?? (async () => new Map([0, 1].map((n) => [n, n]))),
    broker: async () => broker,
    forget: on.forget ?? (() => undefined),
    made: on.made ?? (() => 1),
  } as unknown as Connection;
  const most = { ...defaultBatch, records: on.records ?? 1 }; // one: what these brokers give at once
  feed = feedOf(connection, topic, most, patienceMs, on.resumed ?? checkNothing);
  return feed;
}

test('when patience is over nobody is asked any more', async () => {
  let asked = 0;
  let isGone = false;
  feedFrom({
    async leaders() {
      asked += 1;
      if (asked > 100_000) return new Map(); // so that a feed that asks without a pause comes to an end
      if (isGone) throw new Error('the cluster is gone');
      return new Map([[0, 0]]);
    },
    async fetch() {
      isGone = true;
      throw new Error('the broker is gone');
    },
  });
  await expect(feed.next(0, 0, never)).rejects.toMatchObject(unavailable);
  await pause(0);
  const askedBefore = asked;
  await pause(250);
  expect(asked).toBe(askedBefore);
});

test('an offset that was out of range for who had the partition before is no affair of who has it now', async () => {
  const stop = new AbortController();
  let refuse: (error: Error) => void = () => undefined;
  feedFrom({
    fetch: (partitions) =>
      partitions[0]?.fetchOffset === '5'
        ? new Promise((_, reject) => {
            refuse = reject;
          })
        : Promise.resolve(answer(partitions)),
  });
  const before = feed.next(0, 5, stop.signal);
  await pause(0);
  stop.abort();
  expect(await before).toEqual([]);
  feed.drop(0);
  const after = feed.next(0, 7, never);
  refuse(Object.assign(new Error('out of range'), { type: 'OFFSET_OUT_OF_RANGE', partition: 0 }));
  expect(await after).toMatchObject([{ partition: 0, offset: 7 }]);
});

test('what came over a connection that is new is given only when it was looked whether the log is the same', async () => {
  let [made, leader] = [1, 0];
  const said: string[] = [];
  feedFrom({
    leaders: async () => new Map([[0, leader]]),
    made: () => made,
    fetch: async (partitions) => answer(partitions),
    async resumed(partition) {
      await pause(1);
      said.push(`resumed ${partition}`);
      if (made === 4) throw new Error('another log');
    },
  });
  const give = async (from: number) => said.push(`given ${(await feed.next(0, from, never))[0]?.offset}`);
  await give(0);
  await give(1);
  await pause(0); // one is held
  made = 2;
  await give(2);
  await give(3);
  await pause(0);
  leader = 1;
  await give(4);
  await give(5);
  await pause(0);
  made = 4;
  await give(6);
  await expect(feed.next(0, 7, never)).rejects.toThrow('another log');
  expect(said).toEqual([
    ...['resumed 0', 'given 0', 'given 1', 'given 2'],
    ...['resumed 0', 'given 3', 'given 4'],
    ...['resumed 0', 'given 5', 'given 6'],
    'resumed 0',
  ]);
});

test('while a batch is worked on the next one is filled, and no more is fetched', async () => {
  let fetched = 0;
  feedFrom({
    records: 3,
    async fetch(partitions) {
      fetched += 1;
      await pause(1);
      return answer(partitions);
    },
  });
  expect(await feed.next(0, 0, never)).toHaveLength(1);
  await pause(50);
  expect(fetched).toBe(4);
  expect((await feed.next(0, 1, never)).map(({ offset }) => offset)).toEqual([1, 2, 3]);
});

test('a batch is given when it is full or holds all there is, and not held back by a broker in trouble', async () => {
  let isDown = false;
  feedFrom({
    records: 3,
    async fetch(partitions) {
      await pause(1);
      if (isDown && partitions[0]?.fetchOffset !== '0') throw new Error('does not answer');
      return answer(partitions, 5);
    },
  });
  const offsetsFrom = async (from: number) => (await feed.next(0, from, never)).map(({ offset }) => offset);
  expect(await offsetsFrom(0)).toEqual([0, 1, 2]);
  expect(await offsetsFrom(3)).toEqual([3, 4]);
  isDown = true;
  feed.drop(0);
  expect(await offsetsFrom(0)).toEqual([0]);
});

test('what is held when a broker comes back is not given with what it brings then: it may have another log', async () => {
  let made = 1;
  let release: () => void = () => undefined;
  const said: string[] = [];
  feedFrom({
    records: 100,
    made: () => made,
    async fetch(partitions) {
      const [one] = partitions;
      if (one?.fetchOffset === '2' && made === 1) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        made = 2; // the broker's process is another by now, and so may its log be
      }
      await pause(1);
      const from = Number(one?.fetchOffset);
      return {
        responses: [
          {
            partitions: [
              {
                partition: 0,
                records: [{ partition: 0, offset: from, key: '', value: Buffer.from(`${made}`) }],
                next: from + 1,
                end: 5,
              },
            ],
          },
        ],
      };
    },
    async resumed() {
      said.push('resumed');
    },
  });
  const given = feed.next(0, 0, never);
  await pause(20);
  release();
  const logs = (await given).map(({ offset, value }) => `${offset} of ${Buffer.from(value)}`);
  expect(logs).toEqual(['0 of 2', '1 of 2', '2 of 2', '3 of 2', '4 of 2']);
  expect(said).toEqual(['resumed']);
});

test('a leader that cannot be asked holds up its own partitions only', async () => {
  feedFrom({
    fetch: async (partitions) => {
      if (partitions.some(({ partition }) => partition === 0)) throw new Error('does not answer');
      return answer(partitions);
    },
  });
  let hasFailed = false;
  const failing = expect(feed.next(0, 0, never))
    .rejects.toMatchObject(unavailable)
    .finally(() => {
      hasFailed = true;
    });
  let from = 0;
  while (!hasFailed) {
    const records = await feed.next(1, from, never);
    from += records.length;
    await pause(1);
  }
  await failing;
  expect(await feed.next(1, from, never)).toHaveLength(1);
  expect(from).toBeGreaterThan(3);
});
