import { type CivilDay, civilDay, type Group, type Protocol } from '@holdfast/events';
import type { StudyDay } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import type { Settled } from './history/settle.ts';

/** What stands for a group where nobody can say. */
export const notKnown = 'not known';

function bandOf(value: number, bands: NonNullable<Group['bands']>): string {
  return bands.findLast(({ from }) => value >= from)?.label ?? notKnown;
}

/** The total of the last score up to study day 0 that is not of hours after a dose; of several on a day the greatest id's, then source's. */
function baselineScore(observations: readonly Effective[], instrument: string, dayZero: CivilDay): number | undefined {
  let last: Extract<Effective, { type: 'scale-score' }> | undefined;
  for (const one of observations) {
    if (one.type !== 'scale-score' || one.day > dayZero || one.data.instrument !== instrument) continue;
    if (one.data.total === undefined || one.data.hoursAfterDose !== undefined) continue;
    if (last === undefined || isLater(one, last)) last = one;
  }
  return last?.data.total;
}

function isLater(a: Effective, b: Effective): boolean {
  if (a.day !== b.day) return a.day > b.day;
  return a.id === b.id ? a.source > b.source : a.id > b.id;
}

/** Which of each declared group a participant is in, by open events alone. */
export function groupsOf({ groups }: Protocol, open: Settled): Readonly<Record<string, string>> {
  const { enrolment, randomisation, observations } = open;
  if (randomisation === undefined) return {};
  const dayZero = civilDay(randomisation.data.date);
  const groupOf = ({ by, bands }: Group): string => {
    if (by === 'stratum') return randomisation.data.stratum ?? notKnown;
    const value =
      'score' in by ? baselineScore(observations, by.score, dayZero) : enrolment?.data.baseline?.[by.covariate];
    if (value === undefined) return notKnown;
    if (bands === undefined) return String(value);
    return typeof value === 'number' ? bandOf(value, bands) : notKnown;
  };
  return Object.fromEntries(groups.map((group) => [group.id, groupOf(group)]));
}

/** When the periods of a crossover began for a participant, in order of day; of several starts of a period the first counts. */
export function periodsOf(open: Settled): { period: string; from: StudyDay }[] {
  const { randomisation, observations } = open;
  if (randomisation === undefined) return [];
  const dayZero = civilDay(randomisation.data.date);
  const first = new Map<string, StudyDay>();
  for (const one of observations) {
    if (one.type !== 'period-started') continue;
    const { period } = one.data;
    first.set(period, Math.min(first.get(period) ?? Number.POSITIVE_INFINITY, one.day - dayZero));
  }
  return [...first]
    .map(([period, from]) => ({ period, from }))
    .sort((a, b) => a.from - b.from || (a.period < b.period ? -1 : 1));
}
