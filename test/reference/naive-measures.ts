import { civilDay, type Measure, type MissingPolicy, type Protocol, type RollingAbstinence } from '@holdfast/events';
import { type DayWords, wordsOn } from './naive-evidence.ts';
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
  const controlled: number[] = [];
  for (const observation of observations) {
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
  const words = new Map(daysFrom(1, end).map((day) => [day, wordsOn(protocol, measure, observations, dayZero + day)]));
  const wordsOf = (day: number): DayWords => words.get(day) ?? { word: undefined, confirming: undefined };
  const known = { mature, randomised: daysFrom(0, end) };

  if (measure.kind === 'rolling-abstinence') {
    const cells = measure.windows.flatMap((window) =>
      measure.policies.flatMap((policy) =>
        daysFrom(window, end).map((day): NaiveCell => {
          const rest = daysFrom(day - window + 1, day).filter((d) => !isExcluded(d));
          const { assessable, abstinent } =
            mature.includes(day) && rest.length > 0
              ? count(judge(measure, rest.map(wordsOf)), policy, day <= protocol.plannedFollowUp)
              : { assessable: false, abstinent: false };
          return { window, policy, day, assessable, abstinent };
        }),
      ),
    );
    return { ...known, cells, atRisk: [] };
  }

  const telling = mature.filter((day) => !isExcluded(day));
  const isUse = (day: number) => wordsOf(day).word === 'use' || wordsOf(day).confirming === 'use';
  const lastDayWith = (source: 'word' | 'confirming') =>
    Math.max(0, ...telling.filter((day) => wordsOf(day)[source] !== undefined));
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

/** What the days that are left of a window say together. */
function judge(measure: RollingAbstinence, days: readonly DayWords[]): 'missing' | 'use' | 'abstinent' {
  const withWord = days.filter((day) => day.word !== undefined).length;
  const enough = measure.coverage === 'all-days' ? withWord === days.length : withWord >= measure.coverage.atLeast;
  const confirmed = measure.evidence !== 'confirmed-by-urine' || days.some((day) => day.confirming !== undefined);
  const use = days.some((day) => day.word === 'use' || day.confirming === 'use');
  const covered = (enough && confirmed) || (measure.decisivePositive && use);
  if (!covered) return 'missing';
  return use ? 'use' : 'abstinent';
}

function count(
  judgement: 'missing' | 'use' | 'abstinent',
  policy: MissingPolicy,
  followed: boolean,
): { assessable: boolean; abstinent: boolean } {
  const assessable = policy === 'observed-only' ? judgement !== 'missing' : followed;
  return { assessable, abstinent: assessable && judgement === 'abstinent' };
}
