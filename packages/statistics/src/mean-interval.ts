import { assertCount, twoSidedZ } from './interval.ts';
import { twoSidedT } from './student-t.ts';

/**
 * The limits of a mean by Student's t, in the unit of the values.
 *
 * Source: Student (1908), The probable error of a mean, Biometrika 6, 1–25. As R's `t.test(x)`.
 *
 * @param moments of the participants: how many, their mean and standard deviation (with n − 1); a `Summary` has them
 * @param confidence of the two-sided interval: above 0, at most 1 − 10⁻⁹
 * @returns `undefined` of fewer than two participants, or if nobody differs from the others: then nothing says how far chance
 *   reaches (R's `t.test` refuses both)
 * @throws RangeError if an argument is out of range
 */
export function meanInterval(
  { n, mean, sd }: { readonly n: number; readonly mean: number | undefined; readonly sd: number | undefined },
  confidence = 0.95,
): { readonly lower: number; readonly upper: number } | undefined {
  assertCount('n', n);
  twoSidedZ(confidence); // refuses a confidence out of range also where it is not needed
  if (sd !== undefined && !(sd >= 0)) throw new RangeError(`sd must not be negative, but is ${sd}`);
  if (n < 2 || mean === undefined || sd === undefined || sd === 0) return undefined;
  const margin = (twoSidedT(n - 1, confidence) * sd) / Math.sqrt(n);
  return { lower: mean - margin, upper: mean + margin };
}
