import fc from 'fast-check';
import { expect, test } from 'vitest';
import { passingCopy, passingCounts, passingDays } from './passing-days.ts';

test('arrays that are cut from slabs begin as 0, have the length asked for, and share nothing', () => {
  const asked = fc.array(
    fc.record({ days: fc.oneof(fc.nat(400), fc.constantFrom(0, 65_536, 70_001)), wide: fc.boolean() }),
    { minLength: 1, maxLength: 300 },
  );
  fc.assert(
    fc.property(asked, (all) => {
      const arrays = all.map(({ days, wide }) => (wide ? passingCounts(days) : passingDays(days)));
      for (const [i, array] of arrays.entries()) {
        expect(array.length).toBe(all[i]?.days);
        expect(array.every((n) => n === 0)).toBe(true);
        array.fill((i % 250) + 1);
      }
      for (const [i, array] of arrays.entries()) expect(array.every((n) => n === (i % 250) + 1)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('a copy has the days asked for, and goes its own way', () => {
  const days = Uint8Array.from([1, 2, 3]);
  const [shorter, same, longer] = [passingCopy(days, 2), passingCopy(days), passingCopy(days, 5)];
  days.fill(9);
  expect([[...shorter], [...same], [...longer]]).toEqual([
    [1, 2],
    [1, 2, 3],
    [1, 2, 3, 0, 0],
  ]);
});
