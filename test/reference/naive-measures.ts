import { civilDay, type Measure, type MissingPolicy, type Protocol, type RollingAbstinence } from '@holdfast/events';
import { type DayWords, positiveStretches, type Stretch, wordsOn } from './naive-evidence.ts';
import type { Effective } from './naive-replacing.ts';

export type NaiveCell = {
  readonly window: number;
  readonly policy: MissingPolicy;
  readonly day: number;
  readonly assessable: boolean;
  readonly abstinent: boolean;
};

export type NaiveMeasure = {
  /** Days 1 … the last that can count whose word is in, as far as it ever will be. */
  readonly mature: readonly number[];
  /** Day 0 … the last that can count. */
  readonly randomised: readonly number[];
  /** One per day 1 … horizon. */
  readonly statuses: readonly { readonly day: number; readonly status: string }[];
  /** Of rolling abstinence: one per window, policy and day w … the last that can count. */
  readonly cells: readonly NaiveCell[];
  /** Of first use. */
  readonly firstEvent?: { readonly day: number; readonly outcome: 'event' | 'censored' | 'competing' };
  readonly atRisk: readonly number[];
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
  if (measure.evidence !== 'self-report-only') {
    covering.push(...protocol.visits.filter((visit) => visit.collects.includes('urine') && visit.day <= day));
  }
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

/** Everything a measure says of one participant. Days are study days; `observations` are the effective ones it may read. */
export function measureParticipant(
  protocol: Protocol,
  measure: Measure,
  observations: readonly Effective[],
  dayZero: number,
  asOf: number | undefined,
): NaiveMeasure {
  const end =
    protocol.administrativeEnd === undefined
      ? measure.horizon
      : Math.min(measure.horizon, civilDay(protocol.administrativeEnd) - dayZero);

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

  const mature = daysFrom(1, end).filter((day) => isMature(protocol, measure, dayZero, day, asOf));
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
  const known = { mature, randomised: daysFrom(0, end), statuses };

  if (measure.kind === 'rolling-abstinence') {
    const cells = measure.windows.flatMap((window) => {
      const judgements = daysFrom(window, end).map((day) => {
        const rest = daysFrom(day - window + 1, day).filter((d) => !isExcluded(d));
        return { day, judgement: rest.length === 0 ? 'nothing left' : judge(measure, rest, wordsOf, stretches) };
      });
      return measure.policies.flatMap((policy) =>
        judgements.map(({ day, judgement }): NaiveCell => {
          const not = { window, policy, day, assessable: false, abstinent: false };
          if (!mature.includes(day) || judgement === 'nothing left') return not;
          if (policy === 'missing-is-use') {
            if (day > protocol.plannedFollowUp) return not;
            return { ...not, assessable: true, abstinent: judgement === 'abstinent' };
          }
          let counts = judgement;
          if (policy !== 'observed-only' && !hasLeftBefore(day)) {
            const reach = Number(policy.replace('carry-forward-', ''));
            const last = judgements
              .filter((earlier) => day - reach <= earlier.day && earlier.day <= day - 1)
              .filter((earlier) => earlier.judgement !== 'missing' && earlier.judgement !== 'nothing left')
              .at(-1);
            if (judgement === 'missing' && last !== undefined) counts = last.judgement;
          }
          return { ...not, assessable: counts === 'use' || counts === 'abstinent', abstinent: counts === 'abstinent' };
        }),
      );
    });
    return { ...known, cells, atRisk: [] };
  }

  const telling = mature.filter((day) => !isExcluded(day));
  const endsShownStretch = (day: number) =>
    stretches.some(({ from, to }) => to === day && from >= 1 && !daysFrom(from, to).some(isExcluded));
  const isUse = (day: number) =>
    wordsOf(day).word === 'use' || wordsOf(day).confirming === 'use' || endsShownStretch(day);
  const lastDayWith = (source: 'word' | 'confirming') =>
    Math.max(0, ...telling.filter((day) => wordsOf(day)[source] !== undefined && !isSpokenOf(day)));
  const firstUse = telling.find(isUse);
  const lastKnown =
    measure.evidence === 'confirmed-by-urine'
      ? Math.min(lastDayWith('word'), lastDayWith('confirming'))
      : lastDayWith('word');
  const firstEvent: NaiveMeasure['firstEvent'] =
    firstUse !== undefined
      ? { day: firstUse, outcome: 'event' }
      : death !== undefined && mature.includes(death)
        ? { day: death, outcome: 'competing' }
        : { day: lastKnown, outcome: 'censored' };
  return { ...known, cells: [], firstEvent, atRisk: daysFrom(1, firstEvent.day).filter((day) => !isExcluded(day)) };
}

/** Whether the schedule asks for evidence on a day; where it names no visit for it, on every day. */
function isExpected(protocol: Protocol, measure: Measure, day: number): boolean {
  const collected: string[] = [...(measure.biomarkers?.kinds ?? [])];
  if (measure.evidence !== 'self-report-only') collected.push('urine');
  const tests = protocol.visits.filter((visit) => visit.collects.some((what) => collected.includes(what)));
  const interviews =
    measure.evidence === 'urine-only' ? [] : protocol.visits.filter((visit) => visit.collects.includes('calendar'));
  if (tests.length + interviews.length === 0) return true;
  return (
    tests.some((visit) => daysFrom(visit.day - visit.opens, visit.day + visit.closes).includes(day)) ||
    interviews.some((visit) => visit.day + visit.closes >= day)
  );
}

/** What the days that are left of a window say together. */
function judge(
  measure: RollingAbstinence,
  days: readonly number[],
  wordsOf: (day: number) => DayWords,
  stretches: readonly Stretch[],
): 'missing' | 'use' | 'abstinent' | 'unclear' {
  const words = days.map(wordsOf);
  const withWord = words.filter((day) => day.word !== undefined).length;
  const enough = measure.coverage === 'all-days' ? withWord === days.length : withWord >= measure.coverage.atLeast;
  const confirmed = measure.evidence !== 'confirmed-by-urine' || words.some((day) => day.confirming !== undefined);
  const inside = stretches.some(({ from, to }) => daysFrom(from, to).every((day) => days.includes(day)));
  const use = inside || words.some((day) => day.word === 'use' || day.confirming === 'use');
  const covered = (enough && confirmed) || (measure.decisivePositive && use);
  if (covered && use) return 'use';
  if (stretches.some(({ from, to }) => days.some((day) => from <= day && day <= to))) return 'unclear';
  return covered ? 'abstinent' : 'missing';
}
