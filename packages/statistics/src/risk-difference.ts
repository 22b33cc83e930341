import { assertProportion, type DifferenceInterval, type Proportion } from './interval.ts';
import { mover } from './mover.ts';
import { wilson } from './wilson.ts';

/**
 * The proportion of `first` less the proportion of `second`, with Newcombe's hybrid score interval (his method 10, without
 * continuity correction): put together from the Wilson limits of both. All three numbers are differences of proportions, −1 … 1.
 *
 * Has a width also where both proportions are 0 or 1, and never leaves −1 … 1.
 *
 * Source: Newcombe R. G. (1998), Interval estimation for the difference between independent proportions: comparison of eleven
 * methods, Statistics in Medicine 17, 873–890.
 *
 * @param confidence of the two-sided interval: above 0, at most 1 − 10⁻⁹
 * @returns `undefined` if there is nobody in either: of nobody there is no proportion
 * @throws RangeError if an argument is out of range
 */
export function riskDifference(
  first: Proportion,
  second: Proportion,
  confidence = 0.95,
): DifferenceInterval | undefined {
  for (const each of [first, second]) assertProportion(each);
  const [a, b] = [wilson(first.events, first.n, confidence), wilson(second.events, second.n, confidence)];
  if (a === undefined || b === undefined) return undefined;
  return mover([
    [1, a],
    [-1, b],
  ]);
}
