import type { AbstinenceMeasure, FirstEventMeasure, Measure, MissingPolicy, Protocol } from '@holdfast/events';
import type { NaiveParticipant } from './naive-fold.ts';
import { byActualArm, periodOn } from './naive-groups.ts';
import { daysFrom } from './naive-measures.ts';

/** Whether a participant is asked about on a study day of theirs. */
type Select = (participant: NaiveParticipant, studyDay: number) => boolean;

/** A part of a trial by the names of things; what is undefined is not asked. In `arms` the empty name stands for no known arm. */
export type NaivePart = {
  readonly arms?: readonly string[] | undefined;
  readonly site?: string | undefined;
  /** Members by group; the group `period` is the period of the day. */
  readonly groups?: Readonly<Record<string, string>> | undefined;
};

/** Who is in a part of a trial, as a measure counts them. */
export function inPart(protocol: Protocol, measure: Measure, { arms, site, groups }: NaivePart): Select {
  return (participant, day) => {
    const arm = byActualArm(protocol, measure) ? participant.actualArm : participant.arm;
    if (arms !== undefined && !arms.includes(arm ?? '')) return false;
    if (site !== undefined && participant.site !== site) return false;
    return Object.entries(groups ?? {}).every(([group, member]) =>
      group === 'period' ? periodOn(participant.periods, day) === member : participant.groups[group] === member,
    );
  };
}

/** The days of a curve, and on which of them a participant's study day lies. */
export type NaiveAxis = {
  readonly days: readonly number[];
  dayOf(participant: NaiveParticipant, studyDay: number): number;
};

const horizonOf = (measure: Measure): number => {
  if ('horizon' in measure) return measure.horizon;
  throw new Error(`${measure.kind} has no horizon`);
};

export const studyAxis = (from: number, to: number): NaiveAxis => ({
  days: daysFrom(from, to),
  dayOf: (_, studyDay) => studyDay,
});

/** From the first to the last day of the calendar that is mature for anybody. */
export function calendarAxis(participants: readonly NaiveParticipant[], measure: Measure): NaiveAxis {
  const mature = participants.flatMap(({ dayZero = 0, measures }) =>
    (measures[measure.id]?.mature ?? []).map((day) => dayZero + day),
  );
  const days = mature.length === 0 ? [] : daysFrom(Math.min(...mature), Math.max(...mature));
  return { days, dayOf: ({ dayZero = 0 }, studyDay) => dayZero + studyDay };
}

/** Who is abstinent of those assessable, and how many are followed and missing, on each day (of a window: w … horizon). */
export function naiveAbstinence(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  window: number,
  policy: MissingPolicy,
  select: Select,
  axis: NaiveAxis = studyAxis(window, horizonOf(measure)),
): { day: number; abstinent: number; assessable: number; due: number; missing: number }[] {
  const curve = axis.days.map((day) => ({ day, abstinent: 0, assessable: 0, due: 0, missing: 0 }));
  const byDay = new Map(curve.map((counts) => [counts.day, counts]));
  for (const participant of participants) {
    const countsOn = (studyDay: number) =>
      select(participant, studyDay) ? byDay.get(axis.dayOf(participant, studyDay)) : undefined;
    const measured = participant.measures[measure.id];
    for (const cell of measured?.cells ?? []) {
      if (cell.window !== window || cell.policy !== policy || !cell.assessable) continue;
      const counts = countsOn(cell.day);
      if (counts === undefined) continue;
      counts.assessable += 1;
      if (cell.abstinent) counts.abstinent += 1;
    }
    for (const each of measured?.followed ?? []) {
      if (each.window !== window || !each.due) continue;
      const counts = countsOn(each.day);
      if (counts === undefined) continue;
      counts.due += 1;
      if (each.missing) counts.missing += 1;
    }
  }
  return curve;
}

/** First events and days at risk within the trailing window, on each day, of those for whom the day is mature. */
export function naiveEvents(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  window: number,
  select: Select,
  axis: NaiveAxis = studyAxis(window, horizonOf(measure)),
): { day: number; events: number; personDays: number }[] {
  const curve = axis.days.map((day) => ({ day, events: 0, personDays: 0 }));
  const byDay = new Map(curve.map((counts) => [counts.day, counts]));
  for (const participant of participants) {
    const measured = participant.measures[measure.id];
    for (const studyDay of measured?.mature ?? []) {
      if (studyDay < window || !select(participant, studyDay)) continue;
      const counts = byDay.get(axis.dayOf(participant, studyDay));
      if (counts === undefined) continue;
      const inWindow = (d: number) => studyDay - window < d && d <= studyDay;
      const event = measured?.firstEvent;
      if (event?.outcome === 'event' && inWindow(event.day)) counts.events += 1;
      counts.personDays += measured?.atRisk.filter(inWindow).length ?? 0;
    }
  }
  return curve;
}

/** Of how many the measure can count on each day, and for how many the day is mature. */
export function naiveMaturity(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  select: Select,
  axis: NaiveAxis,
): { day: number; randomised: number; mature: number }[] {
  const curve = axis.days.map((day) => ({ day, randomised: 0, mature: 0 }));
  const byDay = new Map(curve.map((counts) => [counts.day, counts]));
  for (const participant of participants) {
    for (const what of ['randomised', 'mature'] as const) {
      for (const studyDay of participant.measures[measure.id]?.[what] ?? []) {
        const counts = select(participant, studyDay) ? byDay.get(axis.dayOf(participant, studyDay)) : undefined;
        if (counts !== undefined) counts[what] += 1;
      }
    }
  }
  return curve;
}

/** How many are still observed on each day since their origin, 0 … horizon, and whose observation ends on it, by what. */
export function naiveSurvival(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  select: Select,
): { day: number; atRisk: number; events: number; competing: number; censored: number }[] {
  const ends = participants.flatMap((participant) => {
    const end = participant.measures[measure.id]?.firstEvent;
    // The period of an event is that of the study day on which it came.
    return end === undefined || !select(participant, end.day) ? [] : [{ ...end, after: end.day - end.origin }];
  });
  return daysFrom(0, horizonOf(measure)).map((day) => {
    const ended = (outcome: string) => ends.filter((end) => end.after === day && end.outcome === outcome).length;
    return {
      day,
      atRisk: ends.filter((end) => end.after >= day).length,
      events: ended('event'),
      competing: ended('competing'),
      censored: ended('censored'),
    };
  });
}

/** How each value that a measure gives is distributed, by what it is of: kind, item and policy. */
export function naiveDistributions(
  participants: readonly NaiveParticipant[],
  measure: Measure,
  select: Select,
): Map<string, { value: number; of: number; count: number }[]> {
  const found = new Map<string, { value: number; of: number; count: number }[]>();
  for (const participant of participants) {
    for (const { kind, item, policy, value, of, day } of participant.measures[measure.id]?.values ?? []) {
      if (!select(participant, day ?? Number.NaN)) continue;
      const key = JSON.stringify([kind, item, policy]);
      const values = found.get(key) ?? [];
      found.set(key, values);
      const same = values.find((each) => each.value === value && each.of === of);
      if (same === undefined) values.push({ value, of, count: 1 });
      else same.count += 1;
    }
  }
  for (const values of found.values()) values.sort((a, b) => a.value / a.of - b.value / b.of || a.of - b.of);
  return found;
}

/** The first study day of a measure's curve over one of its windows. */
export function firstDayOf(measure: AbstinenceMeasure | FirstEventMeasure, window: number): number {
  return measure.kind === 'continuous-abstinence' ? measure.from : window;
}
