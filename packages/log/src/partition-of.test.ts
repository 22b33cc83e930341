import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionOf } from './partition-of.ts';

test('never changes: a shard would lose its participants', () => {
  const keys = ['', 'GB-01-0042', 'GB-01-0043', 'Zoë', '参加者'];
  expect(keys.map((key) => partitionOf(key, 4))).toEqual([0, 0, 2, 2, 0]);
  expect(keys.map((key) => partitionOf(key, 1024))).toEqual([0, 256, 406, 554, 348]); // by Python's zlib
});

test('is a partition that exists', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1024 }), (key, partitions) => {
      const partition = partitionOf(key, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
    }),
  );
});
