import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOut } from './share.ts';

test('every partition has one owner, nobody has two more than another, and no more move than must', () => {
  const members = fc.uniqueArray(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(members, { minLength: 1, maxLength: 6 }),
      (partitions, rounds) => {
        let owners: ReadonlyMap<number, number> = new Map();
        for (const now of rounds) {
          const shares = shareOut(partitions, now, owners);
          expect([...shares.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, i) => i));
          const counts = now.map((member) => [...shares.values()].filter((owner) => owner === member).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          const before = (member: number) => [...owners.values()].filter((owner) => owner === member).length;
          const kept = [...shares].filter(([partition, owner]) => owners.get(partition) === owner).length;
          const least = Math.floor(partitions / now.length);
          const odd = partitions % now.length;
          const keepable = now.reduce((sum, member) => sum + Math.min(before(member), least), 0);
          const oddKeepable = Math.min(odd, now.filter((member) => before(member) > least).length);
          expect(kept).toBe(keepable + oddKeepable);
          owners = shares;
        }
      },
    ),
  );
});

test('without members nobody has anything', () => {
  expect(shareOut(3, [], new Map([[0, 'a']])).size).toBe(0);
});
