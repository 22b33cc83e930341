import { type AnchoredDay, civilDay, type PatternRule, type Protocol } from '@holdfast/events';
import type { History } from '@holdfast/outcomes';
import { compareTexts, type Effective, type EffectiveOf, settle } from './naive-replacing.ts';

export type NaiveWeek = {
  readonly week: number;
  readonly phase: 'baseline' | 'phase-1' | 'phase-2';
  readonly from: number;
  readonly to: number;
  readonly symbol: string;
  readonly days: readonly { readonly day: number; readonly finding: string }[];
};

type Unique = 'participant-enrolled' | 'participant-randomised' | 'participant-rerandomised' | 'arm-assigned';

function earliest<T extends Unique>(observations: readonly Effective[], type: T): EffectiveOf<T> | undefined {
  const [first] = observations
    .filter((observation) => observation.type === type)
    .toSorted((a, b) => a.recordedAt - b.recordedAt || compareTexts(a.sha256, b.sha256));
  return first as EffectiveOf<T> | undefined;
}

/** Whether a rule tells of what is sealed, by its arms or its sources. */
export function naiveIsClosedPattern(protocol: Protocol, rule: PatternRule): boolean {
  if (protocol.blinding === 'open') return false;
  const readsVisits = rule.negative.includes('kept-visit') || typeof rule.emptyBeforeWeekOne === 'object';
  const reads = ['urine-screen', ...(readsVisits ? ['visit-attended'] : [])];
  return (
    (rule.studyDrugs === 'excluded' &&
      protocol.arms.some((arm) => rule.substances.some((substance) => arm.studyDrugs?.includes(substance)))) ||
    reads.some((type) => (protocol.closed as readonly string[]).includes(type))
  );
}

const range = (from: number, to: number): number[] => {
  const days: number[] = [];
  for (let day = from; day <= to; day += 1) days.push(day);
  return days;
};

/** A participant's weekly pattern, worked out from docs/patterns.md day by day and in civil days: slow, and meant to be right at a glance. */
export function naivePattern(
  protocol: Protocol,
  rule: PatternRule,
  history: History,
  asOf: number | undefined,
): NaiveWeek[] | undefined {
  const open = settle(history.open).effective;
  const openRetractions = history.open.filter(({ type }) => type === 'retraction');
  const sealed = settle([...history.sealed, ...openRetractions]).effective;
  const enrolment = earliest(open, 'participant-enrolled');
  if (enrolment === undefined) return undefined;
  const randomisation = earliest(open, 'participant-randomised');
  const again = earliest(
    open.filter((observation) => observation.type !== 'participant-rerandomised' || observation.data.which === 2),
    'participant-rerandomised',
  );
  const consent = civilDay(enrolment.data.consentDate);
  const randomised = randomisation && civilDay(randomisation.data.date);
  const second = randomisation && again && civilDay(again.data.date);
  const dayZero = randomised ?? consent;

  const placed = (declared: readonly AnchoredDay[]): number | undefined => {
    for (const { anchor, day } of declared) {
      if (anchor === 'consent') return consent + day;
      if (anchor === 'randomisation' && randomised !== undefined) return randomised + day;
      if (anchor === 'second-randomisation' && second !== undefined) return second + day;
    }
    return undefined;
  };
  const first = placed(rule.first) ?? Number.NaN;
  let last = placed(rule.last) ?? Number.NaN;
  const { administrativeEnd } = protocol;
  if (administrativeEnd !== undefined && civilDay(administrativeEnd) < last) last = civilDay(administrativeEnd);
  const weekOne = placed(rule.weekOne) ?? Number.NaN;
  const existing = range(first, last);

  const closed = naiveIsClosedPattern(protocol, rule);
  const all = closed ? [...open, ...sealed] : open;
  const armed = closed ? sealed : open;
  const arm = randomised === undefined ? undefined : earliest(armed, 'arm-assigned')?.data.arm;
  const given = protocol.arms.flatMap(({ id, studyDrugs }) => (id === arm ? (studyDrugs ?? []) : []));
  const targets = rule.substances.filter((substance) => rule.studyDrugs === 'count' || !given.includes(substance));
  const positivesOnly = randomised === undefined && rule.neverRandomised === 'positives-only';

  /** What the screens of a day say of one substance. */
  const results = (day: number, substance: string): string[] =>
    all.flatMap((observation) => {
      if (observation.type !== 'urine-screen' || observation.day !== day) return [];
      if (observation.data.sample === 'invalid') return [];
      const named = Object.entries(observation.data.results).find(([name]) => name === substance);
      return [named?.[1] ?? protocol.evidence.unnamed];
    });
  const kept = (day: number) =>
    existing.includes(day) &&
    all.some((observation) => observation.type === 'visit-attended' && observation.day === day);
  const findingOn = (day: number): string | undefined => {
    if (targets.some((substance) => results(day, substance).includes('positive'))) return 'positive';
    if (positivesOnly) return undefined;
    const tested = targets.every((substance) => results(day, substance).includes('negative'));
    if (rule.negative.includes('tested') && tested) return 'tested-negative';
    if (rule.negative.includes('kept-visit') && kept(day)) return tested ? 'tested-negative' : 'inferred-negative';
    return undefined;
  };

  const weekOf = (day: number): number => {
    let week = 1;
    let begins = weekOne;
    while (day >= begins + 7) {
      begins += 7;
      week += 1;
    }
    while (day < begins) {
      begins -= 7;
      week -= 1;
    }
    return week;
  };
  const begun = placed(rule.phaseTwo);
  const phaseOf = (week: number) =>
    begun !== undefined && week >= weekOf(begun) ? 'phase-2' : week > 0 ? 'phase-1' : 'baseline';

  const isDueAndMissed = (day: number): boolean => {
    if (rule.emptyBeforeWeekOne === 'unscheduled' || positivesOnly) return false;
    const { visitDueEvery } = rule.emptyBeforeWeekOne;
    if (day === consent) return !kept(day);
    if (day < consent || (day - consent) % visitDueEvery !== 0) return false;
    return !range(day - visitDueEvery + 1, day).some(kept);
  };

  const readsVisits = rule.negative.includes('kept-visit') || typeof rule.emptyBeforeWeekOne === 'object';
  const isMature = (day: number): boolean => {
    if (asOf === undefined || asOf <= day) return false;
    return protocol.visits
      .filter((visit) => readsVisits || visit.collects.includes('urine'))
      .filter((visit) => dayZero + visit.day <= day)
      .every((visit) => asOf > dayZero + visit.day + visit.closes + protocol.entryLag);
  };

  const numbers = [...new Set(existing.map(weekOf))];
  return numbers.flatMap((week): NaiveWeek[] => {
    const its = existing.filter((day) => weekOf(day) === week);
    if (!its.every(isMature)) return [];
    const days = its.flatMap((day) => {
      const finding = findingOn(day);
      return finding === undefined ? [] : [{ day: day - dayZero, finding }];
    });
    const hasPositive = days.some(({ finding }) => finding === 'positive');
    const hasNegative = days.some(({ finding }) => finding !== 'positive');
    const empty = week > 0 || its.some(isDueAndMissed) ? 'o' : '_';
    const symbol = hasPositive && hasNegative ? '*' : hasPositive ? '+' : hasNegative ? '-' : empty;
    const [from = 0, to = 0] = [its[0], its.at(-1)].map((day) => (day ?? 0) - dayZero);
    return [{ week, phase: phaseOf(week), from, to, symbol, days }];
  });
}
