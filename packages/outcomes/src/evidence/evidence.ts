import type { Protocol, UseMeasure } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { passingCopy, passingDays } from '../passing-days.ts';
import { biomarkerStatements } from './biomarkers.ts';
import type { DaysBySource } from './days-by-source.ts';
import { reportStatements } from './self-report.ts';
import { abstinent, type DayStatuses, type Informant, nothing, type Statement, use } from './statement.ts';
import { urineStatements } from './urine.ts';

/**
 * A measure's evidence by study day, joined by its evidence rule. `covering` judges coverage. Under *self-report confirmed by
 * urine* `confirming` holds the urine and biomarkers beside it; a day is a day of use if either says so.
 */
export type DayEvidence = {
  readonly covering: DayStatuses;
  readonly confirming: DayStatuses | undefined;
};

/** Whether a day is a day of use by any of the sources that the rule joins. */
export function isUse({ covering, confirming }: DayEvidence, day: number): boolean {
  return covering[day] === use || confirming?.[day] === use;
}

/** The sources that a rule looks at: those that judge days, and those that have to confirm them. */
type Sources = { readonly tests: boolean; readonly informants: readonly Informant[] };
type Rule = { readonly covering: Sources; readonly confirming?: Sources };

const own: Sources = { tests: false, informants: ['participant'] };
const rules: Readonly<Record<UseMeasure['evidence'], Rule>> = {
  'urine-only': { covering: { tests: true, informants: [] } },
  'self-report-only': { covering: own },
  'any-positive': { covering: { tests: true, informants: ['participant', 'relative', 'record'] } },
  'confirmed-by-urine': { covering: own, confirming: { tests: true, informants: [] } },
  'confirmed-by-relative': { covering: own, confirming: { tests: false, informants: ['relative'] } },
  'confirmed-by-urine-or-relative': { covering: own, confirming: { tests: true, informants: ['relative'] } },
};

/** Joins what the sources say of a measure's substances on study days 1 … lastDay; `biomarkers` is what these say of them. */
export function joinEvidence(
  { evidence, substances, biomarkers: named }: UseMeasure,
  sources: DaysBySource,
  biomarkers: readonly Statement[],
  lastDay: StudyDay,
): DayEvidence {
  const bySubstance = ({ tests, informants }: Sources, substance: string): DayStatuses | undefined => {
    const said = [
      ...(tests ? [sources.tested(substance)] : []),
      ...informants.map((informant) => sources.reported(informant, substance)),
      ...(tests && biomarkers.length > 0 ? [biomarkerDays(biomarkers, substance, lastDay, named?.covers)] : []),
    ];
    return said.reduce(greater, undefined);
  };
  const joined = (looked: Sources): DayStatuses => {
    const [first, ...others] = substances.map(
      (substance) => bySubstance(looked, substance) ?? passingDays(lastDay + 1),
    );
    // What the sources hold goes on changing: the measure's days are its own.
    return others.reduce(ofBoth, first === undefined ? passingDays(lastDay + 1) : passingCopy(first, lastDay + 1));
  };
  const { covering, confirming } = rules[evidence];
  return { covering: joined(covering), confirming: confirming && joined(confirming) };
}

/** Everything that a measure's rule looks at, event by event, for whoever wants to see why. */
export function statementsFor(
  { evidence, substances, biomarkers }: UseMeasure,
  observations: readonly Effective[],
  protocol: Protocol,
  dayZero: number,
  lastDay: StudyDay,
): Statement[] {
  const { covering, confirming } = rules[evidence];
  const informants: readonly string[] = [...covering.informants, ...(confirming?.informants ?? [])];
  const reported = informants.length === 0 ? [] : reportStatements(observations, dayZero, substances, lastDay);
  const tests = covering.tests || confirming?.tests === true;
  return [
    ...reported.filter(({ source }) => informants.includes(source)),
    ...(tests ? urineStatements(observations, dayZero, protocol.evidence, substances) : []).filter(
      ({ day }) => day >= 1 && day <= lastDay,
    ),
    ...(tests && biomarkers !== undefined
      ? biomarkerStatements(observations, dayZero, substances, biomarkers, lastDay)
      : []),
  ];
}

type Covers = NonNullable<UseMeasure['biomarkers']>['covers'];

/** What biomarkers say of a substance by day. */
function biomarkerDays(
  statements: readonly Statement[],
  wanted: string,
  lastDay: StudyDay,
  covers: Covers | undefined,
): DayStatuses {
  const days = passingDays(lastDay + 1);
  for (const { day, substance, use: used, lookBack } of statements) {
    if (substance !== wanted) continue;
    if (lookBack === undefined) {
      days[day] = Math.max(days[day] ?? nothing, used ? use : abstinent);
      continue;
    }
    // No day of it is shown to be of use. But coverage is judged whatever was found: it covers what a negative would.
    const first = covers === 'look-back' ? Math.max(1, day - lookBack) : day;
    for (let at = first; at <= day; at += 1) days[at] = Math.max(days[at] ?? nothing, abstinent);
  }
  return days;
}

/** Of one substance: on each day the greater of what two sources say. */
function greater(a: DayStatuses | undefined, b: DayStatuses | undefined): DayStatuses | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  const days = passingCopy(longer);
  for (let day = 1; day < shorter.length; day += 1) days[day] = Math.max(days[day] ?? nothing, shorter[day] ?? nothing);
  return days;
}

/** Over substances: use of any is use, and abstinent needs evidence against each. */
function ofBoth(joined: DayStatuses, other: DayStatuses): DayStatuses {
  for (let day = 1; day < joined.length; day += 1) {
    const [a = nothing, b = nothing] = [joined[day], other[day]];
    joined[day] = a === use || b === use ? use : Math.min(a, b);
  }
  return joined;
}
