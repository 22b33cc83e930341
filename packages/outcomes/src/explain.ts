import {
  type AbstinenceMeasure,
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  type FirstEventMeasure,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type MissingPolicy,
  type Protocol,
  protocolFor,
  type UseMeasure,
} from '@holdfast/events';
import { type DayStatus, daysWithStatus, observationsFor } from './day-status.ts';
import { isUse } from './evidence/evidence.ts';
import { type DayStatuses, nothing, type Statement } from './evidence/statement.ts';
import type { FirstEvent, StudyDay } from './facts.ts';
import { fold } from './fold.ts';
import { settleOpen } from './history/settle.ts';
import { counted, type JudgedWindow, type WindowStatus, windowOn } from './measures/abstinence.ts';
import { stretchesSoFar } from './measures/continuous-abstinence.ts';
import { explainedDays, type ParticipantDays } from './measures/participant-days.ts';
import { rollingWindows } from './measures/rolling-abstinence.ts';
import type { History } from './observation.ts';

/** How one policy counts the participant at the day. */
export type PolicyVerdict = {
  readonly policy: MissingPolicy;
  readonly assessable: boolean;
  readonly abstinent: boolean;
};

/** What stands behind one participant's cell of a rate of abstinence: the judgement, and every statement that it rests on. */
export type ExplainedWindow = {
  readonly kind: AbstinenceMeasure['kind'];
  /** Length of the trailing window in days; 0: all days from the first that counts. */
  readonly window: number;
  readonly from: StudyDay;
  readonly to: StudyDay;
  readonly status: WindowStatus;
  /** Days of the window, excluded ones aside, that have the evidence which judges coverage (of each substance, or of use of any). */
  readonly daysCovered: number;
  /** Days with what confirms it (a test, a relative’s report), under the rules of confirmation; undefined under the others. */
  readonly daysConfirmed: number | undefined;
  readonly daysOfUse: number;
  readonly policies: readonly PolicyVerdict[];
  /** What `carry-forward` policies may carry to the day: the latest judgement before it. */
  readonly earlier: JudgedWindow['earlier'];
};

export type Explanation = {
  readonly day: StudyDay;
  /** What the day itself is to the measure; undefined for day 0, beyond the horizon, and while not randomised. */
  readonly status: DayStatus | undefined;
  /** Why the day does not count at all, if so. */
  readonly outside: 'not-randomised' | 'after-the-last-day' | 'not-mature' | 'before-the-first-window' | undefined;
  readonly dayZero: CivilDay | undefined;
  readonly consentDay: CivilDay | undefined;
  readonly lastDay: StudyDay;
  readonly windows: readonly ExplainedWindow[];
  readonly firstEvent: FirstEvent | undefined;
  /** Evidence of the measure's substances on days 1 … lastDay, in order of day. */
  readonly statements: readonly Statement[];
  /** Days that a strategy takes out. */
  readonly excluded: readonly StudyDay[];
};

/** Lays out the evidence behind one cell: a participant, a measure, a study day; windows and policies as the measure declares them. */
export function explain(
  protocol: AmendedProtocol,
  measure: UseMeasure,
  history: History,
  clock: CivilDay | undefined,
  day: StudyDay,
): Explanation {
  const open = settleOpen(history);
  const { randomisation, enrolment } = open;
  const consentDay = enrolment && civilDay(enrolment.data.consentDate);
  const unknown = {
    day,
    status: undefined,
    consentDay,
    windows: [],
    firstEvent: undefined,
    statements: [],
    excluded: [],
  };
  if (randomisation === undefined) return { ...unknown, outside: 'not-randomised', dayZero: undefined, lastDay: -1 };
  const dayZero = civilDay(randomisation.data.date);
  const days = explainedDays(
    measure,
    protocolFor(protocol, dayZero),
    observationsFor(measure, protocol, history, open),
    dayZero,
    clock,
  );
  const { lastDay, mature, statements, excluded } = days;
  return {
    ...unknown,
    status: daysWithStatus(protocolFor(protocol, dayZero), measure, days)[day - 1]?.status,
    dayZero,
    lastDay,
    outside: outsideReason(measure, days, day),
    windows: isAbstinenceMeasure(measure) && mature[day] === 1 ? explainedWindows(measure, protocol, days, day) : [],
    firstEvent: isFirstEventMeasure(measure) ? firstEventOf(measure, protocol, history, clock) : undefined,
    statements: [...statements].sort((a, b) => a.day - b.day || (a.event.id < b.event.id ? -1 : 1)),
    excluded: [...excluded.entries()].flatMap(([at, out]) => (out === 1 ? [at] : [])),
  };
}

/** As the fold has it: of whoever is not at risk of it, or not in the measure's population, there is none. */
function firstEventOf(
  measure: FirstEventMeasure,
  protocol: AmendedProtocol,
  history: History,
  clock: CivilDay | undefined,
): FirstEvent | undefined {
  const { open, closed } = fold({ ...protocol, measures: [measure] }, history, clock);
  return [...open.firstEvents, ...closed.firstEvents][0];
}

function outsideReason(
  measure: UseMeasure,
  { lastDay, mature }: ParticipantDays,
  day: StudyDay,
): Explanation['outside'] {
  if (day > lastDay) return 'after-the-last-day';
  if (mature[day] !== 1) return 'not-mature';
  const first =
    measure.kind === 'continuous-abstinence' ? measure.from : 'windows' in measure ? Math.min(...measure.windows) : 0;
  return day < first ? 'before-the-first-window' : undefined;
}

/** The windows of a measure that end on a day: where each begins, and what it is judged to be. */
function windowsEnding(
  measure: AbstinenceMeasure,
  days: ParticipantDays,
  day: StudyDay,
): { window: number; from: StudyDay; judged: JudgedWindow }[] {
  const windows =
    measure.kind === 'continuous-abstinence'
      ? [{ window: 0, from: measure.from, all: stretchesSoFar(measure, days) }]
      : measure.windows.map((window) => ({
          window,
          from: day - window + 1,
          all: rollingWindows(measure, window, days),
        }));
  return windows.flatMap(({ all, ...window }) => {
    const judged = windowOn(all, day);
    return judged === undefined ? [] : [{ ...window, judged }];
  });
}

function explainedWindows(
  measure: AbstinenceMeasure,
  protocol: Protocol,
  days: ParticipantDays,
  day: StudyDay,
): ExplainedWindow[] {
  const { kind } = measure;
  return windowsEnding(measure, days, day).map(({ window, from, judged }) => {
    const { status } = judged;
    const earlier = judged.earlier && { day: judged.earlier.day, status: judged.earlier.status };
    const { evidence, excluded } = days;
    const counting = Array.from({ length: day - from + 1 }, (_, i) => from + i).filter((at) => excluded[at] !== 1);
    const daysWith = (statuses: DayStatuses) => counting.filter((at) => statuses[at] !== nothing).length;
    const shown = {
      daysCovered: daysWith(evidence.covering),
      daysConfirmed: evidence.confirming && daysWith(evidence.confirming),
      daysOfUse: counting.filter((at) => isUse(evidence, at)).length,
    };
    const policies = measure.policies.map((policy) => ({
      policy,
      ...counted(policy, judged, days.left, protocol.plannedFollowUp),
    }));
    return { kind, window, from, to: day, status, ...shown, policies, earlier };
  });
}
