// @ts-expect-error: KafkaJS has no types for what lies below its surface
import Encoder from 'kafkajs/src/protocol/encoder.js';
// @ts-expect-error
import messageSet from 'kafkajs/src/protocol/messageSet/index.js';
// @ts-expect-error
import newRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
// @ts-expect-error
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';
// @ts-expect-error
import kafkajsAnswer from 'kafkajs/src/protocol/requests/fetch/v11/response.js';
import { expect, test } from 'vitest';
import { decodeFetch } from './kafkajs-parts.ts';

test('of a fetch is read what KafkaJS reads, records of older forms by its own decoder', async () => {
  const [key, value] = [Buffer.from('k'), Buffer.from('v')];
  const { buffer: batch } = await batches.RecordBatch({ firstOffset: 5, records: [newRecord({ key, value })] });
  const older: Buffer = messageSet({ messageVersion: 1, compression: 0, entries: [{ key, value }] }).buffer;
  older.writeBigInt64BE(5n);
  const partition = (number: number, errorCode: number, bytes: Buffer | null) =>
    new Encoder()
      .writeInt32(number)
      .writeInt16(errorCode)
      .writeInt64(9)
      .writeInt64(9)
      .writeInt64(0)
      .writeArray([new Encoder().writeInt64(1).writeInt64(2)])
      .writeInt32(-1)
      .writeBytes(bytes);
  const topic = (name: string, partitions: unknown[]) => new Encoder().writeString(name).writeArray(partitions);
  const { buffer: answer } = new Encoder()
    .writeInt32(70)
    .writeInt16(0)
    .writeInt32(3)
    .writeArray([
      topic('a', [partition(0, 0, batch), partition(1, 0, older), partition(2, 0, Buffer.alloc(0))]),
      topic('b', [partition(0, 1, null), partition(4, 0, batch)]),
    ]);
  const { responses, ...head } = await kafkajsAnswer.decode(answer);
  const read = await decodeFetch(answer);
  expect(read).toMatchObject(head);
  const all = read.responses.flatMap(({ topicName, partitions }) => partitions.map((one) => ({ topicName, ...one })));
  expect(all.map(({ records: _, next: __, end: ___, ...rest }) => rest)).toMatchObject(
    responses.flatMap((of: { topicName: string; partitions: { partition: number; errorCode: number }[] }) =>
      of.partitions.map((one) => ({ topicName: of.topicName, partition: one.partition, errorCode: one.errorCode })),
    ),
  );
  const one = { offset: 5, key: 'k', value };
  expect(all.every(({ end }) => end === 9)).toBe(true);
  expect(all.map(({ records, next }) => ({ records, next }))).toEqual([
    { records: [{ partition: 0, ...one }], next: 6 },
    { records: [{ partition: 1, ...one }], next: 6 },
    { records: [], next: 0 },
    { records: [], next: 0 },
    { records: [{ partition: 4, ...one }], next: 6 },
  ]);
});
