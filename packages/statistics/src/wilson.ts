import { assertCount, type RateInterval, twoSidedZ } from './interval.ts';

/**
 * A proportion (such as abstinent of assessable participants) with Wilson's score interval, without continuity correction:
 * the rates p that a score test of the observed proportion does not reject. All three numbers are proportions in 0 … 1.
 *
 * Defined and sensible at the edges: with no success `lower` is exactly 0, with nothing but successes `upper` is exactly 1,
 * and the interval has a width there too. Precise to rounding for counts up to 2⁵³ − 1.
 *
 * Source: Wilson E. B. (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209–212.
 *
 * @param successes whole number, 0 … trials
 * @param trials whole number, 0 … 2⁵³ − 1
 * @param confidence of the two-sided interval: above 0, at most 1 − 10⁻⁹
 * @returns `undefined` if there were no trials: of nobody there is no rate (show it empty, never as 0)
 * @throws RangeError if an argument is out of range
 */
export function wilson(successes: number, trials: number, confidence = 0.95): RateInterval | undefined {
  assertCount('trials', trials);
  assertCount('successes', successes);
  if (successes > trials) throw new RangeError(`${successes} successes of ${trials} trials cannot be`);
  const z = twoSidedZ(confidence);
  if (trials === 0) return undefined;

  const rate = successes / trials;
  const root = z * Math.sqrt(z * z + 4 * successes * ((trials - successes) / trials));
  const sum = 2 * successes + z * z + root;
  // The textbook's lower limit subtracts two nearly equal numbers if the rate is small; the limits' product does not.
  const lower = (2 * successes * rate) / sum;
  const upper = sum / (2 * (trials + z * z));
  return { rate, lower: Math.min(lower, rate), upper: Math.min(1, Math.max(upper, rate)) };
}
