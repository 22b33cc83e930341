import fc from 'fast-check';
import { expect, test } from 'vitest';
import { twoSidedZ } from './interval.ts';
import { twoSidedT } from './student-t.ts';

const degrees = fc.oneof(
  fc.double({ min: 1, max: 40, noNaN: true }),
  fc.double({ min: 1, max: 2e6, noNaN: true }),
  fc.double({ min: 990, max: 1010, noNaN: true }),
);
const confidence = fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true });
const slack = 1 + 1e-8; // what the highest confidence leaves

test('t lies above z, and falls towards it as the degrees of freedom grow, also where the method changes', () => {
  fc.assert(
    fc.property(degrees, degrees, confidence, (a, b, level) => {
      const [fewer, more] = a < b ? [a, b] : [b, a];
      expect(twoSidedT(fewer, level) * slack).toBeGreaterThanOrEqual(twoSidedT(more, level));
      expect(twoSidedT(more, level) * slack).toBeGreaterThanOrEqual(twoSidedZ(level));
    }),
  );
  expect(twoSidedT(1e12, 0.95)).toBeCloseTo(twoSidedZ(0.95), 11);
});

test('more confidence never lessens t, also where the series changes', () => {
  const level = fc.oneof(confidence, fc.double({ min: 0.499, max: 0.501, noNaN: true }));
  fc.assert(
    fc.property(degrees, level, level, (df, a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      expect(twoSidedT(df, more) * slack).toBeGreaterThanOrEqual(twoSidedT(df, less));
    }),
  );
});

test('with one degree of freedom it is the tangent of Cauchy, with two it is algebraic', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 0.9999, noNaN: true }), (level) => {
      expect(twoSidedT(1, level) / Math.tan((Math.PI / 2) * level)).toBeCloseTo(1, 11);
      expect(twoSidedT(2, level) / (level * Math.sqrt(2 / (1 - level ** 2)))).toBeCloseTo(1, 11);
    }),
  );
});

// R 4.2.2: qt((1 - confidence) / 2, degrees, lower.tail = FALSE)
test.each<[number, number, number]>([
  [1, 0.2, 0.324919696232906],
  [1, 0.999, 636.619248768719],
  [1.5, 0.2, 0.300745392569795],
  [1.5, 0.5, 0.872594662541571],
  [1.5, 0.95, 6.01666310442793],
  [1.5, 0.999, 82.8474467036576],
  [4, 0.5, 0.740697084112683],
  [4, 0.95, 2.77644510519779],
  [4, 0.999, 8.61030158137927],
  [29.3, 0.2, 0.255659589971191],
  [29.3, 0.95, 2.04432042150014],
  [206.45609502388, 0.2, 0.253673824198745],
  [206.45609502388, 0.95, 1.97152093350997],
  [206.45609502388, 0.999, 3.33827328110409],
  [999.5, 0.2, 0.253414549568049],
  [999.5, 0.95, 1.96234027038385],
  [999.5, 0.999, 3.30028754195552],
  [1000, 0.5, 0.674735164607009],
  [1000, 0.95, 1.96233908082641],
  [1000, 0.999, 3.30028264842391],
  [123456.7, 0.95, 1.95998320013623],
  [123456.7, 0.999, 3.29060554408242],
])('%s degrees of freedom at a confidence of %s', (df, level, t) => {
  expect(Math.abs(twoSidedT(df, level) / t - 1)).toBeLessThan(1e-12);
});

// R 4.2.2: qt((1 - 0.999999) / 2, degrees, lower.tail = FALSE)
test.each<[number, number]>([
  [1.5, 8285.3911948662],
  [29.3, 6.15432649691048],
  [999, 4.92232037236078],
  [1000, 4.92228952342382],
  [10000, 4.89468861630994],
])('%s degrees of freedom far out in the tails', (df, t) => {
  expect(Math.abs(twoSidedT(df, 0.999999) / t - 1)).toBeLessThan(1e-11);
});

test.each([
  [0.99, 0.95],
  [0, 0.95],
  [Number.NaN, 0.95],
  [5, 0],
  [5, 1],
])('twoSidedT(%s, %s) is refused', (df, level) => {
  expect(() => twoSidedT(df, level)).toThrow(RangeError);
});
