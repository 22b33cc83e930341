import { expect, test } from 'vitest';
import { NoSuchTopic } from '../log-errors.ts';
import type { Connection } from './connection.ts';
import { isPassingForNew } from './kafka-errors.ts';
import { endsOf } from './reader.ts';

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
