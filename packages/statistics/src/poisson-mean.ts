// The mean of a Poisson variable, found from the probability of a tail: the one hard step of exact Poisson limits.
//
// Why not a library's gamma quantile: @stdlib/stats-base-dists-gamma-quantile 0.2.3 is right to 1e-15 up to a shape of 500,
// but wrong by up to 1e-3 from 999 on (its median for shape 1001 is 1001.64, the true one 1000.67).
//
// How: the tail is the probability of `count` itself times a sum that converges fast on that side of the count. The logarithm
// of either tail is concave in the logarithm of the mean, so Newton's method there cannot run away.

import { positiveRoot } from './positive-root.ts';

/** From here on the expansion alone is exact to rounding, and the sums would only cost time. */
const LARGE = 100_000;

/** ln k! less Stirling's k·ln k − k + ½·ln(2πk), for k ≥ 1. */
function stirlingError(k: number): number {
  if (k > 15) {
    const square = k * k;
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / k;
  }
  let factorial = 1;
  for (let i = 2; i <= k; i++) factorial *= i;
  return Math.log(factorial) - (k * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI * k));
}

/** ln P(X = k) of a Poisson variable, for k ≥ 1; Loader's form (2000), in which large numbers do not cancel. */
function logProbability(k: number, mean: number): number {
  const excess = (mean - k) / k;
  const logRatio = Math.abs(excess) < 0.5 ? Math.log1p(excess) : Math.log(mean / k);
  return k * (logRatio - excess) - 0.5 * Math.log(2 * Math.PI * k) - stirlingError(k);
}

/** P(X ≥ k) / P(X = k) = 1 + m/(k+1) + m²/((k+1)(k+2)) + …, for a mean m below k + 1. */
function upperTailSum(k: number, mean: number): number {
  let sum = 1;
  for (let term = 1, i = 1; term > sum * 1e-17; i++) {
    term *= mean / (k + i);
    sum += term;
  }
  return sum;
}

/** P(X ≤ k) / P(X = k) = 1 + k/m + k(k−1)/m² + …, for a mean m above k − 1. */
function lowerTailSum(k: number, mean: number): number {
  let sum = 1;
  for (let term = 1, i = 0; i < k && term > sum * 1e-17; i++) {
    term *= (k - i) / mean;
    sum += term;
  }
  return sum;
}

/** The z-quantile of a gamma variable of large shape, by the Cornish–Fisher expansion (Goldberg & Levine 1946). */
function gammaQuantileOfLargeShape(shape: number, z: number): number {
  const s = Math.sqrt(shape);
  const z2 = z * z;
  return shape + s * z + (z2 - 1) / 3 + (z * (z2 - 7)) / (36 * s) - ((3 * z2 + 7) * z2 - 16) / (810 * shape);
}

/** The z-quantile of a gamma variable, roughly (Wilson & Hilferty 1931); may fall below 0 far out in the lower tail. */
function roughGammaQuantile(shape: number, z: number): number {
  return shape * (1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3;
}

/**
 * The mean at which `count` or more has the probability `tail`; 0 for a count of 0.
 * @param tail at most ½
 * @param z the standard normal quantile of 1 − tail
 */
export function poissonMeanOfUpperTail(count: number, tail: number, z: number): number {
  if (count === 0) return 0;
  if (count >= LARGE) return gammaQuantileOfLargeShape(count, -z);
  const logTail = Math.log(tail);
  // P(X ≥ count) is below mean^count / count!, so this start is never too high, and never zero.
  const logFactorial = count * Math.log(count) - count + 0.5 * Math.log(2 * Math.PI * count) + stirlingError(count);
  const start = Math.max(roughGammaQuantile(count, -z), Math.exp((logTail + logFactorial) / count));
  return positiveRoot(start, (mean) => {
    const sum = upperTailSum(count, mean);
    return ((logTail - logProbability(count, mean) - Math.log(sum)) * sum) / count;
  });
}

/**
 * The mean at which `count` or fewer has the probability `tail`.
 * @param tail at most ½
 * @param z the standard normal quantile of 1 − tail
 */
export function poissonMeanOfLowerTail(count: number, tail: number, z: number): number {
  if (count === 0) return -Math.log(tail);
  if (count >= LARGE) return gammaQuantileOfLargeShape(count + 1, z);
  const logTail = Math.log(tail);
  return positiveRoot(roughGammaQuantile(count + 1, z), (mean) => {
    const sum = lowerTailSum(count, mean);
    return ((logProbability(count, mean) + Math.log(sum) - logTail) * sum) / mean;
  });
}
