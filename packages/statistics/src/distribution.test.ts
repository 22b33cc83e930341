import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanDifference, type Summary, summaryOf, type Valued } from './distribution.ts';

const count = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 6 }) },
  fc.integer({ min: 0, max: 1_000_000 }),
);
const small = fc.record<Valued>({
  value: fc.integer({ min: -40, max: 400 }),
  of: fc.integer({ min: 1, max: 30 }),
  count: fc.integer({ min: 0, max: 6 }),
});
const any = fc.record<Valued>({
  value: fc.oneof(fc.integer({ min: -40, max: 400 }), fc.maxSafeInteger()),
  of: fc.oneof(fc.integer({ min: 1, max: 366 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  count,
});
const shuffled = (rows: Valued[]) => fc.shuffledSubarray(rows, { minLength: rows.length });

const mirrored = (x: number | undefined) => (x === undefined ? undefined : 0 - x);

/** The participants' numbers one by one, smallest first. */
function oneByOne(valued: readonly Valued[]): number[] {
  return valued.flatMap(({ value, of, count }) => Array<number>(count).fill(value / of)).sort((a, b) => a - b);
}

/** Every number by its definition, from the participants one by one. */
function naiveSummary(numbers: readonly number[]): Summary {
  const n = numbers.length;
  const sum = numbers.reduce((a, b) => a + b, 0);
  const mean = n === 0 ? undefined : sum / n;
  const squares = numbers.reduce((a, x) => a + (x - (mean ?? 0)) ** 2, 0);
  const between = (p: number) => {
    const at = (n - 1) * p;
    const [low, high] = [numbers[Math.floor(at)], numbers[Math.ceil(at)]];
    return low === undefined || high === undefined ? undefined : low * (1 - (at % 1)) + high * (at % 1);
  };
  return {
    n,
    sum,
    mean,
    sd: n < 2 ? undefined : Math.sqrt(squares / (n - 1)),
    median: between(0.5),
    lowerQuartile: between(0.25),
    upperQuartile: between(0.75),
    minimum: numbers[0],
    maximum: numbers.at(-1),
  };
}

function expectNear(actual: Summary, expected: Summary): void {
  for (const key of Object.keys(expected) as (keyof Summary)[]) {
    const [a, e] = [actual[key], expected[key]];
    if (a === undefined || e === undefined) expect(a, key).toBe(e);
    else expect(Math.abs(a - e), key).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(e)));
  }
}

test('every number is what its definition says of the participants one by one', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 12 }), (valued) => {
      expectNear(summaryOf(valued), naiveSummary(oneByOne(valued)));
    }),
  );
});

test('the order of the rows does not change a bit', () => {
  fc.assert(
    fc.property(
      fc.array(any, { maxLength: 12 }).chain((rows) => fc.tuple(fc.constant(rows), shuffled(rows))),
      ([rows, others]) => {
        expect(summaryOf(others)).toStrictEqual(summaryOf(rows));
      },
    ),
  );
});

test('splitting a row, adding an empty one or expanding a fraction does not change a bit', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 12 }), fc.nat(), fc.integer({ min: 1, max: 50 }), (rows, cut, factor) => {
      const split = rows.flatMap(({ value, of, count }) => {
        const some = cut % (count + 1);
        return [
          { value, of, count: some },
          { value: value * factor, of: of * factor, count: count - some },
        ];
      });
      expect(summaryOf([...split, { value: 12345, of: 1, count: 0 }])).toStrictEqual(summaryOf(rows));
    }),
  );
});

test('mean, median and quartiles lie between the extremes, in their order', () => {
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (rows) => {
      const { n, mean, minimum, lowerQuartile, median, upperQuartile, maximum, sd } = summaryOf(rows);
      fc.pre(n > 0);
      const inOrder = [minimum, lowerQuartile, median, upperQuartile, maximum];
      expect(inOrder).toStrictEqual(inOrder.map(Number).sort((a, b) => a - b));
      expect(mean).toBeGreaterThanOrEqual(Number(minimum));
      expect(mean).toBeLessThanOrEqual(Number(maximum));
      if (n >= 2) expect(sd).toBeLessThanOrEqual((Number(maximum) - Number(minimum)) * (1 + 1e-12));
    }),
  );
});

test('with the signs of all values turned, everything is mirrored', () => {
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (rows) => {
      const [given, turned] = [summaryOf(rows), summaryOf(rows.map((row) => ({ ...row, value: -row.value })))];
      expect(turned.sd).toBe(given.sd);
      expect(turned.sum).toBe(mirrored(given.sum));
      expect(turned.mean).toBe(mirrored(given.mean));
      expect(turned.minimum).toBe(mirrored(given.maximum));
    }),
  );
});

test('large numbers with small differences lose nothing: the deviation of 4, 7, 13, 16 is that of 10⁹ and 10¹⁵ more', () => {
  for (const offset of [0, 1e9, 1e15]) {
    const rows = [4, 7, 13, 16].map((value) => ({ value: offset + value, of: 1, count: 1 }));
    expect(summaryOf(rows).sd).toBe(Math.sqrt(30));
  }
});

test('equal values have a deviation of exactly 0, also thirds', () => {
  const thirds = [
    { value: 1, of: 3, count: 1_000_000 },
    { value: 2, of: 6, count: 7 },
  ];
  expect(summaryOf(thirds)).toMatchObject({ n: 1_000_007, mean: 1 / 3, sd: 0, median: 1 / 3 });
});

// R 4.2.2: x <- c(0, 0, 3, 7, 7, 7) / 7; and x <- rep(c(-5, 0, 1/3, 2/6, 9), c(1, 2, 3, 1, 4));
// sum(x); mean(x); sd(x); median(x); quantile(x, c(.25, .75)); range(x)
test('as R computes it', () => {
  const sevenths = [
    { value: 7, of: 7, count: 3 },
    { value: 3, of: 7, count: 1 },
    { value: 0, of: 7, count: 2 },
  ];
  expectNear(summaryOf(sevenths), {
    n: 6,
    sum: 3.42857142857143,
    mean: 0.571428571428571,
    sd: 0.494871659305394,
    median: 0.714285714285714,
    lowerQuartile: 0.107142857142857,
    upperQuartile: 1,
    minimum: 0,
    maximum: 1,
  });
  const mixed = [
    { value: -5, of: 1, count: 1 },
    { value: 0, of: 9, count: 2 },
    { value: 1, of: 3, count: 3 },
    { value: 2, of: 6, count: 1 },
    { value: 9, of: 1, count: 4 },
  ];
  expectNear(summaryOf(mixed), {
    n: 11,
    sum: 32.3333333333333,
    mean: 2.93939393939394,
    sd: 5.04384813811876,
    median: 0.333333333333333,
    lowerQuartile: 0.166666666666667,
    upperQuartile: 9,
    minimum: -5,
    maximum: 9,
  });
});

test('of nobody there is a sum of 0 and nothing else, of one participant no deviation', () => {
  const nothing = {
    n: 0,
    sum: 0,
    mean: undefined,
    sd: undefined,
    median: undefined,
    lowerQuartile: undefined,
    upperQuartile: undefined,
    minimum: undefined,
    maximum: undefined,
  };
  expect(summaryOf([])).toStrictEqual(nothing);
  expect(summaryOf([{ value: 5, of: 2, count: 0 }])).toStrictEqual(nothing);
  expect(summaryOf([{ value: 5, of: 2, count: 1 }])).toMatchObject({ n: 1, mean: 2.5, sd: undefined, median: 2.5 });
});

test.each<[string, Valued]>([
  ['a value that is no whole number', { value: 0.5, of: 1, count: 1 }],
  ['an infinite value', { value: Number.POSITIVE_INFINITY, of: 1, count: 1 }],
  ['nothing to divide by', { value: 1, of: 0, count: 1 }],
  ['a negative denominator', { value: 1, of: -2, count: 1 }],
  ['a denominator that is no whole number', { value: 1, of: 1.5, count: 1 }],
  ['a negative count', { value: 1, of: 1, count: -1 }],
  ['half a participant', { value: 1, of: 1, count: 0.5 }],
])('%s is refused', (_, row) => {
  const fine = { value: 1, of: 1, count: 2 };
  expect(() => summaryOf([fine, row])).toThrow(RangeError);
  expect(() => meanDifference([fine], [row])).toThrow(RangeError);
});

test('more participants than a whole number holds are refused', () => {
  const row = { value: 1, of: 1, count: Number.MAX_SAFE_INTEGER };
  expect(() => summaryOf([row, row])).toThrow('the sum of all counts');
});

const rowsOf = (...numbers: readonly (readonly [value: number, count: number])[]): Valued[] =>
  numbers.map(([value, count]) => ({ value, of: 1, count }));

// R 4.2.2: t.test(a, b, conf.level = confidence)
test.each<[string, Valued[], Valued[], number, [number, number, number]]>([
  [
    'c(0, 0, 3, 7, 7, 7) / 7, c(0, 1, 1, 2) / 4',
    [
      { value: 0, of: 7, count: 2 },
      { value: 3, of: 7, count: 1 },
      { value: 7, of: 7, count: 3 },
    ],
    [
      { value: 0, of: 4, count: 1 },
      { value: 1, of: 4, count: 2 },
      { value: 2, of: 4, count: 1 },
    ],
    0.95,
    [0.321428571428571, -0.212177970602755, 0.855035113459898],
  ],
  [
    'c(1, 2), c(5, 5, 5, 8)',
    rowsOf([1, 1], [2, 1]),
    rowsOf([5, 3], [8, 1]),
    0.95,
    [-4.25, -6.77027219403838, -1.72972780596162],
  ],
  [
    'rep(0:10, c(5, 0, 2, 8, 1, 1, 0, 4, 0, 0, 3)), rep(0:3, c(1, 9, 2, 4))',
    rowsOf([0, 5], [2, 2], [3, 8], [4, 1], [5, 1], [7, 4], [10, 3]),
    rowsOf([0, 1], [1, 9], [2, 2], [3, 4]),
    0.99,
    [2.39583333333333, 0.456152542165477, 4.33551412450119],
  ],
  [
    'rep(0:1, c(1000, 2000)), rep(0:1, c(900000, 1000000))',
    rowsOf([0, 1000], [1, 2000]),
    rowsOf([0, 900_000], [1, 1_000_000]),
    0.95,
    [0.140350877192977, 0.123457655623797, 0.157244098762156],
  ],
  [
    'c(3, 3), c(1, 2, 4)',
    rowsOf([3, 2]),
    rowsOf([1, 1], [2, 1], [4, 1]),
    0.95,
    [0.666666666666667, -3.12791636693009, 4.46124970026343],
  ],
])('t.test of %s', (_, a, b, confidence, [difference, lower, upper]) => {
  const actual = meanDifference(a, b, confidence);
  expect(actual?.difference).toBeCloseTo(difference, 11);
  expect(actual?.lower).toBeCloseTo(lower, 11);
  expect(actual?.upper).toBeCloseTo(upper, 11);
});

const someone = fc.array(small, { minLength: 1, maxLength: 8 }).filter((rows) => rows.some(({ count }) => count > 0));

test('the difference taken the other way round is mirrored, and the order of rows does not change a bit', () => {
  fc.assert(
    fc.property(
      someone.chain((rows) => fc.tuple(fc.constant(rows), shuffled(rows))),
      someone,
      ([a, reordered], b) => {
        const [given, turned] = [meanDifference(a, b), meanDifference(b, a)];
        expect(meanDifference(reordered, b)).toStrictEqual(given);
        expect(mirrored(turned?.difference)).toBe(given?.difference);
        expect(mirrored(turned?.upper)).toBe(given?.lower);
        expect(mirrored(turned?.lower)).toBe(given?.upper);
      },
    ),
  );
});

test('the limits bracket the difference, and more confidence never narrows them', () => {
  const confidence = fc.double({ min: 0.01, max: 1 - 1e-6, noNaN: true });
  fc.assert(
    fc.property(someone, someone, confidence, confidence, (a, b, some, other) => {
      const [less, more] = [meanDifference(a, b, Math.min(some, other)), meanDifference(a, b, Math.max(some, other))];
      if (less?.lower === undefined || more?.lower === undefined) return;
      expect(less.lower).toBeLessThanOrEqual(less.difference);
      expect(less.upper).toBeGreaterThanOrEqual(less.difference);
      const rounding = 1e-10 * (less.upper - less.lower); // when the two confidences are next to equal
      expect(more.lower).toBeLessThanOrEqual(less.lower + rounding);
      expect(more.upper).toBeGreaterThanOrEqual(less.upper - rounding);
    }),
  );
});

test('there is no difference from nobody, and there are no limits where nothing tells of chance', () => {
  const spread = rowsOf([1, 3], [2, 2]);
  expect(meanDifference(spread, [])).toBeUndefined();
  expect(meanDifference(rowsOf([1, 0]), spread)).toBeUndefined();
  expect(meanDifference(spread, rowsOf([9, 1]))).toStrictEqual({
    difference: 1.4 - 9,
    lower: undefined,
    upper: undefined,
  });
  expect(meanDifference(rowsOf([5, 4]), rowsOf([3, 7]))).toStrictEqual({
    difference: 2,
    lower: undefined,
    upper: undefined,
  });
  expect(() => meanDifference([], [], 95)).toThrow(RangeError);
});
