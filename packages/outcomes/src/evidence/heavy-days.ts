import type { HeavyDay } from '@holdfast/events';

/**
 * From how many grams on a day of use is a heavy one for a participant: for everybody, or by a baseline covariate. Undefined
 * where the covariate is not known, or has a value that the measure names no grams for: then nobody can say of a day of use.
 */
export function heavyFrom(
  heavy: HeavyDay,
  baseline: Readonly<Record<string, string | number | boolean>>,
): number | undefined {
  if (!('by' in heavy)) return heavy.atLeastGrams;
  const value = baseline[heavy.by];
  if (value === undefined || !Object.hasOwn(baseline, heavy.by)) return undefined;
  return Object.hasOwn(heavy.atLeastGrams, String(value)) ? heavy.atLeastGrams[String(value)] : undefined;
}
