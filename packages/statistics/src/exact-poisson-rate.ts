import { assertCount, type RateInterval, twoSidedZ } from './interval.ts';
import { poissonMeanOfLowerTail, poissonMeanOfUpperTail } from './poisson-mean.ts';

/**
 * An event rate with its exact ("Garwood") interval. All three numbers are events per unit of person-time: per person-day if
 * `personTime` is given in person-days.
 *
 * The limits are the rates at which so many or more events (for `lower`), or so many or fewer (for `upper`), would have a
 * probability of (1 − confidence) / 2. The count is taken as Poisson given the person-time; then the interval covers the
 * true rate at least as often as stated. With no event `lower` is exactly 0 and `upper` still positive. Relative error
 * below 10⁻¹² up to a confidence of 0.999999, below 10⁻¹⁰ at the highest.
 *
 * Source: Garwood F. (1936), Fiducial limits for the Poisson distribution, Biometrika 28, 437–442. As R's `poisson.test`.
 *
 * @param events whole number, 0 … 2⁵³ − 1
 * @param personTime finite, not negative, in any unit
 * @param confidence of the two-sided interval: above 0, at most 1 − 10⁻⁹
 * @returns `undefined` if nobody was at risk for any time: there is no rate (show it empty, never as 0)
 * @throws RangeError if an argument is out of range
 */
export function exactPoissonRate(events: number, personTime: number, confidence = 0.95): RateInterval | undefined {
  assertCount('events', events);
  if (!(Number.isFinite(personTime) && personTime >= 0)) {
    throw new RangeError(`personTime must be finite and not negative, but is ${personTime}`);
  }
  const z = twoSidedZ(confidence);
  if (personTime === 0) return undefined;

  const tail = (1 - confidence) / 2;
  return {
    rate: events / personTime,
    lower: poissonMeanOfUpperTail(events, tail, z) / personTime,
    upper: poissonMeanOfLowerTail(events, tail, z) / personTime,
  };
}
