import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/** A rate with its two-sided confidence limits; always `lower ≤ rate ≤ upper`. */
export type RateInterval = { readonly rate: number; readonly lower: number; readonly upper: number };

/** A difference with its two-sided confidence limits; always `lower ≤ difference ≤ upper`. */
export type DifferenceInterval = { readonly difference: number; readonly lower: number; readonly upper: number };

/** A difference whose limits may not be known: both are there, or neither. */
export type Difference =
  | DifferenceInterval
  | { readonly difference: number; readonly lower: undefined; readonly upper: undefined };

const HIGHEST_CONFIDENCE = 1 - 1e-9;

/**
 * The z of a two-sided interval: 1.96 for a confidence of 0.95. Also the one gate for every `confidence`.
 * @throws RangeError unless 0 < confidence ≤ 1 − 10⁻⁹ (beyond that the tails lose their digits in floating point)
 */
export function twoSidedZ(confidence: number): number {
  if (!(confidence > 0 && confidence <= HIGHEST_CONFIDENCE)) {
    throw new RangeError(`confidence must lie above 0 and at most at 1 - 1e-9, but is ${confidence}`);
  }
  return normalQuantile((1 + confidence) / 2, 0, 1);
}

/** Refuses what cannot be a count. @throws RangeError unless `count` is an integer from 0 to 2⁵³ − 1 */
export function assertCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`${name} must be a whole number from 0 to 2^53 - 1, but is ${count}`);
  }
}

/** So many of `n` participants had the event. */
export type Proportion = { readonly events: number; readonly n: number };

/** Refuses what cannot be a proportion. @throws RangeError unless both are counts and `events` is at most `n` */
export function assertProportion({ events, n }: Proportion): void {
  assertCount('n', n);
  assertCount('events', events);
  if (events > n) throw new RangeError(`${events} events among ${n} participants cannot be`);
}
