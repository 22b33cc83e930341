import { expect, test } from 'vitest';
import { partOf } from './maturity.ts';

test('a share of the planned participants is what it is in hundredths, without the rounding of floating point', () => {
  for (let all = 1; all <= 400; all += 1)
    for (let percent = 1; percent <= 100; percent += 1) {
      const exact = Math.floor((percent * all) / 100) + ((percent * all) % 100 === 0 ? 0 : 1);
      expect(partOf(all, percent / 100), `${percent} % of ${all}`).toBe(exact);
    }
  expect(partOf(Number.POSITIVE_INFINITY, 0.5)).toBe(Number.POSITIVE_INFINITY);
});
