import type { Protocol, UseMeasure } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import { biomarkerStatements } from './biomarkers.ts';
import { reportStatements } from './self-report.ts';
import { abstinent, type DayStatuses, nothing, type Statement, use } from './statement.ts';
import { urineStatements } from './urine.ts';

/**
 * A measure's evidence by study day, joined by its evidence rule. `covering` judges coverage. Under *self-report confirmed by
 * urine* `confirming` holds the urine and biomarkers beside it; a day is a day of use if either says so.
 */
export type DayEvidence = {
  readonly covering: DayStatuses;
  readonly confirming: DayStatuses | undefined;
};

/** Evidence with everything that the rule looks at, for whoever wants to see why. */
export type Evidence = DayEvidence & { readonly statements: readonly Statement[] };

/** Whether a day is a day of use by any of the sources that the rule joins. */
export function isUse({ covering, confirming }: DayEvidence, day: number): boolean {
  return covering[day] === use || confirming?.[day] === use;
}

/** Joins what the sources say of a measure's substances on study days 1 … lastDay. */
export function joinEvidence(
  { evidence: rule, substances, biomarkers }: UseMeasure,
  observations: readonly Effective[],
  protocol: Protocol,
  dayZero: number,
  lastDay: number,
): Evidence {
  const tests = () => {
    const urine = urineStatements(observations, dayZero, protocol.evidence, substances).filter(
      ({ day }) => day >= 1 && day <= lastDay,
    );
    if (biomarkers === undefined) return urine;
    return [...urine, ...biomarkerStatements(observations, dayZero, substances, biomarkers, lastDay)];
  };
  const reports = () => reportStatements(observations, dayZero, substances, lastDay);
  const own = () => reports().filter(({ source }) => source === 'participant');
  const statuses = (statements: readonly Statement[]) =>
    dayStatuses(statements, substances, lastDay, biomarkers?.covers);
  switch (rule) {
    case 'urine-only': {
      const statements = tests();
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'self-report-only': {
      const statements = own();
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'any-positive': {
      const statements = [...tests(), ...reports()];
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'confirmed-by-urine':
    case 'confirmed-by-relative':
    case 'confirmed-by-urine-or-relative': {
      const reported = reports();
      const told = reported.filter(({ source }) => source === 'participant');
      const confirming = [
        ...(rule === 'confirmed-by-relative' ? [] : tests()),
        ...(rule === 'confirmed-by-urine' ? [] : reported.filter(({ source }) => source === 'relative')),
      ];
      return { covering: statuses(told), confirming: statuses(confirming), statements: [...told, ...confirming] };
    }
  }
}

type Covers = NonNullable<UseMeasure['biomarkers']>['covers'];

/** Per substance use wins; over the substances any use is use, and abstinent needs evidence against each. */
function dayStatuses(
  statements: readonly Statement[],
  substances: readonly string[],
  lastDay: number,
  covers: Covers | undefined,
): DayStatuses {
  const bySubstance = new Map(substances.map((substance) => [substance, new Uint8Array(lastDay + 1)]));
  for (const { day, substance, use: used, lookBack } of statements) {
    const days = bySubstance.get(substance);
    if (days === undefined) continue;
    if (lookBack === undefined) {
      days[day] = Math.max(days[day] ?? nothing, used ? use : abstinent);
      continue;
    }
    // No day of it is shown to be of use. But coverage is judged whatever was found: it covers what a negative would.
    const first = covers === 'look-back' ? Math.max(1, day - lookBack) : day;
    for (let at = first; at <= day; at += 1) days[at] = Math.max(days[at] ?? nothing, abstinent);
  }
  const [first, ...others] = [...bySubstance.values()];
  const joined = first ?? new Uint8Array(lastDay + 1);
  for (const other of others) {
    for (let day = 1; day <= lastDay; day += 1) {
      const [a = nothing, b = nothing] = [joined[day], other[day]];
      joined[day] = a === use || b === use ? use : Math.min(a, b);
    }
  }
  return joined;
}
