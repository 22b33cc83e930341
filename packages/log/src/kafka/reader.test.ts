import { expect, test } from 'vitest';
import { NoSuchTopic } from '../log-errors.ts';
import type { Connection } from './connection.ts';
import { isPassingForNew } from './kafka-errors.ts';
import { endsOf, readFrom } from './reader.ts';

const topic = { name: 't', partitions: 1, access: 'open', id: 'i' } as const;

/** To which the broker that is asked first does not know the topic. */
function lagging(): Connection {
  let asked = 0;
  const broker = {
    listOffsets: async () => ({ responses: [{ topic: 't', partitions: [{ partition: 0, offset: '0' }] }] }),
  };
  return {
    async byLeader() {
      asked += 1;
      if (asked === 1) throw new NoSuchTopic('there is no topic t');
      return new Map([[broker, [0]]]);
    },
    forget: () => undefined,
  } as unknown as Connection;
}

test('a broker may not know a topic that was made just now, and any other only if there is none', async () => {
  expect(await endsOf(lagging(), topic, 1_000, isPassingForNew)).toEqual([0]);
  await expect(endsOf(lagging(), topic, 1_000)).rejects.toMatchObject({ code: 'HF_NO_SUCH_TOPIC' });
});

type Answer<T> = T | Error;

/** Whose only leader answers fetches with so many records, and questions for the end, one after the other; the last answer stays. */
function answering(fetches: readonly number[], ends: readonly Answer<number>[]): Connection {
  const [left, endsLeft] = [[...fetches], [...ends]];
  const taken = <T>(answers: T[]) => (answers.length > 1 ? answers.shift() : answers[0]);
  const broker = {
    async fetch() {
      const records = Array.from({ length: taken(left) ?? 0 }, (_, offset) => ({
        partition: 0,
        offset,
        key: 'k',
        value: Buffer.of(offset),
      }));
      return { responses: [{ partitions: [{ partition: 0, records, next: records.length }] }] };
    },
    async listOffsets() {
      const end = taken(endsLeft);
      if (end instanceof Error) throw end;
      return { responses: [{ topic: 't', partitions: [{ partition: 0, offset: `${end}` }] }] };
    },
  };
  return { byLeader: async () => new Map([[broker, [0]]]), forget: () => undefined } as unknown as Connection;
}

const most = { records: 10, bytes: 1_000 };
const knowsNoEnd = Object.assign(new Error('There is no leader for this topic-partition'), {
  type: 'LEADER_NOT_AVAILABLE',
  retriable: true,
});

test.each([
  ['says that there is more', 2],
  ['cannot name the end', knowsNoEnd],
  ['names an end before the offset', -1],
])('a leader that gives nothing and %s is asked again', async (_, end) => {
  const records = await readFrom(answering([0, 2], [end]), topic, 0, 0, most, 1_000);
  expect(records.map(({ offset }) => offset)).toEqual([0, 1]);
});

test('a leader that gives nothing where it ends has no more', async () => {
  expect(await readFrom(answering([0], [0]), topic, 0, 0, most, 1_000)).toEqual([]);
});

test('a leader that never gives what it has is an error that may pass, not an end', async () => {
  await expect(readFrom(answering([0], [2]), topic, 0, 0, most, 100)).rejects.toMatchObject({
    code: 'HF_LOG_UNAVAILABLE',
    retryable: true,
    message: expect.stringContaining('gives nothing at offset 0, and says it ends at 2'),
  });
});
