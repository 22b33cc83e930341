import {
  type AbstinenceMeasure,
  civilDay,
  isUseMeasure,
  type Measure,
  type MeasureKind,
  type MissingPolicy,
  type Protocol,
  type RollingAbstinence,
  type UseMeasure,
} from '@holdfast/events';
import { judgeSoFar } from './naive-continuous.ts';
import {
  type DayWords,
  hearsCalendars,
  hearsUrine,
  needsConfirmation,
  positiveStretches,
  type Stretch,
  wordsOn,
} from './naive-evidence.ts';
import { type NaiveFacts, type NaiveTold, type NaiveValue, naiveKinds } from './naive-kinds.ts';
import type { Effective } from './naive-replacing.ts';

export type NaiveCell = {
  /** Length of the trailing window; 0: all days from the first that counts. */
  readonly window: number;
  readonly policy: MissingPolicy;
  readonly day: number;
  readonly assessable: boolean;
  readonly abstinent: boolean;
};

/** Whether somebody is followed on a mature day, and whether their window is missing then. */
export type NaiveFollowed = {
  readonly window: number;
  readonly day: number;
  readonly due: boolean;
  readonly missing: boolean;
};

export type NaiveMeasure = {
  /** Days 1 … the last that can count whose word is in, as far as it ever will be. */
  readonly mature: readonly number[];
  /** Day 0 … the last that can count. */
  readonly randomised: readonly number[];
  /** Of measures of use, one per day 1 … horizon. */
  readonly statuses: readonly { readonly day: number; readonly status: string }[];
  /** Of abstinence: one per window, policy (declared or always there) and day from the first that counts to the last. */
  readonly cells: readonly NaiveCell[];
  readonly followed: readonly NaiveFollowed[];
  /** Of first events. */
  readonly firstEvent?: { readonly origin: number; readonly day: number; readonly outcome: string };
  readonly atRisk: readonly number[];
  readonly values: readonly NaiveValue[];
};

/** Of somebody who does not count. */
export const nobodysMeasure: NaiveMeasure = {
  mature: [],
  randomised: [],
  statuses: [],
  cells: [],
  followed: [],
  atRisk: [],
  values: [],
};

/** From … to, both included; none if `to` lies before `from`. */
export function daysFrom(from: number, to: number): number[] {
  const days: number[] = [];
  for (let day = from; day <= to; day++) days.push(day);
  return days;
}

function isMature(
  protocol: Protocol,
  measure: Measure,
  dayZero: number,
  day: number,
  asOf: number | undefined,
): boolean {
  if (asOf === undefined || asOf <= dayZero + day) return false;
  const covering: Protocol['visits'][number][] = [];
  const isOver = (visit: Protocol['visits'][number]) => asOf > dayZero + visit.day + visit.closes + protocol.entryLag;
  if (!isUseMeasure(measure)) {
    covering.push(...protocol.visits.filter((visit) => visit.day <= day));
    return asOf > dayZero + day + protocol.entryLag && covering.every(isOver);
  }
  if (hearsUrine(measure)) {
    covering.push(...protocol.visits.filter((visit) => visit.collects.includes('urine') && visit.day <= day));
  }
  if (hearsCalendars(measure)) {
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
  return covering.every(isOver);
}

/** The last study day that can count. */
function lastDay(protocol: Protocol, measure: Measure, dayZero: number): number {
  const horizon = 'horizon' in measure ? measure.horizon : protocol.plannedFollowUp;
  if (protocol.administrativeEnd === undefined) return horizon;
  return Math.min(horizon, civilDay(protocol.administrativeEnd) - dayZero);
}

/** Everything a measure says of one participant. Days are study days; `observations` are the effective ones it may read. */
export function measureParticipant(
  protocol: Protocol,
  measure: Measure,
  observations: readonly Effective[],
  dayZero: number,
  asOf: number | undefined,
  baseline: NaiveTold<MeasureKind>['baseline'],
): NaiveMeasure {
  const end = lastDay(protocol, measure, dayZero);
  const mature = daysFrom(1, end).filter((day) => isMature(protocol, measure, dayZero, day, asOf));
  const known = { ...nobodysMeasure, mature, randomised: daysFrom(0, end) };
  const judged = ['rolling-abstinence', 'continuous-abstinence', 'first-use'].includes(measure.kind);
  const days = isUseMeasure(measure) ? daysOfUse(protocol, measure, observations, dayZero, end, mature) : undefined;
  const statuses = days?.statuses ?? [];
  if (!judged) {
    const reference = naiveKinds[measure.kind] as ((told: NaiveTold<MeasureKind>) => NaiveFacts) | undefined;
    if (reference === undefined) throw new Error(`${measure.kind} has no naive reference`);
    const facts = reference({ protocol, measure, observations, dayZero, asOf, baseline });
    return { ...known, statuses, atRisk: [], ...facts };
  }
  if (days === undefined) throw new Error(`${measure.kind} looks at days of use`);
  if (measure.kind === 'rolling-abstinence' || measure.kind === 'continuous-abstinence')
    return { ...known, statuses, ...abstinenceOf(protocol, measure, days, end, mature) };
  return { ...known, statuses, ...firstUseOf(days, mature) };
}

/** A participant's days of use as a measure reads them. */
type Days = {
  readonly measure: UseMeasure;
  readonly death: number | undefined;
  readonly stretches: readonly Stretch[];
  readonly statuses: NaiveMeasure['statuses'];
  isExcluded(day: number): boolean;
  wordsOf(day: number): DayWords;
  isSpokenOf(day: number): boolean;
  hasLeftBefore(day: number): boolean;
};

function daysOfUse(
  protocol: Protocol,
  measure: UseMeasure,
  observations: readonly Effective[],
  dayZero: number,
  end: number,
  mature: readonly number[],
): Days {
  const deaths: number[] = [];
  const leavings: number[] = [];
  const controlled: number[] = [];
  for (const observation of observations) {
    if (observation.type === 'participant-left') leavings.push(observation.day - dayZero);
    if (observation.type === 'participant-left' && observation.data.how === 'died') {
      deaths.push(observation.day - dayZero);
    }
    if (observation.type === 'controlled-environment') {
      const { from, to } = observation.data;
      controlled.push(...daysFrom(civilDay(from) - dayZero, civilDay(to) - dayZero));
    }
  }
  const death = measure.death === 'exclude' && deaths.length > 0 ? Math.min(...deaths) : undefined;
  const isExcluded = (day: number) =>
    (measure.controlledDays === 'exclude' && controlled.includes(day)) || (death !== undefined && day > death);
  const counting = daysFrom(1, end).map((day) => dayZero + day);
  const words = new Map(
    daysFrom(1, end).map((day) => [day, wordsOn(protocol, measure, observations, dayZero + day, counting)]),
  );
  const stretches = positiveStretches(measure, observations, counting).map(({ from, to }) => ({
    from: from - dayZero,
    to: to - dayZero,
  }));
  const isSpokenOf = (day: number) => stretches.some(({ from, to }) => from <= day && day <= to);
  const wordsOf = (day: number): DayWords => words.get(day) ?? { word: undefined, confirming: undefined };
  const hasLeftBefore = (day: number) => leavings.some((left) => left < day);
  const statuses = daysFrom(1, measure.horizon).map((day) => {
    const { word, confirming } = wordsOf(day);
    if (day > end || (death !== undefined && day > death)) return { day, status: 'off-study' };
    if (!mature.includes(day)) return { day, status: 'not-yet' };
    if (isExcluded(day)) return { day, status: 'controlled' };
    if (word === 'use' || confirming === 'use') return { day, status: 'use' };
    if (isSpokenOf(day)) return { day, status: 'missing' };
    if (word === 'abstinent') return { day, status: 'abstinent' };
    if (hasLeftBefore(day)) return { day, status: 'off-study' };
    return { day, status: isExpected(protocol, measure, day) ? 'missing' : 'unscheduled' };
  });
  return { measure, death, stretches, statuses, isExcluded, wordsOf, isSpokenOf, hasLeftBefore };
}

type Judgement = 'missing' | 'missing with use' | 'use' | 'abstinent' | 'unclear' | 'nothing left';

/** What the days of each of a measure's windows are judged to be, by the day that the window ends on. */
function judgementsOf(
  measure: AbstinenceMeasure,
  days: Days,
  end: number,
): { window: number; judgements: { day: number; judgement: Judgement }[] }[] {
  const { isExcluded, wordsOf, stretches } = days;
  if (measure.kind === 'continuous-abstinence') {
    const judgements = daysFrom(measure.from, end).map((day) => {
      const { judgement, used } = judgeSoFar(measure, day, isExcluded, wordsOf, stretches);
      return { day, judgement: judgement === 'missing' && used ? ('missing with use' as const) : judgement };
    });
    return [{ window: 0, judgements }];
  }
  return measure.windows.map((window) => ({
    window,
    judgements: daysFrom(window, end).map((day) => {
      const rest = daysFrom(day - window + 1, day).filter((d) => !isExcluded(d));
      if (rest.length === 0) return { day, judgement: 'nothing left' };
      return { day, judgement: judge(measure, rest, hasEnough(measure, rest, wordsOf), wordsOf, stretches) };
    }),
  }));
}

/** The policies that can be asked of any measure of abstinence, whatever it declares. */
export const alwaysAsked: readonly MissingPolicy[] = ['observed-only', 'missing-is-use', 'worst-case', 'best-case'];

function abstinenceOf(
  protocol: Protocol,
  measure: AbstinenceMeasure,
  days: Days,
  end: number,
  mature: readonly number[],
): Pick<NaiveMeasure, 'cells' | 'followed'> {
  const cells: NaiveCell[] = [];
  const followed: NaiveFollowed[] = [];
  const policies = new Set<MissingPolicy>([...alwaysAsked, ...measure.policies]);
  const isMature = new Set(mature);
  for (const { window, judgements } of judgementsOf(measure, days, end)) {
    for (const { day, judgement } of judgements) {
      const isCounted = isMature.has(day) && judgement !== 'nothing left';
      const due = isCounted && day <= protocol.plannedFollowUp;
      followed.push({ window, day, due, missing: due && judgement === 'missing' });
    }
    for (const policy of policies) {
      for (const { day, judgement } of judgements) {
        const here = { window, policy, day };
        const isCounted = isMature.has(day) && judgement !== 'nothing left';
        const isFollowed = isCounted && day <= protocol.plannedFollowUp;
        switch (policy) {
          case 'observed-only':
            cells.push({
              ...here,
              assessable: isCounted && (judgement === 'use' || judgement === 'abstinent'),
              abstinent: isCounted && judgement === 'abstinent',
            });
            break;
          case 'missing-is-use':
          case 'worst-case':
            cells.push({ ...here, assessable: isFollowed, abstinent: isFollowed && judgement === 'abstinent' });
            break;
          case 'best-case':
            cells.push({
              ...here,
              assessable: isFollowed,
              abstinent: isFollowed && (judgement === 'abstinent' || judgement === 'missing'),
            });
            break;
          default: {
            let counts = judgement;
            if (!days.hasLeftBefore(day)) {
              const reach = Number(policy.replace('carry-forward-', ''));
              const last = judgements
                .filter((earlier) => day - reach <= earlier.day && earlier.day <= day - 1)
                .filter(({ judgement: then }) => !then.startsWith('missing') && then !== 'nothing left')
                .at(-1);
              if (judgement === 'missing' && last !== undefined) counts = last.judgement;
              if (judgement === 'missing with use' && last !== undefined && last.judgement !== 'abstinent')
                counts = last.judgement;
            }
            cells.push({
              ...here,
              assessable: isCounted && (counts === 'use' || counts === 'abstinent'),
              abstinent: isCounted && counts === 'abstinent',
            });
          }
        }
      }
    }
  }
  return { cells, followed };
}

function firstUseOf(
  { measure, death, stretches, isExcluded, wordsOf, isSpokenOf }: Days,
  mature: readonly number[],
): Pick<NaiveMeasure, 'firstEvent' | 'atRisk'> {
  const telling = mature.filter((day) => !isExcluded(day));
  const endsShownStretch = (day: number) =>
    stretches.some(({ from, to }) => to === day && from >= 1 && !daysFrom(from, to).some(isExcluded));
  const isUse = (day: number) =>
    wordsOf(day).word === 'use' || wordsOf(day).confirming === 'use' || endsShownStretch(day);
  const lastDayWith = (source: 'word' | 'confirming') =>
    Math.max(0, ...telling.filter((day) => wordsOf(day)[source] !== undefined && !isSpokenOf(day)));
  const firstUse = telling.find(isUse);
  const lastKnown = needsConfirmation(measure)
    ? Math.min(lastDayWith('word'), lastDayWith('confirming'))
    : lastDayWith('word');
  const firstEvent =
    firstUse !== undefined
      ? { origin: 0, day: firstUse, outcome: 'event' }
      : death !== undefined && mature.includes(death)
        ? { origin: 0, day: death, outcome: 'competing' }
        : { origin: 0, day: lastKnown, outcome: 'censored' };
  return { firstEvent, atRisk: daysFrom(1, firstEvent.day).filter((day) => !isExcluded(day)) };
}

/** Whether the schedule asks for evidence on a day; where it names no visit for it, on every day. */
function isExpected(protocol: Protocol, measure: UseMeasure, day: number): boolean {
  const collected: string[] = [...(measure.biomarkers?.kinds ?? [])];
  if (hearsUrine(measure)) collected.push('urine');
  const tests = protocol.visits.filter((visit) => visit.collects.some((what) => collected.includes(what)));
  const interviews = hearsCalendars(measure)
    ? protocol.visits.filter((visit) => visit.collects.includes('calendar'))
    : [];
  if (tests.length + interviews.length === 0) return true;
  return (
    tests.some((visit) => daysFrom(visit.day - visit.opens, visit.day + visit.closes).includes(day)) ||
    interviews.some((visit) => visit.day + visit.closes >= day)
  );
}

/** Whether as many of a window's days have a word as the measure asks for. */
function hasEnough(measure: RollingAbstinence, days: readonly number[], wordsOf: (day: number) => DayWords): boolean {
  const withWord = days.filter((day) => wordsOf(day).word !== undefined).length;
  return measure.coverage === 'all-days' ? withWord === days.length : withWord >= measure.coverage.atLeast;
}

/** What the days that are left of a window say together. */
function judge(
  measure: AbstinenceMeasure,
  days: readonly number[],
  enough: boolean,
  wordsOf: (day: number) => DayWords,
  stretches: readonly Stretch[],
): Judgement {
  const words = days.map(wordsOf);
  const confirmed = !needsConfirmation(measure) || words.some((day) => day.confirming !== undefined);
  const inside = stretches.some(({ from, to }) => daysFrom(from, to).every((day) => days.includes(day)));
  const use = inside || words.some((day) => day.word === 'use' || day.confirming === 'use');
  const covered = (enough && confirmed) || (measure.decisivePositive && use);
  if (covered && use) return 'use';
  if (stretches.some(({ from, to }) => days.some((day) => from <= day && day <= to))) return 'unclear';
  return covered ? 'abstinent' : 'missing';
}
