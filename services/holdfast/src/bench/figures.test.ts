import { expect, test } from 'vitest';
import { isMet } from './figures.ts';

const figure = { workload: 'w', figure: 'f', value: 2 };

test('a time is judged at the size that is asked for alone, a ratio from a tenth of it on', () => {
  const time = { ...figure, unit: 'ms', asked: { atMost: 3 } };
  expect([0.1, 0.99, 1].map((scale) => isMet(time, scale))).toEqual([undefined, undefined, true]);
  const ratio = { ...figure, unit: 'ratio', asked: { atLeast: 3 } };
  expect([0.09, 0.1, 1].map((scale) => isMet(ratio, scale))).toEqual([undefined, false, false]);
  expect(isMet({ ...figure, unit: 'ms' }, 1)).toBeUndefined();
});
