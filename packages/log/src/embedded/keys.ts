/**
 * The keys of a store (format 1). A letter says what a value is; numbers are big-endian, so that LMDB's order of bytes is their order.
 */
export const metaKey = Buffer.from('m');
export const topicsPrefix = Buffer.from('t');

/** The number of the next topic; absent in stores that never had a topic removed by then. A number is given once. */
export const nextNumberKey = Buffer.from('n');

/** Of a topic that was removed, what is not cleared away yet. */
export const removedPrefix = Buffer.from('x');

export function removedKey(topic: number): Buffer {
  const key = Buffer.alloc(5, 'x');
  key.writeUInt32BE(topic, 1);
  return key;
}

export function topicKey(name: string): Buffer {
  return Buffer.from(`t${name}`);
}

/** All ends of a topic in one value: one look tells whether anything is new. */
export function endsKey(topic: number): Buffer {
  const key = Buffer.alloc(5, 'e');
  key.writeUInt32BE(topic, 1);
  return key;
}

export function segmentKey(topic: number, partition: number, offset: number): Buffer {
  const key = Buffer.alloc(17, 's');
  key.writeUInt32BE(topic, 1);
  key.writeUInt32BE(partition, 5);
  key.writeBigUInt64BE(BigInt(offset), 9);
  return key;
}

/** What the keys of all segments of a topic begin with. */
export function segmentsPrefix(topic: number): Buffer {
  return segmentKey(topic, 0, 0).subarray(0, 5);
}

/** The first offset of the segment under this key, if it is a segment of that partition. */
export function offsetOf(key: Uint8Array, topic: number, partition: number): number | undefined {
  const found = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (found.length !== 17 || !found.subarray(0, 9).equals(segmentKey(topic, partition, 0).subarray(0, 9)))
    return undefined;
  return Number(found.readBigUInt64BE(9));
}

export const claimsPrefix = Buffer.from('c');

export function claimKey(group: string, topic: number): Buffer {
  const key = Buffer.alloc(5, 'c');
  key.writeUInt32BE(topic, 1);
  return Buffer.concat([key, Buffer.from(group)]);
}

export function readEnds(value: Uint8Array): number[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigUInt64BE(i * 8)));
}

export function writeEnds(ends: readonly number[]): Buffer {
  const bytes = Buffer.alloc(ends.length * 8);
  ends.forEach((end, i) => {
    bytes.writeBigUInt64BE(BigInt(end), i * 8);
  });
  return bytes;
}
