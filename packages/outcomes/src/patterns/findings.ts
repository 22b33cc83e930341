import type { CivilDay, PatternRule, Protocol } from '@holdfast/events';
import { urineStatements } from '../evidence/urine.ts';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';

/**
 * What was found on a day. `inferred-negative`: a visit was kept, and no urine says that it was negative for every target
 * substance; in some trials most negatives are of this kind, so it stays visible.
 */
export type Finding = 'positive' | 'tested-negative' | 'inferred-negative';

/** What urine and kept visits say of a participant's days, within those that exist for the rule. */
export type Findings = {
  readonly found: ReadonlyMap<StudyDay, Finding>;
  readonly keptVisits: ReadonlySet<StudyDay>;
};

/**
 * A day with a urine positive for any target is positive, whatever else was found on it. Else it is negative if the rule takes
 * what happened on it for a negative: a kept visit, or a urine negative for every target.
 */
export function findingsOf(
  protocol: Protocol,
  negative: PatternRule['negative'],
  targets: readonly string[],
  observations: readonly Effective[],
  dayZero: CivilDay,
  exists: (day: StudyDay) => boolean,
): Findings {
  const keptVisits = new Set<StudyDay>();
  for (const { type, day } of observations) {
    if (type === 'visit-attended' && exists(day - dayZero)) keptVisits.add(day - dayZero);
  }
  const rules = { unnamed: protocol.evidence.unnamed, attendedVisit: 'nothing' } as const;
  const positive = new Set<StudyDay>();
  const testedFor = new Map<StudyDay, Set<string>>();
  for (const { day, substance, use } of urineStatements(observations, dayZero, rules, targets)) {
    if (!exists(day)) continue;
    if (use) positive.add(day);
    testedFor.set(day, (testedFor.get(day) ?? new Set()).add(substance));
  }
  const found = new Map<StudyDay, Finding>();
  for (const day of positive) found.set(day, 'positive');
  for (const day of new Set([...testedFor.keys(), ...keptVisits])) {
    if (positive.has(day)) continue;
    const tested = targets.every((substance) => testedFor.get(day)?.has(substance) === true);
    const isNegative =
      (tested && negative.includes('tested')) || (keptVisits.has(day) && negative.includes('kept-visit'));
    if (isNegative) found.set(day, tested ? 'tested-negative' : 'inferred-negative');
  }
  return { found, keptVisits };
}
