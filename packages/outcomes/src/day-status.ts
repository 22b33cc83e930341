import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  type Measure,
  type Protocol,
  protocolFor,
  type UseMeasure,
  type Visit,
} from '@holdfast/events';
import { isUse } from './evidence/evidence.ts';
import { nothing, type Statement } from './evidence/statement.ts';
import type { StudyDay } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import { type Settled, settleOpen, settleSealed } from './history/settle.ts';
import { type CollectingVisits, collectingVisits } from './maturity.ts';
import {
  type ExplainedDays,
  explainedDays,
  type ParticipantDays,
  participantDays,
} from './measures/participant-days.ts';
import type { History } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';

/**
 * What a study day is to a measure.
 * `off-study`: after the administrative end, after the day of death (where death excludes), or without evidence after the first
 * day of leaving. `not-yet`: not mature. `controlled`: in a controlled environment (where such days are excluded).
 * `use`, `abstinent`: what the sources say that the evidence rule joins. Of the other days, `missing`: evidence was due, or there
 * is some and a positive biomarker makes it unclear; `unscheduled`: the schedule asks for none.
 */
export type DayStatus = 'use' | 'abstinent' | 'missing' | 'unscheduled' | 'not-yet' | 'controlled' | 'off-study';

/** A study day's status, and every statement of the measure's sources that speaks of the day. */
export type StatusOfDay = {
  readonly day: StudyDay;
  readonly status: DayStatus;
  readonly sources: readonly Statement[];
};

/**
 * The status of each study day 1 … horizon of a participant, as one measure sees it at a clock, with its provenance; empty while
 * the participant is not randomised. What is not mature has no sources yet. Under the *confirmed by …* rules the participant's
 * own calendars judge the day, and use that a test or a relative tells is use; that they confirm the window is no matter of one day.
 */
export function statusByDay(
  protocol: AmendedProtocol,
  measure: UseMeasure,
  history: History,
  clock: CivilDay | undefined,
): readonly StatusOfDay[] {
  const open = settleOpen(history);
  if (open.randomisation === undefined) return [];
  const dayZero = civilDay(open.randomisation.data.date);
  const observations = observationsFor(measure, protocol, history, open);
  const kept = protocolFor(protocol, dayZero);
  return daysWithStatus(kept, measure, explainedDays(measure, kept, observations, dayZero, clock));
}

/** A study day of a randomised participant as the evidence of a measure has it, without its provenance. */
export type DayOfUse = {
  readonly day: StudyDay;
  readonly status: DayStatus;
  readonly isMature: boolean;
  /** Taken out of the days at risk, with its evidence: in a controlled environment, or after death (where the measure excludes them). */
  readonly isExcluded: boolean;
};

/**
 * The study days 1 … horizon (or the administrative end) of a participant by a measure's evidence, as `statusByDay` has them: of what
 * the measure may look at (`observationsFor`); none while the participant is not randomised.
 */
export function daysOfUse(
  protocol: AmendedProtocol,
  measure: UseMeasure,
  { randomisation, observations }: Pick<Settled, 'randomisation' | 'observations'>,
  clock: CivilDay | undefined,
): readonly DayOfUse[] {
  if (randomisation === undefined) return [];
  const dayZero = civilDay(randomisation.data.date);
  const kept = protocolFor(protocol, dayZero);
  const days = participantDays(measure, kept, observations, dayZero, clock);
  const visits = collectingVisits(kept, measure);
  return Array.from({ length: Math.max(0, days.lastDay) }, (_, i) => {
    const day = i + 1;
    const status = statusOf(day, measure, days, visits);
    return { day, status, isMature: days.mature[day] === 1, isExcluded: days.excluded[day] === 1 };
  });
}

/** On how many study days evidence says use or abstinence of an open measure. */
export function evidenceDays(
  protocol: AmendedProtocol,
  measure: UseMeasure,
  settled: Settled,
  clock: CivilDay | undefined,
): number {
  const days = daysOfUse(protocol, measure, settled, clock);
  return days.filter(({ status }) => status === 'use' || status === 'abstinent').length;
}

/** What a measure may look at: the open events, and of a closed measure the sealed ones too. */
export function observationsFor(
  measure: Measure,
  protocol: Protocol,
  history: History,
  open: Settled,
): readonly Effective[] {
  if (isOpenMeasure(measure, protocol)) return open.observations;
  return [...open.observations, ...settleSealed(history, open).observations];
}

/** The status of each study day 1 … horizon, from the days as the measure sees them. */
export function daysWithStatus(protocol: Protocol, measure: UseMeasure, days: ExplainedDays): readonly StatusOfDay[] {
  const sources = new Map<StudyDay, Statement[]>();
  for (const statement of days.statements) {
    const { day: last, lookBack = 0 } = statement;
    for (let day = Math.max(1, last - lookBack); day <= last; day += 1) {
      const said = sources.get(day);
      if (said === undefined) sources.set(day, [statement]);
      else said.push(statement);
    }
  }
  const visits = collectingVisits(protocol, measure);
  return Array.from({ length: measure.horizon }, (_, i) => {
    const day = i + 1;
    const status = statusOf(day, measure, days, visits);
    return { day, status, sources: status === 'not-yet' ? [] : (sources.get(day) ?? []) };
  });
}

function statusOf(day: StudyDay, measure: UseMeasure, days: ParticipantDays, visits: CollectingVisits): DayStatus {
  const { lastDay, evidence, lookBacks, mature, excluded, death, left } = days;
  if (day > lastDay) return 'off-study';
  if (measure.death === 'exclude' && death !== undefined && day > death) return 'off-study';
  if (mature[day] !== 1) return 'not-yet';
  if (excluded[day] === 1) return 'controlled';
  if (isUse(evidence, day)) return 'use';
  if (lookBacks !== undefined && lookBacks.touched[day] === 1) return 'missing';
  if (evidence.covering[day] !== nothing) return 'abstinent';
  if (left !== undefined && day > left) return 'off-study';
  return isDue(day, visits) ? 'missing' : 'unscheduled';
}

/** Whether the schedule asks for evidence on a day. Without any visit that collects it nothing is known of a schedule: it does. */
function isDue(day: StudyDay, { urine, calendar, biomarkers }: CollectingVisits): boolean {
  const tests = [...urine, ...biomarkers.flat()];
  if (tests.length === 0 && calendar.length === 0) return true;
  const isOpenOn = ({ day: target, opens, closes }: Visit) => target - opens <= day && day <= target + closes;
  const isLaterThan = ({ day: target, closes }: Visit) => day <= target + closes;
  return tests.some(isOpenOn) || calendar.some(isLaterThan);
}
