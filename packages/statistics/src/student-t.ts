// The one hard step of Welch's interval: the quantile of Student's t for degrees of freedom that are no whole number.
//
// Why not a library's: @stdlib/stats-base-dists-t-quantile 0.2.3 is right in the tails, but 0 near the median from some 500
// degrees on, and brings a hundred packages. The two series below have positive terms only, so nothing cancels.
import { twoSidedZ } from './interval.ts';
import { positiveRoot } from './positive-root.ts';

/** From here on the expansion is as exact as the z it begins with, and the series would only cost time. */
const MANY = 1000;

/** Γ(a + ½) / Γ(a); the asymptotic series in 1/a, reached from a small `a` by the recurrence of Γ. */
function gammaRatioOfHalfStep(a: number): number {
  let [at, factor] = [a, 1];
  for (; at < 40; at++) factor *= at / (at + 0.5);
  const u = 1 / at;
  const series =
    1 +
    u *
      (-1 / 8 +
        u *
          (1 / 128 + u * (5 / 1024 + u * (-21 / 32768 + u * (-399 / 262144 + u * (869 / 4194304 + u * 0.00117198))))));
  return factor * Math.sqrt(at) * series;
}

/** 1 + r₀ + r₀r₁ + …, where rₖ = ratio · (from + k) / (to + k) ends below 1. */
function seriesOf(ratio: number, from: number, to: number): number {
  let sum = 1;
  for (let term = 1, k = 0; term > sum * 1e-17; k++) {
    term *= (ratio * (from + k)) / (to + k);
    sum += term;
  }
  return sum;
}

/** The z-quantile made one of Student's t by the expansion in 1/ν (Abramowitz & Stegun 1964, 26.7.5). */
function expansion(z: number, degrees: number): number {
  const z2 = z * z;
  const terms = [
    (z2 + 1) / 4,
    ((5 * z2 + 16) * z2 + 3) / 96,
    (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
    ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
  ];
  return z * terms.reduceRight((sum, term) => (sum + term) / degrees, 0) + z;
}

/**
 * The t that Student's t stays between −t and t of with the probability `confidence`: 2.776 for four degrees and 0.95. The
 * counterpart of {@link twoSidedZ}, to which it falls as the degrees grow. Relative error below 10⁻¹¹ up to a confidence of
 * 0.999999, below 10⁻⁸ at the highest.
 *
 * Source: the incomplete beta function as a hypergeometric series (Abramowitz & Stegun 1964, 26.5.4 and 26.7.1), solved for t by
 * Newton's method. As R's `qt((1 + confidence) / 2, degrees)`.
 *
 * @param degrees of freedom: at least 1, need not be whole
 * @param confidence above 0, at most 1 − 10⁻⁹
 * @throws RangeError if an argument is out of range
 */
export function twoSidedT(degrees: number, confidence: number): number {
  if (!(degrees >= 1)) throw new RangeError(`degrees of freedom must be at least 1, but are ${degrees}`);
  const z = twoSidedZ(confidence);
  if (degrees >= MANY) return expansion(z, degrees);

  const half = degrees / 2;
  const scale = gammaRatioOfHalfStep(half) / Math.sqrt(degrees * Math.PI);
  const tTimesDensity = (t: number) => t * scale * Math.exp(-(half + 0.5) * Math.log1p((t * t) / degrees));
  // Logarithms of both probabilities are concave in the logarithm of t, and z lies below t: Newton's method cannot run away.
  if (confidence <= 0.5) {
    return positiveRoot(z, (t) => {
      const sum = seriesOf((t * t) / (degrees + t * t), half + 0.5, 1.5);
      return Math.log(confidence / (2 * tTimesDensity(t) * sum)) * sum;
    });
  }
  const tail = (1 - confidence) / 2;
  return positiveRoot(z, (t) => {
    const sum = seriesOf(degrees / (degrees + t * t), half + 0.5, half + 1) / degrees;
    return Math.log((tTimesDensity(t) * sum) / tail) * sum;
  });
}
