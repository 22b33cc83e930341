import fc from 'fast-check';
// @ts-expect-error: KafkaJS has no types for what lies below its surface
import Decoder from 'kafkajs/src/protocol/decoder.js';
// @ts-expect-error
import Encoder from 'kafkajs/src/protocol/encoder.js';
// @ts-expect-error
import newRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
// @ts-expect-error
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';
// @ts-expect-error
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';
import { expect, test } from 'vitest';
import { readBatches } from './record-batches.ts';

const [uncompressed, gzip] = [0, 1];
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((all) => Buffer.from(all));
const message = fc.record({
  key: fc.option(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      bytes(80),
    ),
  ),
  value: fc.option(bytes(300)),
  headers: fc.dictionary(fc.string(), bytes(20), { maxKeys: 3 }),
  gap: fc.integer({ min: 0, max: 200 }),
  timestampDelta: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.maxSafeInteger()),
});
const batch = fc.record({
  messages: fc.array(message, { maxLength: 6 }),
  compression: fc.constantFrom(uncompressed, gzip),
  isControl: fc.boolean(),
  thinnedOut: fc.integer({ min: 0, max: 3 }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

/** As a broker stores batches, by KafkaJS's encoder, one behind the other from an offset on; where each ends, in bytes and in offsets. */
async function stored(all: readonly Batch[], from: number): Promise<{ bytes: Buffer; ends: [number, number][] }> {
  const parts: Buffer[] = [];
  const ends: [number, number][] = [];
  let [offset, length] = [from, 0];
  for (const { messages, compression, isControl, thinnedOut } of all) {
    let delta = -1;
    const records = messages.map(({ gap, ...rest }) => {
      delta += 1 + gap;
      return newRecord({ ...rest, offsetDelta: delta });
    });
    const lastOffsetDelta = delta + thinnedOut;
    const { buffer } = await batches.RecordBatch({ compression, firstOffset: offset, lastOffsetDelta, records });
    if (isControl) buffer[22] |= 0b100000;
    parts.push(buffer);
    length += buffer.length;
    offset += lastOffsetDelta + 1;
    ends.push([length, offset]);
  }
  return { bytes: Buffer.concat(parts), ends };
}

/** As KafkaJS decodes the same: of control batches too. */
async function asKafkaJS(bytes: Buffer) {
  const messages = await decodeMessages(new Decoder(new Encoder().writeBytes(bytes).buffer));
  return messages as { offset: string; key: Buffer | null; value: Buffer | null; isControlRecord: boolean }[];
}

test('batches are read as KafkaJS reads them, wherever they are cut off, and the next offset lies behind all that is whole', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(batch, { maxLength: 4 }),
      fc.oneof(
        fc.nat(),
        fc.maxSafeInteger().map((n) => Math.floor(Math.abs(n) / 2)),
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (all, from, share) => {
        const { bytes, ends } = await stored(all, from);
        for (const length of new Set([
          bytes.length,
          Math.floor(bytes.length * share),
          ...ends.map(([end]) => end - 1),
        ])) {
          const cut = bytes.subarray(0, length);
          const read = await readBatches(3, cut);
          const messages = cut.length > 16 ? await asKafkaJS(cut) : []; // in less it finds no version
          expect(read?.records.map(({ value, ...rest }) => ({ ...rest, value: Buffer.from(value) }))).toEqual(
            messages
              .filter(({ isControlRecord }) => !isControlRecord)
              .map(({ offset, key, value }) => ({
                partition: 3,
                offset: Number(offset),
                key: key?.toString() ?? '',
                value: value ?? Buffer.alloc(0),
              })),
          );
          expect(read?.next).toBe(ends.findLast(([end]) => end <= length)?.[1] ?? 0);
        }
      },
    ),
  ));

const one: Batch = {
  messages: [{ key: null, value: Buffer.from('v'), headers: {}, gap: 0, timestampDelta: 0 }],
  compression: uncompressed,
  isControl: false,
  thinnedOut: 0,
};

test('what is not read here is left to another decoder: an older form, another codec, also behind what is', async () => {
  const { bytes } = await stored([one, one], 0);
  const second = bytes.length / 2;
  for (const batchAt of [0, second]) {
    const older = Buffer.from(bytes);
    older[batchAt + 16] = 1;
    expect(await readBatches(0, older)).toBe(undefined);
    const zstd = Buffer.from(bytes);
    zstd[batchAt + 22] = 4;
    expect(await readBatches(0, zstd)).toBe(undefined);
  }
});

test('values are views of what came', async () => {
  const { bytes } = await stored([one], 0);
  expect((await readBatches(0, bytes))?.records[0]?.value.buffer).toBe(bytes.buffer);
});

test('a record that reaches beyond its batch is an error', async () => {
  const { bytes } = await stored([one], 7);
  bytes[61] = 0x7e;
  await expect(readBatches(0, bytes)).rejects.toThrow('at offset 7 of partition 0');
});
