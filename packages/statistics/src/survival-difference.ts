import type { Difference } from './interval.ts';
import type { SurvivalOnDay } from './kaplan-meier.ts';
import { mover } from './mover.ts';

type Survival = Pick<SurvivalOnDay, 'survival' | 'lower' | 'upper'>;

/**
 * Survival on a day of `first` less that of `second` (−1 … 1), with limits recovered from those of each curve (`mover`), and of their
 * confidence. Without limits where a curve has none: while nobody of it has had the event, or once everybody has.
 *
 * Source: Zou G. Y., Donner A. (2008), Construction of confidence limits about effect measures: a general approach, Statistics in
 * Medicine 27, 1693–1702.
 *
 * @returns `undefined` where either cannot be estimated
 */
export function survivalDifference(first: Survival, second: Survival): Difference | undefined {
  if (first.survival === undefined || second.survival === undefined) return undefined;
  const [a, b] = [rateOf(first), rateOf(second)];
  if (a === undefined || b === undefined)
    return { difference: first.survival - second.survival, lower: undefined, upper: undefined };
  return mover([
    [1, a],
    [-1, b],
  ]);
}

function rateOf({ survival: rate, lower, upper }: Survival) {
  return rate === undefined || lower === undefined || upper === undefined ? undefined : { rate, lower, upper };
}
