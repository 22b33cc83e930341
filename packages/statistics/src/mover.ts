import type { DifferenceInterval, RateInterval } from './interval.ts';

/**
 * A weighted sum of independent numbers, with limits recovered from those of each (MOVER, the method of variance estimates recovery):
 * from each part what it takes to reach its own limit on that side, put together as Pythagoras does. Where the parts have good
 * limits of their own the sum has too, also where a part shows no variance; it never leaves what the parts’ limits add up to.
 * Of two proportions with Wilson’s limits, weighing 1 and −1, these are Newcombe’s limits of their difference.
 *
 * Sources: Zou G. Y., Donner A. (2008), Construction of confidence limits about effect measures: a general approach, Statistics in
 * Medicine 27, 1693–1702; Zou G. Y., Huang W., Zhang X. (2009), A note on confidence interval estimation for a linear function of
 * binomial proportions, Computational Statistics & Data Analysis 53, 1080–1085.
 *
 * @param parts each a weight and a rate with its limits, all of one confidence, which is that of the result
 */
export function mover(parts: readonly (readonly [weight: number, of: RateInterval])[]): DifferenceInterval {
  const difference = parts.reduce((sum, [weight, { rate }]) => sum + weight * rate, 0);
  const below = parts.map(([weight, { rate, lower, upper }]) => weight * (rate - (weight > 0 ? lower : upper)));
  const above = parts.map(([weight, { rate, lower, upper }]) => weight * ((weight > 0 ? upper : lower) - rate));
  return { difference, lower: difference - Math.hypot(...below), upper: difference + Math.hypot(...above) };
}
