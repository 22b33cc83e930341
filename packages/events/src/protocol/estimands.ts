import { z } from 'zod';
import { ArmId } from '../identifiers.ts';
import { Day, MeasureId } from './measures/common.ts';
import { isRelapseToBeMissing, isRelapseToLeave } from './measures/first-events.ts';
import {
  horizonOf,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  isUseMeasure,
  type Measure,
  windowsOf,
} from './measures/measure.ts';
import { MissingPolicy } from './measures/use-evidence.ts';
import { type Report, reportRepeats } from './report.ts';

/** What may happen after randomisation that changes what the variable means, or whether it exists. */
const IntercurrentEvent = z.enum([
  'treatment-discontinued',
  'participant-left',
  'death',
  'controlled-environment',
  'other-treatment',
]);
export type IntercurrentEvent = z.infer<typeof IntercurrentEvent>;

/** The strategies of ICH E9(R1), section A.3.2; while alive is its while on treatment, of death. */
const Strategy = z.enum([
  'treatment-policy',
  'hypothetical',
  'composite',
  'while-on-treatment',
  'while-alive',
  'principal-stratum',
]);
type Strategy = z.infer<typeof Strategy>;

const Summary = z.enum([
  'difference-in-proportions',
  'ratio-of-proportions',
  'difference-in-means',
  'difference-in-medians',
  'difference-in-survival',
  'hazard-ratio',
]);
type Summary = z.infer<typeof Summary>;

const arms = z.array(ArmId).min(1).max(32);

/** What is estimated, by the five attributes of ICH E9(R1). */
export const Estimand = z
  .strictObject({
    id: MeasureId.meta({ description: 'its name' }),
    title: z.string().min(1).max(300).optional().meta({ description: 'the question, for people' }),
    rank: z.enum(['primary', 'secondary']).meta({ description: 'of the objective that it belongs to' }),
    treatment: z
      .strictObject({
        arms: arms.meta({ description: 'what is asked about' }),
        against: arms.meta({ description: 'what it is compared with' }),
      })
      .meta({ description: 'the treatment contrast; several arms on a side are taken together' }),
    population: MeasureId.optional().meta({
      description: 'a population that the protocol declares, the variable’s own; absent: everybody randomised',
    }),
    variable: z
      .strictObject({
        measure: MeasureId,
        day: Day.optional().meta({ description: 'study day that it is read on; absent: the measure’s horizon' }),
        window: Day.optional().meta({ description: 'of a rolling rate: length of the trailing window, in days' }),
        missing: MissingPolicy.optional().meta({ description: 'of the measure’s missing-data policies the one meant' }),
      })
      .meta({ description: 'the variable of each participant: a measure' }),
    intercurrentEvents: z
      .array(z.strictObject({ event: IntercurrentEvent, strategy: Strategy }))
      .max(5)
      .default([])
      .meta({ description: 'what becomes of them; how the measure counts must agree' }),
    summary: Summary.meta({ description: 'the population-level summary' }),
  })
  .meta({ title: 'Estimand', description: 'What is estimated, by the five attributes of ICH E9(R1).' });
export type Estimand = z.infer<typeof Estimand>;

type Known = {
  readonly arms: readonly { readonly id: string }[];
  readonly populations: readonly { readonly id: string }[];
  readonly measures: readonly Measure[];
  readonly plannedFollowUp: number;
};

const summaries = {
  share: ['difference-in-proportions', 'ratio-of-proportions'],
  time: ['difference-in-survival', 'hazard-ratio', 'difference-in-medians'],
  value: ['difference-in-means', 'difference-in-medians', 'difference-in-proportions', 'ratio-of-proportions'],
} satisfies Record<string, Summary[]>;

function summariesOf(measure: Measure): readonly Summary[] {
  if (isAbstinenceMeasure(measure)) return summaries.share;
  return isFirstEventMeasure(measure) ? summaries.time : summaries.value;
}

/** The strategies that a measure, as it is declared, can be said to follow; undefined: it does not decide. */
function followed(
  event: IntercurrentEvent,
  measure: Measure,
): { readonly strategies: readonly Strategy[]; readonly why: string } | undefined {
  const { id } = measure;
  if (event === 'treatment-discontinued')
    return { strategies: ['treatment-policy'], why: `${id} goes on counting whoever ended treatment` };
  if (event === 'participant-left' && measure.kind === 'retention')
    return { strategies: ['composite'], why: `leaving is the event of ${id}` };
  const isByLeaving = measure.kind === 'relapse' && (isRelapseToLeave(measure) || isRelapseToBeMissing(measure));
  if (event === 'participant-left' && isByLeaving)
    return { strategies: ['composite'], why: `${id} has a pattern of which leaving, or what is missing, is a part` };
  if (!isUseMeasure(measure)) return undefined;
  if (event === 'death')
    return measure.death === 'exclude'
      ? { strategies: ['while-alive'], why: `${id} says \`death: exclude\`: days after death do not count` }
      : {
          strategies: ['treatment-policy', 'hypothetical'],
          why: `${id} says \`death: ignore\`: death changes nothing`,
        };
  if (event === 'controlled-environment')
    return measure.controlledDays === 'exclude'
      ? {
          strategies: ['hypothetical', 'while-on-treatment'],
          why: `${id} says \`controlledDays: exclude\`: such days do not count`,
        }
      : {
          strategies: ['treatment-policy'],
          why: `${id} says \`controlledDays: ignore\`: such days count as any other`,
        };
  return undefined;
}

function checkVariable(
  { variable, population, summary, intercurrentEvents }: Estimand,
  known: Known,
  report: Report,
): void {
  const measure = known.measures.find(({ id }) => id === variable.measure);
  if (measure === undefined) {
    report(['variable', 'measure'], `"${variable.measure}" is no measure of the trial; declare it under measures`);
    return;
  }
  const horizon = horizonOf(measure, known);
  if (variable.day !== undefined && variable.day > horizon)
    report(['variable', 'day'], `lies after the horizon of ${measure.id} (${horizon}); correct it`);
  const isRate = isAbstinenceMeasure(measure);
  const windows = isRate ? windowsOf(measure).filter((days) => days > 0) : [];
  const policies: readonly string[] = 'policies' in measure ? measure.policies : [];
  const checkAmong = (field: 'window' | 'missing', what: string, all: readonly unknown[]): void => {
    if (variable[field] === undefined || all.includes(variable[field])) return;
    const mend =
      all.length === 0
        ? `is no part of ${measure.id}; remove it`
        : `is no ${what} of ${measure.id}; use one of ${all.join(', ')}`;
    report(['variable', field], mend);
  };
  checkAmong('window', 'window', windows);
  checkAmong('missing', 'policy', policies);
  if (variable.window === undefined && windows.length > 1)
    report(['variable', 'window'], `is missing, and ${measure.id} has several; use one of ${windows.join(', ')}`);
  if (population !== undefined && !known.populations.some(({ id }) => id === population))
    report(['population'], `"${population}" is no population of the trial; declare it under populations`);
  else if (population !== measure.population)
    report(
      ['population'],
      `is ${population ?? 'everybody randomised'}, but ${measure.id} counts ${measure.population ?? 'everybody randomised'}; make them the same`,
    );
  const fitting = summariesOf(measure);
  if (!fitting.includes(summary))
    report(['summary'], `is no summary of ${measure.id} (${measure.kind}); use ${fitting.join(', ')}`);
  intercurrentEvents.forEach(({ event, strategy }, i) => {
    const by = followed(event, measure);
    if (by !== undefined && !by.strategies.includes(strategy))
      report(
        ['intercurrentEvents', i, 'strategy'],
        `is not what is counted: ${by.why}; say ${by.strategies.join(' or ')}, or change the measure`,
      );
  });
}

/** What is wrong with estimands beyond their shape. */
export function checkEstimands(estimands: readonly Estimand[], known: Known, report: Report): void {
  reportRepeats(
    estimands.map(({ id }) => id),
    (i) => [i, 'id'],
    'estimand',
    report,
  );
  estimands.forEach((estimand, index) => {
    const at = (...path: PropertyKey[]) => [index, ...path];
    const { treatment, intercurrentEvents } = estimand;
    for (const side of ['arms', 'against'] as const) {
      reportRepeats(treatment[side], (i) => at('treatment', side, i), 'arm', report);
      treatment[side].forEach((arm, i) => {
        if (!known.arms.some(({ id }) => id === arm))
          report(at('treatment', side, i), `"${arm}" is no arm of the trial; declare it under arms`);
      });
    }
    treatment.against.forEach((arm, i) => {
      if (treatment.arms.includes(arm))
        report(at('treatment', 'against', i), `"${arm}" stands on both sides; remove one`);
    });
    reportRepeats(
      intercurrentEvents.map(({ event }) => event),
      (i) => at('intercurrentEvents', i, 'event'),
      'intercurrent event',
      report,
    );
    checkVariable(estimand, known, (path, message) => report(at(...path), message));
  });
}
