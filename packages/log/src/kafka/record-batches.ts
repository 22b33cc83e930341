import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import type { LogRecord } from '../event-log.ts';

/** Records that were read, and the offset after all of them, also after what is no record of ours (0: there is nothing). */
export type ReadBatches = { readonly records: readonly LogRecord[]; readonly next: number };

const unpack = promisify<Buffer, Buffer>(unzip);

const magicOfBatches = 2;
const headBytes = 61;
const gzip = 1;
const codecMask = 0b111;
/** Kafka's own marks: no records. */
const controlMask = 0b100000;
const nothing = new Uint8Array();

/**
 * Reads the batches of records as a broker stores and sends them, straight into records whose values are views of `bytes`: a client's
 * decoder makes of each record some twenty objects that nobody asks for. Like it, this trusts the network for checksums. The last batch may
 * be cut off, and is left for the next fetch. Answers nothing if any is of another form: older, or packed otherwise than by gzip.
 */
export async function readBatches(partition: number, bytes: Buffer): Promise<ReadBatches | undefined> {
  const records: LogRecord[] = [];
  let next = 0;
  for (let at = 0; at + 16 < bytes.length; ) {
    if (bytes[at + 16] !== magicOfBatches) return undefined;
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const attributes = end < at + headBytes ? codecMask : bytes.readInt16BE(at + 21);
    const codec = attributes & codecMask;
    if (codec > gzip) return undefined;
    const base = Number(bytes.readBigInt64BE(at));
    if (!(attributes & controlMask)) {
      const packed = bytes.subarray(at + headBytes, end);
      const count = bytes.readInt32BE(at + 57);
      readRecords(partition, base, count, codec === gzip && count > 0 ? await unpack(packed) : packed, records);
    }
    // By its head: of a batch that was thinned out, the last records may be gone.
    next = base + bytes.readInt32BE(at + 23) + 1;
    at = end;
  }
  return { records, next };
}

/** Reads the records of one batch, behind those that are there. */
function readRecords(partition: number, base: number, count: number, bytes: Buffer, records: LogRecord[]): void {
  let at = 0;

  function varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  }

  for (let left = count; left > 0; left -= 1) {
    const length = varint();
    const end = at + length;
    at += 1; // attributes of a record mean nothing yet
    while ((bytes[at++] ?? 0) >= 0x80); // its time
    const offset = base + varint();
    const keyBytes = varint();
    const key = keyBytes > 0 ? bytes.toString('utf8', at, at + keyBytes) : '';
    if (keyBytes > 0) at += keyBytes;
    const valueBytes = varint();
    const value = valueBytes < 0 ? nothing : bytes.subarray(at, at + valueBytes);
    if (length < 0 || at + valueBytes > end || end > bytes.length)
      throw new Error(`Kafka gives a record that is no record, at offset ${offset} of partition ${partition}`);
    records.push({ partition, offset, key, value });
    at = end; // headers are not ours
  }
}
