import type { Protocol } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import type { Statement } from './statement.ts';

/**
 * What urine says of the given substances. An invalid sample says nothing, unnamed substances included; what a screen does not
 * name, and what a kept visit without any screen means, are the trial's declared rules.
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
    if (data.sample === 'invalid') continue;
    for (const substance of substances) {
      const named = Object.hasOwn(data.results, substance) ? data.results[substance] : undefined;
      const result = named ?? (rules.unnamed === 'negative' ? 'negative' : undefined);
      if (result !== 'positive' && result !== 'negative') continue;
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
