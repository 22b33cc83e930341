import type { EvidenceRule, Protocol } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import { reportStatements } from './self-report.ts';
import { abstinent, type DayStatuses, nothing, type Statement, use } from './statement.ts';
import { urineStatements } from './urine.ts';

/**
 * A measure's evidence by study day, joined by its evidence rule. `covering` judges coverage. Under *self-report confirmed by
 * urine* `confirming` holds the urine beside it; a day is a day of use if either says so.
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
  rule: EvidenceRule,
  substances: readonly string[],
  observations: readonly Effective[],
  protocol: Protocol,
  dayZero: number,
  lastDay: number,
): Evidence {
  const urine = () =>
    urineStatements(observations, dayZero, protocol.evidence, substances).filter(
      ({ day }) => day >= 1 && day <= lastDay,
    );
  const reports = () => reportStatements(observations, dayZero, substances, lastDay);
  const own = () => reports().filter(({ source }) => source === 'participant');
  const statuses = (statements: readonly Statement[]) => dayStatuses(statements, substances, lastDay);
  switch (rule) {
    case 'urine-only': {
      const statements = urine();
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'self-report-only': {
      const statements = own();
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'any-positive': {
      const statements = [...urine(), ...reports()];
      return { covering: statuses(statements), confirming: undefined, statements };
    }
    case 'confirmed-by-urine': {
      const [tested, reported] = [urine(), own()];
      return { covering: statuses(reported), confirming: statuses(tested), statements: [...reported, ...tested] };
    }
  }
}

/** Per substance use wins; over the substances any use is use, and abstinent needs evidence against each. */
function dayStatuses(statements: readonly Statement[], substances: readonly string[], lastDay: number): DayStatuses {
  const bySubstance = new Map(substances.map((substance) => [substance, new Uint8Array(lastDay + 1)]));
  for (const { day, substance, use: used } of statements) {
    const days = bySubstance.get(substance);
    if (days !== undefined) days[day] = Math.max(days[day] ?? nothing, used ? use : abstinent);
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
