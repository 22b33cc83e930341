import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countOf, isIntact, type Packed, pack, segmentBytes, unpack } from './segment.ts';

const packed = fc.record({
  key: fc.string({ unit: 'grapheme', maxLength: 12 }),
  value: fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.nat({ max: 40_000 }).map((size) => new Uint8Array(size).fill(size % 256)),
  ),
});

function unpackAll(segment: Uint8Array, skip = 0): Packed[] {
  const records: Packed[] = [];
  unpack(segment, skip, (key, value) => {
    records.push({ key, value: new Uint8Array(value) });
    return true;
  });
  return records;
}

/** Quick to compare. */
function plain(records: readonly Packed[]): string[] {
  return records.map(({ key, value }) => `${key} ${Buffer.from(value).toString('base64')}`);
}

test('what was packed is unpacked, in order, from anywhere', () => {
  fc.assert(
    fc.property(fc.array(packed, { maxLength: 30 }), fc.nat(), (records, seed) => {
      const segments = pack(records);
      expect(plain(segments.flatMap(({ bytes }) => unpackAll(bytes)))).toEqual(plain(records));
      for (const { count, bytes } of segments) {
        expect(countOf(bytes)).toBe(count);
        expect(isIntact(bytes)).toBe(true);
        expect(count === 1 || bytes.byteLength <= segmentBytes).toBe(true);
        const skip = seed % (count + 1);
        expect(plain(unpackAll(bytes, skip))).toEqual(plain(unpackAll(bytes).slice(skip)));
      }
    }),
    { numRuns: 60 },
  );
});

test('unpacking ends when no more is wanted', () => {
  const [segment] = pack(['a', 'b', 'c'].map((key) => ({ key, value: new Uint8Array(3) })));
  const keys: string[] = [];
  unpack(segment?.bytes ?? new Uint8Array(), 0, (key) => keys.push(key) < 2);
  expect(keys).toEqual(['a', 'b']);
});

test('any single changed bit, and any cut, is seen', () => {
  const [segment] = pack([{ key: 'GB-01-0042', value: Buffer.from('{"results":{"cocaine":"negative"}}') }]);
  const bytes = segment?.bytes ?? new Uint8Array();
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ (1 << bit) : byte));
      expect(isIntact(changed)).toBe(false);
      expect(isIntact(bytes.subarray(0, at))).toBe(false);
    }),
  );
});
