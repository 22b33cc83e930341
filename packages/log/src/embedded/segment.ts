import { crc32 } from 'node:zlib';

/** Several records of one partition that follow each other, packed into one value of the store; the store's key holds the first offset. */
export type Segment = { readonly count: number; readonly bytes: Uint8Array };

/** What a segment holds of a record. */
export type Packed = { readonly key: string; readonly value: Uint8Array };

/**
 * Segments are closed at this size (a little under eight pages of LMDB). Large ones make appending fast; but who keeps one value keeps
 * its segment's buffer, and who reads one record reads its segment.
 */
export const segmentBytes = 32 * 1024 - 64;

const layout = 1;
const headBytes = 9; // layout, CRC-32 of what follows it, number of records
const recordHeadBytes = 8; // length of key, length of value

/** Packs records, in order. */
export function pack(records: readonly Packed[]): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  let size = headBytes;
  records.forEach((record, i) => {
    const more = recordHeadBytes + Buffer.byteLength(record.key) + record.value.byteLength;
    if (i > from && size + more > segmentBytes) {
      segments.push(packed(records, from, i, size));
      from = i;
      size = headBytes;
    }
    size += more;
  });
  if (records.length > from) segments.push(packed(records, from, records.length, size));
  return segments;
}

function packed(records: readonly Packed[], from: number, to: number, size: number): Segment {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = headBytes;
  for (let i = from; i < to; i += 1) {
    const { key, value } = records[i] as Packed;
    const keyBytes = bytes.write(key, at + recordHeadBytes);
    bytes.writeUInt32LE(keyBytes, at);
    bytes.writeUInt32LE(value.byteLength, at + 4);
    bytes.set(value, at + recordHeadBytes + keyBytes);
    at += recordHeadBytes + keyBytes + value.byteLength;
  }
  bytes.writeUInt8(layout, 0);
  bytes.writeUInt32LE(to - from, 5);
  bytes.writeUInt32LE(crc32(bytes.subarray(5)), 1);
  return { count: to - from, bytes };
}

/** How many records the segment holds. */
export function countOf(segment: Uint8Array): number {
  return view(segment).readUInt32LE(5);
}

/** Whether the segment is one, and as it was written: disks and copies go wrong. */
export function isIntact(segment: Uint8Array): boolean {
  const bytes = view(segment);
  return bytes.length >= headBytes && bytes[0] === layout && bytes.readUInt32LE(1) === crc32(bytes.subarray(5));
}

/** Gives the segment's records, in order, from the `skip`th on, until `take` says no. Values are views of the segment's buffer. */
export function unpack(
  segment: Uint8Array,
  skip: number,
  take: (key: string, value: Uint8Array, bytes: number) => boolean,
): void {
  const bytes = view(segment);
  const count = countOf(segment);
  let at = headBytes;
  for (let i = 0; i < count; i += 1) {
    const keyAt = at + recordHeadBytes;
    const valueAt = keyAt + bytes.readUInt32LE(at);
    const end = valueAt + bytes.readUInt32LE(at + 4);
    if (i >= skip && !take(bytes.toString('utf8', keyAt, valueAt), segment.subarray(valueAt, end), end - keyAt)) return;
    at = end;
  }
}

function view(segment: Uint8Array): Buffer {
  return Buffer.from(segment.buffer, segment.byteOffset, segment.byteLength);
}
