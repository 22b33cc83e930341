import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AbstinentMissingDue, groupAhead, tippingCount } from './tipping-count.ts';

const group = fc
  .tuple(fc.nat({ max: 25 }), fc.nat({ max: 12 }), fc.nat({ max: 25 }))
  .map(([abstinent, missing, used]) => ({ abstinent, missing, due: abstinent + missing + used }));

/** Participants after participant is said to have used, until the group is no longer ahead. */
function countingUp(ahead: AbstinentMissingDue, other: AbstinentMissingDue): number | undefined {
  for (let used = 0; used <= ahead.missing; used++) {
    const stillAbstinent = ahead.abstinent + ahead.missing - used;
    if (stillAbstinent * other.due <= (other.abstinent + other.missing) * ahead.due) return used;
  }
  return undefined;
}

function naive(a: AbstinentMissingDue, b: AbstinentMissingDue) {
  const [rateOfA, rateOfB] = [a.abstinent / (a.due - a.missing), b.abstinent / (b.due - b.missing)];
  // Two fractions of so few participants differ by more than rounding, or not at all. 0 / 0 is neither way.
  if (rateOfA > rateOfB) return { ahead: 'first', count: countingUp(a, b) };
  if (rateOfB > rateOfA) return { ahead: 'second', count: countingUp(b, a) };
  return { ahead: undefined, count: undefined };
}

test('the count is the first at which counting up finds the group no longer ahead', () => {
  const seen = { zero: 0, some: 0, standing: 0 };
  fc.assert(
    fc.property(group, group, (a, b) => {
      const { ahead, count } = naive(a, b);
      expect(groupAhead(a, b)).toBe(ahead);
      expect(tippingCount(a, b)).toBe(count);
      if (ahead !== undefined) seen[count === undefined ? 'standing' : count === 0 ? 'zero' : 'some'] += 1;
    }),
    { numRuns: 2000 },
  );
  for (const [kind, times] of Object.entries(seen)) expect(times, kind).toBeGreaterThan(20);
});

test('it does not matter which group is named first', () => {
  fc.assert(
    fc.property(group, group, (a, b) => {
      const turned = { first: 'second', second: 'first' } as const;
      const ahead = groupAhead(a, b);
      expect(groupAhead(b, a)).toBe(ahead && turned[ahead]);
      expect(tippingCount(b, a)).toBe(tippingCount(a, b));
    }),
  );
});

test('one more participant is enough to decide among 2⁵² of them', () => {
  const due = 2 ** 52;
  const [more, fewer] = [
    { abstinent: due - 10, missing: 5, due },
    { abstinent: due - 11, missing: 5, due },
  ];
  expect(groupAhead(fewer, more)).toBe('second');
  expect(tippingCount(fewer, more)).toBe(1);
});

test('small cases by hand', () => {
  // 15 of 15 seen against 10 of 20: with 5 missing, 20 − k of 20 against 10 of 20 needs 10, and there are 5.
  expect(tippingCount({ abstinent: 15, missing: 5, due: 20 }, { abstinent: 10, missing: 0, due: 20 })).toBeUndefined();
  // 12 of 15 seen against 14 of 20: 17 − k of 20 against 14 of 20.
  expect(tippingCount({ abstinent: 12, missing: 5, due: 20 }, { abstinent: 14, missing: 0, due: 20 })).toBe(3);
  // 9 of 10 seen against 8 of 10, but 10 of the other are missing: 18 of 20 against 9 of 10 already ties.
  expect(tippingCount({ abstinent: 9, missing: 0, due: 10 }, { abstinent: 8, missing: 10, due: 20 })).toBe(0);
});

test('where neither is ahead, or nothing was seen of a group, there is no count', () => {
  const half = { abstinent: 5, missing: 4, due: 14 };
  for (const other of [half, { abstinent: 1, missing: 0, due: 2 }, { abstinent: 0, missing: 7, due: 7 }]) {
    expect(groupAhead(half, other)).toBeUndefined();
    expect(tippingCount(half, other)).toBeUndefined();
  }
  expect(tippingCount({ abstinent: 0, missing: 0, due: 0 }, half)).toBeUndefined();
});

test.each([
  { abstinent: 3, missing: 3, due: 5 },
  { abstinent: -1, missing: 3, due: 5 },
  { abstinent: 1, missing: 0.5, due: 5 },
  { abstinent: 1, missing: 1, due: Number.NaN },
])('%j is refused', (wrong) => {
  const fine = { abstinent: 1, missing: 1, due: 3 };
  expect(() => groupAhead(wrong, fine)).toThrow(RangeError);
  expect(() => tippingCount(fine, wrong)).toThrow(RangeError);
});
