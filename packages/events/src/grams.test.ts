import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gramsOf } from './grams.ts';

const amount = fc.double({ min: 0, minExcluded: true, max: 1e6, noNaN: true });
const gramsPerUnit = fc.double({ min: 0, minExcluded: true, max: 10_000, noNaN: true });

test('grams are grams, whatever the substance is counted in', () => {
  fc.assert(
    fc.property(amount, gramsPerUnit, (amount, gramsPerUnit) => {
      for (const substance of [{}, { unit: 'drinks' }, { unit: 'drinks', gramsPerUnit }, { unit: 'g' }])
        expect(gramsOf({ amount, unit: 'g' }, substance)).toBe(amount);
    }),
  );
});

test('an amount in the substance’s unit, named or not, is so many times its grams', () => {
  fc.assert(
    fc.property(amount, gramsPerUnit, (amount, gramsPerUnit) => {
      const drinks = { unit: 'drinks', gramsPerUnit };
      expect(gramsOf({ amount, unit: 'drinks' }, drinks)).toBe(amount * gramsPerUnit);
      expect(gramsOf({ amount }, drinks)).toBe(amount * gramsPerUnit);
    }),
  );
  expect(gramsOf({ amount: 5, unit: 'drinks' }, { unit: 'drinks', gramsPerUnit: 14 })).toBe(70);
  expect(gramsOf({ amount: 70 }, { unit: 'g' })).toBe(70);
});

test.each([
  ['no amount', { unit: 'drinks' }, { unit: 'drinks', gramsPerUnit: 8 }],
  ['another unit', { amount: 2, unit: 'bottles' }, { unit: 'drinks', gramsPerUnit: 8 }],
  ['a unit whose grams nobody declared', { amount: 2, unit: 'bags' }, { unit: 'bags' }],
  ['no unit at all', { amount: 2 }, {}],
])('of %s there are none', (_, amount, substance) => {
  expect(gramsOf(amount, substance)).toBeUndefined();
});
