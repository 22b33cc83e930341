import type { Measure, MissingPolicy } from '@holdfast/events';
import type { NaiveParticipant } from './naive-fold.ts';
import { daysFrom } from './naive-measures.ts';

type Select = (participant: NaiveParticipant) => boolean;

/** Who is abstinent of those assessable, on each day w … horizon. */
export function naiveAbstinence(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  window: number,
  policy: MissingPolicy,
  select: Select,
): { day: number; abstinent: number; assessable: number }[] {
  return daysFrom(window, measure.horizon).map((day) => {
    const cells = participants
      .filter(select)
      .flatMap((participant) => participant.measures[measure.id]?.cells ?? [])
      .filter((cell) => cell.window === window && cell.policy === policy && cell.day === day);
    return {
      day,
      abstinent: cells.filter((cell) => cell.abstinent).length,
      assessable: cells.filter((cell) => cell.assessable).length,
    };
  });
}

/** First uses and days at risk within the trailing window, on each day w … horizon, of those for whom the day is mature. */
export function naiveFirstUse(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  window: number,
  select: Select,
): { day: number; events: number; personDays: number }[] {
  return daysFrom(window, measure.horizon).map((day) => {
    const inWindow = (d: number) => day - window < d && d <= day;
    let events = 0;
    let personDays = 0;
    for (const participant of participants.filter(select)) {
      const measured = participant.measures[measure.id];
      if (!measured?.mature.includes(day)) continue;
      if (measured.firstEvent?.outcome === 'event' && inWindow(measured.firstEvent.day)) events += 1;
      personDays += measured.atRisk.filter(inWindow).length;
    }
    return { day, events, personDays };
  });
}

/** How many are still observed on each day 0 … horizon, and whose observation ends on it, by what. */
export function naiveSurvival(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  select: Select,
): { day: number; atRisk: number; events: number; competing: number; censored: number }[] {
  const ends = participants.filter(select).flatMap(({ measures }) => measures[measure.id]?.firstEvent ?? []);
  return daysFrom(0, measure.horizon).map((day) => {
    const ended = (outcome: string) => ends.filter((end) => end.day === day && end.outcome === outcome).length;
    return {
      day,
      atRisk: ends.filter((end) => end.day >= day).length,
      events: ended('event'),
      competing: ended('competing'),
      censored: ended('censored'),
    };
  });
}
