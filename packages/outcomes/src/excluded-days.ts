import { type CivilDay, civilDay, type UseMeasure } from '@holdfast/events';
import type { StudyDay } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import { passingDays } from './passing-days.ts';

/** The study day of the earliest death; undefined if nobody reported one. */
export function dayOfDeath(observations: readonly Effective[], dayZero: CivilDay): StudyDay | undefined {
  const deaths = observations.flatMap((observation) =>
    observation.type === 'participant-left' && observation.data.how === 'died' ? [observation.day - dayZero] : [],
  );
  return deaths.length === 0 ? undefined : Math.min(...deaths);
}

/** The first study day on which the participant left, however they did; undefined if nobody reported it. */
export function dayOfLeaving(observations: readonly Effective[], dayZero: CivilDay): StudyDay | undefined {
  const left = observations.flatMap(({ type, day }) => (type === 'participant-left' ? [day - dayZero] : []));
  return left.length === 0 ? undefined : Math.min(...left);
}

/** For study days 0 … lastDay, whether the measure's strategies take the day out (1): controlled, or after death. */
export function excludedDays(
  measure: UseMeasure,
  observations: readonly Effective[],
  dayZero: CivilDay,
  lastDay: StudyDay,
): Uint8Array {
  const excluded = passingDays(Math.max(0, lastDay + 1));
  if (measure.controlledDays === 'exclude') {
    for (const observation of observations) {
      if (observation.type !== 'controlled-environment') continue;
      const from = Math.max(0, civilDay(observation.data.from) - dayZero);
      const to = Math.min(lastDay, civilDay(observation.data.to) - dayZero);
      if (from <= to) excluded.fill(1, from, to + 1);
    }
  }
  if (measure.death === 'exclude') {
    const death = dayOfDeath(observations, dayZero);
    if (death !== undefined && death < lastDay) excluded.fill(1, Math.max(0, death + 1));
  }
  return excluded;
}
