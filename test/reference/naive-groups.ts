import { civilDay, type Measure, type Protocol } from '@holdfast/events';
import type { Effective, EffectiveOf } from './naive-replacing.ts';

export const unknownMember = 'not known';

/** The last total up to study day 0 that is not of hours after a dose; of several on that day the greatest id's, then source's. */
function scoreAtBaseline(observations: readonly Effective[], instrument: string, dayZero: number): number | undefined {
  const scores = observations
    .filter((one): one is EffectiveOf<'scale-score'> => one.type === 'scale-score')
    .filter(({ data }) => data.instrument === instrument && data.total !== undefined)
    .filter(({ data, day }) => data.hoursAfterDose === undefined && day <= dayZero);
  for (const one of scores) {
    const isLast = scores.every(
      (other) =>
        other === one ||
        other.day < one.day ||
        (other.day === one.day && other.id < one.id) ||
        (other.day === one.day && other.id === one.id && other.source < one.source),
    );
    if (isLast) return one.data.total;
  }
  return undefined;
}

/** The member of each declared group that a randomised participant is. `open`: the effective open events. */
export function naiveGroups(
  protocol: Protocol,
  open: readonly Effective[],
  enrolment: EffectiveOf<'participant-enrolled'>,
  randomisation: EffectiveOf<'participant-randomised'>,
): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const { id, by, bands } of protocol.groups) {
    if (by === 'stratum') {
      groups[id] = randomisation.data.stratum ?? unknownMember;
      continue;
    }
    const value =
      'covariate' in by
        ? enrolment.data.baseline?.[by.covariate]
        : scoreAtBaseline(open, by.score, civilDay(randomisation.data.date));
    if (value === undefined) groups[id] = unknownMember;
    else if (bands === undefined) groups[id] = `${value}`;
    else {
      groups[id] = unknownMember;
      // In increasing order: the last band that begins at or below the value is its band.
      for (const { label, from } of bands) if (typeof value === 'number' && from <= value) groups[id] = label;
    }
  }
  return groups;
}

export type NaivePeriod = { readonly period: string; readonly from: number };

/** When each period of a crossover first began, in order of day, then of name; none unless the protocol has periods. */
export function naivePeriods(protocol: Protocol, open: readonly Effective[], dayZero: number): NaivePeriod[] {
  if (protocol.periods === undefined) return [];
  const starts = open.filter((one): one is EffectiveOf<'period-started'> => one.type === 'period-started');
  return [...new Set(starts.map(({ data }) => data.period))]
    .map((period) => {
      const days = starts.filter(({ data }) => data.period === period).map(({ day }) => day - dayZero);
      return { period, from: Math.min(...days) };
    })
    .toSorted((a, b) => a.from - b.from || (a.period < b.period ? -1 : 1));
}

/** The period that a participant is in on a study day; empty before the first. */
export function periodOn(periods: readonly NaivePeriod[], day: number): string {
  let now = '';
  for (const { period, from } of periods) if (from <= day) now = period;
  return now;
}

/** The first dose on study day 0 or later; of several that day the smallest id's, then source's. */
function firstDose(observations: readonly Effective[], dayZero: number): EffectiveOf<'dose-given'> | undefined {
  const doses = observations.filter((one): one is EffectiveOf<'dose-given'> => one.type === 'dose-given');
  const since = doses.filter(({ day }) => day >= dayZero);
  const firstDay = Math.min(...since.map(({ day }) => day));
  const thatDay = since.filter(({ day }) => day === firstDay);
  return thatDay.find((one) =>
    thatDay.every((other) => one.id < other.id || (one.id === other.id && one.source <= other.source)),
  );
}

/** Whether a participant belongs to a measure's population as of a clock: a day that is not over has given nobody a dose yet. */
export function isMember(
  protocol: Protocol,
  measure: Measure,
  observations: readonly Effective[],
  dayZero: number,
  asOf: number | undefined,
): boolean {
  const population = protocol.populations.find(({ id }) => id === measure.population);
  if (population === undefined || population.requires === 'randomisation') return true;
  const dose = firstDose(observations, dayZero);
  return dose !== undefined && asOf !== undefined && dose.day < asOf;
}

/** Whether a measure counts its participants in the arm that they were given. */
export function byActualArm(protocol: Protocol, measure: Measure): boolean {
  return protocol.populations.some(({ id, arm }) => id === measure.population && arm === 'actual');
}

/**
 * The arm whose drug the first dose was: the planned one if it gives that drug, else, of those that give it, the one that has most
 * of the planned one's levels, then the first. Nobody asks where no population goes by it.
 */
export function naiveActualArm(
  protocol: Protocol,
  planned: string | undefined,
  observations: readonly Effective[],
  dayZero: number,
): string | undefined {
  if (!protocol.populations.some(({ arm }) => arm === 'actual')) return undefined;
  const drug = firstDose(observations, dayZero)?.data.drug;
  if (drug === undefined) return undefined;
  const giving = protocol.arms.filter(({ gives }) => (gives ?? []).includes(drug));
  const own = protocol.arms.find(({ id }) => id === planned);
  if (own !== undefined && giving.includes(own)) return own.id;
  const shared = (arm: Protocol['arms'][number]) => {
    let levels = 0;
    for (const [factor, level] of Object.entries(arm.factors ?? {})) if (own?.factors?.[factor] === level) levels += 1;
    return levels;
  };
  const most = Math.max(...giving.map(shared));
  const nearest = giving.filter((arm) => shared(arm) === most);
  return nearest.length === 1 ? nearest[0]?.id : undefined;
}
