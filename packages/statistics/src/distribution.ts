import { assertCount, type Difference, twoSidedZ } from './interval.ts';
import { quotient } from './quotient.ts';
import { twoSidedT } from './student-t.ts';

/** `count` participants have the rational number `value / of`: 3 / 7 abstinent days at risk, or 12 / 1 points of a score. */
export type Valued = {
  /** whole number, also negative: −(2⁵³ − 1) … 2⁵³ − 1 */
  readonly value: number;
  /** whole number, 1 … 2⁵³ − 1 */
  readonly of: number;
  /** whole number, 0 … 2⁵³ − 1 */
  readonly count: number;
};

/** What a distribution comes to, in the unit of its values. What is not defined is `undefined` (show it empty, never as 0). */
export type Summary = {
  /** participants */
  readonly n: number;
  /** over all participants; 0 of nobody */
  readonly sum: number;
  readonly mean: number | undefined;
  /** standard deviation of a sample, with n − 1: defined from two participants on */
  readonly sd: number | undefined;
  readonly median: number | undefined;
  readonly lowerQuartile: number | undefined;
  readonly upperQuartile: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
};

/**
 * Summarises a distribution given as counts of its values, in any order; equal values may come in several rows or fractions.
 *
 * Sum, mean and standard deviation are computed as exact fractions and rounded at the end: nothing cancels, and neither the order
 * of the rows nor how they are split changes a bit. The time grows with the number of different `of`s: study days, not nanoseconds.
 * Median and quartiles interpolate between neighbours, as the default of R does (type 7). The same numbers as R's `mean`, `sd`,
 * `median` and `quantile` of the participants' values one by one.
 *
 * Source of the quartiles: Hyndman R. J., Fan Y. (1996), Sample quantiles in statistical packages, The American Statistician 50,
 * 361–365 (definition 7).
 *
 * @returns of nobody: `n` and `sum` 0, all else `undefined`; of one participant `sd` is `undefined`
 * @throws RangeError if a number is out of range, or the counts add up to more than 2⁵³ − 1
 */
export function summaryOf(valued: readonly Valued[]): Summary {
  for (const each of valued) assertValued(each);
  const { n, sum, mean, sd } = momentsOf(valued);
  const values = valued
    .filter(({ count }) => count > 0)
    // Rounded fractions have the order of the fractions themselves. Adding 0 makes a negative zero an ordinary one.
    .map(({ value, of, count }) => ({ value: value / of + 0, count }))
    .sort((a, b) => a.value - b.value);
  return {
    n,
    sum,
    mean,
    sd,
    median: quantile(values, n, 0.5),
    lowerQuartile: quantile(values, n, 0.25),
    upperQuartile: quantile(values, n, 0.75),
    minimum: values.at(0)?.value,
    maximum: values.at(-1)?.value,
  };
}

/**
 * The mean of `a` less the mean of `b`, in the unit of the values, with Welch's interval: the variances need not be alike.
 *
 * Without limits if a mean stands on one participant, or if nobody differs from the others of the same distribution in either:
 * then nothing says how far chance reaches (R's `t.test` refuses both).
 *
 * Source: Welch B. L. (1947), The generalization of 'Student's' problem when several different population variances are involved,
 * Biometrika 34, 28–35. As R's `t.test(a, b)`.
 *
 * @param confidence of the two-sided interval: above 0, at most 1 − 10⁻⁹
 * @returns `undefined` if there is nobody in `a` or in `b`
 * @throws RangeError if an argument is out of range
 */
export function meanDifference(a: readonly Valued[], b: readonly Valued[], confidence = 0.95): Difference | undefined {
  twoSidedZ(confidence); // refuses a confidence out of range also where it is not needed
  for (const each of [...a, ...b]) assertValued(each);
  const [first, second] = [momentsOf(a), momentsOf(b)];
  if (first.mean === undefined || second.mean === undefined) return undefined;

  const difference = first.mean - second.mean;
  const unlimited = { difference, lower: undefined, upper: undefined };
  if (first.sd === undefined || second.sd === undefined) return unlimited;
  const [varianceOfFirst, varianceOfSecond] = [first.sd ** 2 / first.n, second.sd ** 2 / second.n];
  const variance = varianceOfFirst + varianceOfSecond;
  if (variance === 0) return unlimited;
  const [share, otherShare] = [varianceOfFirst / variance, varianceOfSecond / variance];
  const degrees = 1 / (share ** 2 / (first.n - 1) + otherShare ** 2 / (second.n - 1));
  // Rounding may take the least possible number of degrees, 1, below itself.
  const margin = twoSidedT(Math.max(1, degrees), confidence) * Math.sqrt(variance);
  return { difference, lower: difference - margin, upper: difference + margin };
}

function assertValued({ value, of, count }: Valued): void {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`value must be a whole number within ±(2^53 - 1), but is ${value}`);
  }
  if (!Number.isSafeInteger(of) || of < 1) {
    throw new RangeError(`of must be a whole number from 1 to 2^53 - 1, but is ${of}`);
  }
  assertCount('count', count);
}

function momentsOf(valued: readonly Valued[]) {
  const sums = exactSums(valued);
  const n = Number(sums.n);
  assertCount('the sum of all counts', n);
  const { total, totalOfSquares, of } = sums;
  const deviation = sums.n * totalOfSquares - total * total; // n · of² times the sum of squared deviations from the mean
  return {
    n,
    sum: quotient(total, of),
    mean: n < 1 ? undefined : quotient(total, sums.n * of),
    sd: n < 2 ? undefined : Math.sqrt(quotient(deviation, sums.n * (sums.n - 1n) * of * of)),
  };
}

/** Participants, their values' sum as `total / of` and their squares' sum as `totalOfSquares / of²`. */
function exactSums(valued: readonly Valued[]) {
  const byDenominator = new Map<number, { n: bigint; total: bigint; totalOfSquares: bigint }>();
  for (const { value, of, count } of valued) {
    if (count === 0) continue;
    const before = byDenominator.get(of) ?? { n: 0n, total: 0n, totalOfSquares: 0n };
    const [exact, times] = [BigInt(value), BigInt(count)];
    byDenominator.set(of, {
      n: before.n + times,
      total: before.total + times * exact,
      totalOfSquares: before.totalOfSquares + times * exact * exact,
    });
  }
  const common = [...byDenominator.keys()].map(BigInt).reduce(leastCommonMultiple, 1n);
  let [n, total, totalOfSquares] = [0n, 0n, 0n];
  for (const [of, sums] of byDenominator) {
    const scale = common / BigInt(of);
    n += sums.n;
    total += sums.total * scale;
    totalOfSquares += sums.totalOfSquares * scale * scale;
  }
  return { n, total, totalOfSquares, of: common };
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [divisor, rest] = [a, b];
  while (rest > 0n) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}

type Counted = { readonly value: number; readonly count: number };

/** The value below which the share `p` of the `n` participants lies; `sorted` by value, without empty rows. */
function quantile(sorted: readonly Counted[], n: number, p: number): number | undefined {
  const position = (n - 1) * p;
  const rank = Math.floor(position);
  const [below, above] = [atRank(sorted, rank), atRank(sorted, Math.min(rank + 1, n - 1))];
  if (below === undefined || above === undefined) return undefined;
  return below + (position - rank) * (above - below);
}

function atRank(sorted: readonly Counted[], rank: number): number | undefined {
  let before = 0;
  return sorted.find(({ count }) => {
    before += count;
    return before > rank;
  })?.value;
}
