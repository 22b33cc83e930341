import { assertCount, twoSidedZ } from './interval.ts';

/** For how many participants observation ended on a day, and by what. */
export type EndedOnDay = {
  readonly day: number;
  /** had the event */
  readonly events: number;
  /** had what makes the event impossible, such as death */
  readonly competing: number;
  /** were last observed on this day, and had not had the event by then */
  readonly censored: number;
};

/** A curve at the end of a day. What is undefined cannot be estimated: show it empty, never as 0 or 1. */
export type SurvivalOnDay = EndedOnDay & {
  /** participants whose observation lasts up to this day or longer */
  readonly atRisk: number;
  /** share without the event (0 … 1), competing events taken as censorings */
  readonly survival: number | undefined;
  /** share with the event (0 … 1), where who had a competing event never has it */
  readonly incidence: number | undefined;
  /** pointwise limits of `survival` */
  readonly lower: number | undefined;
  readonly upper: number | undefined;
};

/**
 * Survival and cumulative incidence from counts by day. Who is censored on a day is still at risk of that day's events.
 *
 * `survival` is Kaplan and Meier's product-limit estimate. `incidence` is Aalen and Johansen's estimate; without competing
 * events it is 1 − survival, with them it is at most that. The limits are symmetric on the scale of log(−log survival), with
 * Greenwood's variance; as with R's `survfit(conf.type = "log-log")` there are none while nobody has had the event, nor once
 * survival is 0. When nobody is left at risk, what a curve would do next is not known: it is undefined, unless it was complete
 * (nobody left without the event). Of no participants there is no curve at all.
 *
 * Sources: Kaplan E. L., Meier P. (1958), Nonparametric estimation from incomplete observations, JASA 53, 457–481; Greenwood M.
 * (1926), The natural duration of cancer, Reports on Public Health and Medical Subjects 33; Kalbfleisch J. D., Prentice R. L.
 * (1980), The statistical analysis of failure time data (limits); Aalen O. O., Johansen S. (1978), An empirical transition matrix
 * for non-homogeneous Markov chains based on censored observations, Scandinavian Journal of Statistics 5, 141–150.
 *
 * @param participants at risk at the beginning: whole number, 0 … 2⁵³ − 1
 * @param days in increasing order; a day on which no observation ended may be among them, with zeros
 * @param confidence of the two-sided limits: above 0, at most 1 − 10⁻⁹
 * @returns one entry for each of the days
 * @throws RangeError if an argument is out of range, days do not increase, or more observations end than began
 */
export function kaplanMeier(participants: number, days: readonly EndedOnDay[], confidence = 0.95): SurvivalOnDay[] {
  assertCount('participants', participants);
  const z = twoSidedZ(confidence);
  let atRisk = participants;
  let survival = 1;
  let variance = 0; // of log survival
  let withoutEither = 1;
  let incidence = 0;
  let before = Number.NEGATIVE_INFINITY;
  return days.map((ended) => {
    const { day, events, competing, censored } = ended;
    if (!(day > before)) throw new RangeError(`days must increase, but day ${day} follows day ${before}`);
    for (const [name, count] of Object.entries({ events, competing, censored })) {
      assertCount(`${name} of day ${day}`, count);
    }
    const left = atRisk - events - competing - censored;
    if (left < 0) throw new RangeError(`on day ${day} more observations end than the ${atRisk} that lasted so far`);
    const point = { ...ended, atRisk };
    if (atRisk > 0) {
      incidence = Math.min(1, incidence + withoutEither * (events / atRisk));
      withoutEither *= (atRisk - events - competing) / atRisk;
      survival *= (atRisk - events) / atRisk;
      variance += events / atRisk / (atRisk - events);
    }
    const known = atRisk > 0;
    before = day;
    atRisk = left;
    return {
      ...point,
      survival: known || survival === 0 ? survival : undefined,
      incidence: known || withoutEither === 0 ? incidence : undefined,
      ...(known ? logLogLimits(survival, Math.sqrt(variance), z) : noLimits),
    };
  });
}

const noLimits = { lower: undefined, upper: undefined };

/** The limits of log(−log survival), brought back: survival to the power of exp(±z · error / −log survival). */
function logLogLimits(survival: number, error: number, z: number) {
  if (survival === 0 || survival === 1) return noLimits;
  const power = Math.exp((z * error) / -Math.log(survival));
  return {
    lower: Math.min(survival, survival ** power),
    upper: Math.max(survival, survival ** (1 / power)),
  };
}
