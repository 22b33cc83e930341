import { biomarkerResult, type UseMeasure } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { passingCounts, passingDays } from '../passing-days.ts';
import type { Statement } from './statement.ts';

/**
 * What the biomarkers that a measure names say of its substances. A biomarker counts on the day of its sample: one sampled
 * outside study days 1 … lastDay says nothing. A negative one is evidence of no use on the days that it covers by the measure's
 * rule; a positive one is a single statement on the day of the sample, with its look-back: there was use on one of those days.
 */
export function biomarkerStatements(
  observations: readonly Effective[],
  dayZero: number,
  substances: readonly string[],
  { kinds, covers }: NonNullable<UseMeasure['biomarkers']>,
  lastDay: StudyDay,
): Statement[] {
  const statements: Statement[] = [];
  for (const observation of observations) {
    if (observation.type !== 'biomarker') continue;
    const { data, type, source, id } = observation;
    const { kind, substance, lookBack } = data;
    const sampled = observation.day - dayZero;
    if (sampled < 1 || sampled > lastDay || !kinds.includes(kind) || !substances.includes(substance)) continue;
    const result = biomarkerResult(data);
    const event = { type, source, id };
    const common = { substance, source: 'biomarker', known: 'tested', event, biomarker: kind } as const;
    if (result === 'positive') {
      statements.push({ ...common, day: sampled, use: true, ...(lookBack > 0 ? { lookBack } : {}) });
    } else if (result === 'negative') {
      const first = covers === 'look-back' ? Math.max(1, sampled - lookBack) : sampled;
      for (let day = first; day <= sampled; day += 1) statements.push({ ...common, day, use: false });
    }
  }
  return statements;
}

/**
 * Positive biomarkers as windows of days see them, indexed by study day. A positive says "at least one use in these days": it
 * shows use in a window only if all its days lie inside, and wherever one of them lies inside it forbids `abstinent`.
 */
export type LookBacks = {
  /** 1: the day is one of those that some positive biomarker speaks of. */
  readonly touched: Uint8Array;
  /** Of the positives sampled that day that show use while at risk, the first day of the shortest stretch; 0: there is none. */
  readonly shownSince: Uint16Array;
};

/**
 * A positive shows use while at risk only if all its days are study days from 1 on, and none is excluded: else the use may have
 * been before randomisation, or in a controlled environment.
 */
export function lookBacks(
  statements: readonly Statement[],
  excluded: Uint8Array,
  lastDay: StudyDay,
): LookBacks | undefined {
  const positives = statements.filter(({ source, use }) => source === 'biomarker' && use);
  if (positives.length === 0) return undefined;
  const touched = passingDays(lastDay + 1);
  const shownSince = passingCounts(lastDay + 1);
  for (const { day, lookBack = 0 } of positives) {
    const first = day - lookBack;
    touched.fill(1, Math.max(1, first), day + 1);
    if (first >= 1 && !excluded.subarray(first, day + 1).includes(1))
      shownSince[day] = Math.max(shownSince[day] ?? 0, first);
  }
  return { touched, shownSince };
}
