import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quotient } from './quotient.ts';

const whole = fc.maxSafeInteger().map((n) => n + 0);
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

test('of numbers that a float holds it is their division, which IEEE rounds to the nearest', () => {
  fc.assert(
    fc.property(whole, positive, (a, b) => {
      expect(quotient(BigInt(a), BigInt(b))).toBe(a / b + 0);
    }),
  );
});

test('a common factor, however long, changes nothing', () => {
  fc.assert(
    fc.property(whole, positive, fc.bigInt({ min: 1n, max: 10n ** 400n }), (a, b, factor) => {
      expect(quotient(BigInt(a) * factor, BigInt(b) * factor)).toBe(a / b + 0);
    }),
  );
});

test('what lies past the middle between two floats by the least bit is rounded up, the middle itself to the even one', () => {
  const [far, middle] = [2n ** 300n, 2n ** 53n + 1n];
  expect(quotient(middle, 1n)).toBe(2 ** 53);
  expect(quotient(middle * far + 1n, far)).toBe(2 ** 53 + 2);
  expect(quotient(-middle * far - 1n, far)).toBe(-(2 ** 53) - 2);
});
