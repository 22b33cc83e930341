import {
  isSafetyMeasure,
  isValueMeasure,
  landmarkName,
  type Measure,
  type Scale,
  type ValueMeasure,
} from '@holdfast/events';
import { curvesFigure } from '@holdfast/figures';
import { basisOf, measureTitle } from '../basis.ts';
import { count, decimal, shareWithLimits, withLimits } from '../in-words.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { bothSides, type Row, rowsOf, rowsWhere, withoutExtremes, withoutSmallCells } from '../raw-rows.ts';
import { armsOf, measuresFor, type ReportSource, splitOf } from '../report-source.ts';
import { type AskedValues, endpointColumns, endpointRows, unitOfValue } from '../rows/index.ts';
import { sideBySide } from '../side-by-side.ts';
import { number } from './abstinence.ts';
import type { Section } from './section.ts';

const keys = new Set(['trial', 'measure', 'kind', 'item', 'missing', 'arm', 'site', 'group', 'method']);

function rawValues(source: ReportSource, measure: ValueMeasure, asked: AskedValues): RawTable {
  const rows = endpointRows(source.protocol, measure, source.tallies(measure.id), splitOf(source), source.token, asked);
  // The unit comes last, and no column is declared for it.
  const raw = { columns: endpointColumns, rows: rows.map((row) => row.slice(0, endpointColumns.length)) };
  if (!source.hidesSmallCells) return raw;
  return withoutSmallCells(
    withoutExtremes(raw, ({ n }) => n),
    {
      keys,
      counts: ({ n, sum, method }) => [n, ...(method === 'wilson' ? bothSides(sum, n) : [])],
      together: ({ kind, item, arm }) => JSON.stringify([kind, item, arm]),
    },
  );
}

/** A proportion, or a mean with its interval and standard deviation, and how many participants it stands on. */
function valueCell({ n, due, sum, mean, sd, lower, upper, method }: Row): string {
  if (n === undefined) return '–';
  const of = due === undefined ? `n ${count(n)}` : `n ${count(n)} of ${count(due)}`;
  if (n === 0) return of;
  if (method === 'wilson')
    return `${count(sum)}/${count(n)}, ${shareWithLimits(mean, lower, upper)}${due === undefined ? '' : `; ${of}`}`;
  return `${withLimits(mean, lower, upper, 2)}; SD ${decimal(sd, 2)}; ${of}`;
}

/** Everything that a measure gives participants, item by item. */
export function valuesTable(
  source: ReportSource,
  measure: ValueMeasure,
  asked: AskedValues = {},
  id = 'values',
): ReportItem {
  const raw = rawValues(source, measure, asked);
  const hasPolicies = rowsOf(raw).some(({ missing }) => missing !== undefined && missing !== '');
  const hasItems = rowsOf(raw).some(({ item }) => item !== undefined && item !== '');
  const labels: [string, (row: Row) => string][] = [
    [
      'Value',
      ({ kind, item }) => {
        const unit = unitOfValue(measure, String(kind), String(item ?? ''));
        return unit === undefined ? String(kind) : `${kind} (${unit})`;
      },
    ],
    ...(hasItems
      ? [
          ['Of', ({ item }: Row) => (item === undefined || item === '' ? 'all' : String(item))] as [
            string,
            (row: Row) => string,
          ],
        ]
      : []),
    ...(hasPolicies
      ? [['Missing as', ({ missing }: Row) => String(missing ?? '')] as [string, (row: Row) => string]]
      : []),
  ];
  return {
    ...{ is: 'table', id: `${id}-${measure.id}`, title: measureTitle(measure), raw },
    basis: basisOf(
      measure,
      source,
      'mean of participants’ values with Student’s 95 % interval; of yes or no the share with Wilson’s',
    ),
    notes: [
      'A cell: mean (95 % interval), standard deviation, participants with a value (of those for whom it is due); of yes or no n/N and per cent.',
    ],
    ...sideBySide(source, raw, labels, valueCell),
  };
}

const isScale = (measure: Measure): measure is Scale => measure.kind === 'scale';
const isAfterDose = (measure: Measure): measure is Scale =>
  isScale(measure) && measure.at.some((landmark) => 'hoursAfterDose' in landmark);
const isCourse = (measure: Measure): measure is Scale => isScale(measure) && !isAfterDose(measure);

/** The mean course of a scale over its landmarks. */
function course(source: ReportSource, measure: Scale): ReportItem[] {
  const dayOf = new Map(
    measure.at.flatMap((landmark): [string, number][] => {
      if ('day' in landmark) return [[landmarkName(landmark), landmark.day]];
      const visit = 'visit' in landmark ? source.protocol.visits.find(({ id }) => id === landmark.visit) : undefined;
      return visit === undefined ? [] : [[landmarkName(landmark), visit.day]];
    }),
  );
  const raw = rowsWhere(
    rawValues(source, measure, {}),
    ({ kind, item }) => kind === 'score' && dayOf.has(String(item)),
  );
  const days = [...dayOf.values()];
  if (raw.rows.length === 0 || days.length < 2) return [];
  return [
    {
      ...{ is: 'figure', id: `course-${measure.id}`, title: `${measureTitle(measure)}: mean course`, raw },
      basis: basisOf(measure, source, 'mean score of those who were scored, Student’s 95 % interval of each visit'),
      notes: ['Who was not scored is not in the mean; how many were is in the table.'],
      svg: curvesFigure({
        title: `${measureTitle(measure)}: mean course`,
        valueLabel: `${measure.instrument}${measure.subscore === undefined ? '' : `, ${measure.subscore}`}: mean score`,
        dayLabel: 'study day',
        days: { from: Math.min(0, ...days), to: Math.max(...days) },
        isShare: false,
        isStep: false,
        series: armsOf(source).map(({ id, label }, place) => ({
          label,
          place: source.byArm ? place : undefined,
          points: rowsOf(raw)
            .filter(({ arm }) => arm === id)
            .map((row) => ({
              day: dayOf.get(String(row.item)) ?? 0,
              value: number(row.mean),
              lower: number(row.lower),
              upper: number(row.upper),
            }))
            .sort((a, b) => a.day - b.day),
        })),
        counts: {
          title: 'Scored',
          rows: armsOf(source).map(({ id, label }) => ({
            label,
            counts: rowsOf(raw)
              .filter(({ arm }) => arm === id)
              .map(({ item, n }) => ({ day: dayOf.get(String(item)) ?? 0, text: count(n) })),
          })),
        },
      }),
    },
  ];
}

/** Craving, depression and other scales: course, response, remission. */
export const scores: Section = {
  id: 'scores',
  title: 'Craving, depression and other scales',
  items(source) {
    const { measures, leftOut } = measuresFor(source, isCourse, 'the protocol declares no rating scale (kind scale).');
    return {
      items: measures.flatMap((measure) => [...course(source, measure), valuesTable(source, measure)]),
      leftOut,
    };
  },
};

/** A section of the values of some kinds of measures. */
export function valuesSection(id: string, title: string, isOne: (measure: Measure) => boolean, none: string): Section {
  const isValued = (measure: Measure): measure is ValueMeasure => isValueMeasure(measure) && isOne(measure);
  return {
    ...{ id, title },
    items(source) {
      const { measures, leftOut } = measuresFor(source, isValued, none);
      return { items: measures.map((measure) => valuesTable(source, measure)), leftOut };
    },
  };
}

export const exposure = valuesSection(
  'exposure',
  'Exposure',
  ({ kind }) => kind === 'exposure',
  'the protocol declares no measure of exposure.',
);

export const visits = valuesSection(
  'visits',
  'Visits',
  ({ kind }) => kind === 'visits',
  'the protocol declares no measure of visits.',
);

export const amounts = valuesSection(
  'amounts',
  'Days and amounts of use',
  (measure) => !isSafetyMeasure(measure) && !['exposure', 'visits', 'scale'].includes(measure.kind),
  'the protocol declares no days, amounts or levels of use.',
);

export const afterDose = valuesSection(
  'after-dose',
  'Dissociation and other scales after a dose',
  isAfterDose,
  'the protocol declares no scale by hours after a dose.',
);
