import { civilDay, type Protocol, type UseMeasure } from '@holdfast/events';
import { type DayWords, positiveStretches, type Stretch, wordsOn } from './naive-evidence.ts';
import type { Effective } from './naive-replacing.ts';

/** What a measure of days of use is told of one participant; days below are study days. */
export type ToldOfUse = {
  readonly protocol: Protocol;
  readonly measure: UseMeasure;
  readonly observations: readonly Effective[];
  readonly dayZero: number;
  readonly asOf: number | undefined;
};

export function studyDays(from: number, to: number): number[] {
  const days: number[] = [];
  for (let day = from; day <= to; day++) days.push(day);
  return days;
}

export function lastStudyDay({ protocol, measure, dayZero }: ToldOfUse): number {
  if (protocol.administrativeEnd === undefined) return measure.horizon;
  return Math.min(measure.horizon, civilDay(protocol.administrativeEnd) - dayZero);
}

export function inControlledEnvironment({ observations, dayZero }: ToldOfUse, day: number): boolean {
  return observations.some(
    (observation) =>
      observation.type === 'controlled-environment' &&
      civilDay(observation.data.from) <= dayZero + day &&
      dayZero + day <= civilDay(observation.data.to),
  );
}

export function isTakenOut(told: ToldOfUse, day: number): boolean {
  const { measure, observations, dayZero } = told;
  const isDead = observations.some(
    (observation) =>
      observation.type === 'participant-left' && observation.data.how === 'died' && observation.day - dayZero < day,
  );
  if (measure.death === 'exclude' && isDead) return true;
  return measure.controlledDays === 'exclude' && inControlledEnvironment(told, day);
}

/** Whether a participant has left, in whatever way, before a day. */
export function hasLeftBefore({ observations, dayZero }: ToldOfUse, day: number): boolean {
  return observations.some(({ type, day: left }) => type === 'participant-left' && left - dayZero < day);
}

export function wordsOf(told: ToldOfUse, day: number): DayWords {
  const { protocol, measure, observations, dayZero } = told;
  const end = lastStudyDay(told);
  if (day < 1 || day > end) return { word: undefined, confirming: undefined };
  const counting = studyDays(1, end).map((each) => dayZero + each);
  return wordsOn(protocol, measure, observations, dayZero + day, counting);
}

/** The study days that a positive biomarker speaks of. */
export function stretchesOf(told: ToldOfUse): Stretch[] {
  const { measure, observations, dayZero } = told;
  const counting = studyDays(1, lastStudyDay(told)).map((each) => dayZero + each);
  return positiveStretches(measure, observations, counting).map(({ from, to }) => ({
    from: from - dayZero,
    to: to - dayZero,
  }));
}

/** Use wins; a day that a positive biomarker speaks of is not known to be free of use. */
export function knownOn(told: ToldOfUse, day: number): 'use' | 'abstinent' | 'nothing' {
  const { word, confirming } = wordsOf(told, day);
  if (word === 'use' || confirming === 'use') return 'use';
  if (stretchesOf(told).some(({ from, to }) => from <= day && day <= to)) return 'nothing';
  return word === 'abstinent' ? 'abstinent' : 'nothing';
}

export function isMatureOn({ protocol, measure, dayZero, asOf }: ToldOfUse, day: number): boolean {
  if (asOf === undefined || asOf <= dayZero + day) return false;
  const covering: Protocol['visits'][number][] = [];
  if (measure.evidence !== 'self-report-only' && measure.evidence !== 'confirmed-by-relative')
    covering.push(...protocol.visits.filter((visit) => visit.collects.includes('urine') && visit.day <= day));
  if (measure.evidence !== 'urine-only') {
    const interviews = protocol.visits.filter((visit) => visit.collects.includes('calendar'));
    const later = interviews.filter((visit) => visit.day > day);
    const next = later.filter((visit) => later.every((other) => visit.day <= other.day));
    covering.push(...(later.length === 0 ? interviews : next));
  }
  for (const kind of measure.biomarkers?.kinds ?? []) {
    const taken = protocol.visits.filter((visit) => visit.collects.includes(kind));
    const notBefore = taken.filter((visit) => visit.day >= day);
    covering.push(...taken.filter((visit) => visit.day <= day));
    covering.push(...notBefore.filter((visit) => notBefore.every((other) => visit.day <= other.day)));
  }
  return covering.every((visit) => asOf > dayZero + visit.day + visit.closes + protocol.entryLag);
}
