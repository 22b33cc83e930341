import type { EventData, Protocol } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import type { Statement } from './statement.ts';

/**
 * What a screen says of a substance; undefined if nothing. An invalid sample says nothing, unnamed substances included; what a screen
 * does not name is the trial's declared rule.
 */
export function resultOf(
  { sample, results }: EventData<'urine-screen'>,
  substance: string,
  rules: Protocol['evidence'],
): 'positive' | 'negative' | undefined {
  if (sample === 'invalid') return undefined;
  const named = Object.hasOwn(results, substance) ? results[substance] : undefined;
  const result = named ?? (rules.unnamed === 'negative' ? 'negative' : undefined);
  return result === 'positive' || result === 'negative' ? result : undefined;
}

/**
 * What urine says of the given substances. What a kept visit without any screen means is the trial's declared rule.
 */
export function urineStatements(
  observations: readonly Effective[],
  dayZero: number,
  rules: Protocol['evidence'],
  substances: readonly string[],
): Statement[] {
  const statements: Statement[] = [];
  const screened = new Set<number>();
  for (const observation of observations) {
    if (observation.type !== 'urine-screen') continue;
    const { data, type, source, id } = observation;
    screened.add(observation.day);
    for (const substance of substances) {
      const result = resultOf(data, substance, rules);
      if (result === undefined) continue;
      const event = { type, source, id };
      statements.push({
        day: observation.day - dayZero,
        substance,
        use: result === 'positive',
        source: 'urine',
        known: 'tested',
        event,
      });
    }
  }
  if (rules.attendedVisit === 'nothing') return statements;
  for (const { type, day, source, id } of observations) {
    if (type !== 'visit-attended' || screened.has(day)) continue;
    for (const substance of substances) {
      const event = { type, source, id };
      statements.push({ day: day - dayZero, substance, use: false, source: 'urine', known: 'inferred', event });
    }
  }
  return statements;
}
