import {
  isAbstinenceMeasure,
  isSafetyMeasure,
  isValueMeasure,
  type Measure,
  type ValueMeasure,
  windowsOf,
} from '@holdfast/events';
import { basisOf } from '../basis.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { measuresFor, shownMeasures, whyNot } from '../report-source.ts';
import { choosePolicies, firstDayOf } from '../rows/index.ts';
import { landmarkDays, ratesTable } from './abstinence.ts';
import { comparisons, notComparable, tippingTable } from './by-site.ts';
import { declaredDays, declaredEstimands, declaredEstimates } from './declared-estimands.ts';
import type { Section } from './section.ts';
import { valuesTable } from './values.ts';

const isOutcome = (measure: Measure): measure is Measure =>
  !isSafetyMeasure(measure) && !['exposure', 'visits', 'retention'].includes(measure.kind);

const columns = ['trial', 'measure', 'kind', 'population', 'estimand', 'mature'] as const;

/** What is estimated, of whom, and what becomes of intercurrent events. */
export const estimands: Section = {
  id: 'estimands',
  title: 'Estimands',
  items(source) {
    const measures = shownMeasures(source, isOutcome);
    const described = measures.map((measure) => ({
      measure,
      basis: basisOf(measure, source, 'declared in the protocol'),
    }));
    const raw: RawTable = {
      columns,
      rows: described.map(({ measure, basis }) => [
        source.protocol.trial,
        measure.id,
        measure.kind,
        basis.population,
        basis.estimand,
        basis.mature,
      ]),
    };
    const table: ReportItem = {
      ...{ is: 'table', id: 'estimands', title: 'What is estimated', raw },
      basis: {
        method: 'as the protocol declares',
        population: 'by measure',
        estimand: 'by measure',
        mature: 'by measure',
      },
      notes:
        source.protocol.estimands === undefined
          ? ['The protocol does not say which outcome is primary; they stand in its order.']
          : [],
      head: ['Measure', 'Population', 'Variable and intercurrent events', 'Mature'],
      body: described.map(({ measure, basis }) => [measure.id, basis.population, basis.estimand, basis.mature]),
      labels: 4,
    };
    const items = [
      ...declaredEstimands(source),
      ...declaredEstimates(source),
      ...(described.length === 0 ? [] : [table]),
    ];
    const isMeant = ({ id }: Measure) =>
      source.protocol.estimands?.some(({ variable }) => variable.measure === id) ?? false;
    return { items, leftOut: whyNot(source, (measure) => isOutcome(measure) || isMeant(measure)) };
  },
};

/** Abstinence under all missing-data policies side by side, and how many of the missing could undo a lead. */
export const policies: Section = {
  id: 'policies',
  title: 'Abstinence under every missing-data policy',
  items(source) {
    const { measures, leftOut } = measuresFor(source, isAbstinenceMeasure, 'the protocol declares no abstinence.');
    const items = measures.flatMap((measure) =>
      windowsOf(measure).flatMap((window): ReportItem[] => {
        const landmarks = landmarkDays(source.protocol, measure, firstDayOf(measure, window));
        const days = [...landmarks.slice(-3), ...declaredDays(source.protocol, measure)];
        const table = ratesTable(source, measure, window, {
          id: `policies-${measure.id}-${window}`,
          title: `${measure.title ?? measure.id}: all policies, worst and best case`,
          policies: choosePolicies(measure, 'all'),
          days,
        });
        try {
          return [table, ...comparisons(source).map((split) => tippingTable(source, measure, window, split))];
        } catch (error) {
          leftOut.push(notComparable(error));
          return [table];
        }
      }),
    );
    return { items, leftOut: [...new Set(leftOut)] };
  },
};

const isValued = (measure: Measure): measure is ValueMeasure => isValueMeasure(measure) && isOutcome(measure);

/** Values under all policies. */
export const valuesUnderPolicies: Section = {
  id: 'values',
  title: 'Days, amounts and scores under every missing-data policy',
  items(source) {
    const { measures, leftOut } = measuresFor(source, isValued, 'the protocol declares no days, amounts or scores.');
    return {
      items: measures.map((measure) => valuesTable(source, measure, { missing: 'all' }, 'all-policies')),
      leftOut,
    };
  },
};
