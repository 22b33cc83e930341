import { type Estimand, horizonOf, isFirstEventMeasure, type Measure, type Protocol } from '@holdfast/events';
import { measureTitle } from '../basis.ts';
import { count, decimal, nothing, percent, pointsWithLimits, withLimits } from '../in-words.ts';
import type { ReportItem } from '../model.ts';
import { beyondMedian, bothSides, type Row, rowsOf, withoutSmallCells } from '../raw-rows.ts';
import type { ReportSource } from '../report-source.ts';
import { estimateColumns, estimateRows, notComputed, type Value } from '../rows/index.ts';

const declaredColumns = [
  'trial',
  'estimand',
  'rank',
  'arms',
  'against',
  'population',
  'measure',
  'day',
  'window_days',
  'missing',
  'intercurrent_events',
  'summary',
] as const;

/** The estimands of a protocol, primary before secondary. */
const ranked = ({ estimands = [] }: Protocol): readonly Estimand[] => [
  ...estimands.filter(({ rank }) => rank === 'primary'),
  ...estimands.filter(({ rank }) => rank !== 'primary'),
];

/** The days on which a measure is the variable of an estimand: whatever else is shown of it, they are. */
export const declaredDays = (protocol: Protocol, measure: Measure): readonly number[] =>
  ranked(protocol).flatMap(({ variable }) =>
    variable.measure === measure.id ? [variable.day ?? horizonOf(measure, protocol)] : [],
  );

/** What the protocol says is estimated, by the attributes of ICH E9(R1). */
export function declaredEstimands({ protocol }: ReportSource): readonly ReportItem[] {
  const of = ranked(protocol).map((estimand) => {
    const { treatment, population, variable, intercurrentEvents } = estimand;
    const measure = protocol.measures.find(({ id }) => id === variable.measure);
    return {
      ...estimand,
      arms: treatment.arms.join('; '),
      against: treatment.against.join('; '),
      who: protocol.populations.find(({ id }) => id === population)?.title ?? population ?? 'everybody randomised',
      isTime: measure !== undefined && isFirstEventMeasure(measure),
      day: variable.day ?? (measure && horizonOf(measure, protocol)),
      events: intercurrentEvents.map(({ event, strategy }) => `${event}: ${strategy}`).join('; '),
    };
  });
  const inWords = (one: (typeof of)[number]) =>
    [
      `${one.variable.measure} ${one.isTime ? 'up to' : 'on'} day ${one.day}`,
      ...(one.variable.window === undefined ? [] : [`window of ${one.variable.window} days`]),
      ...(one.variable.missing === undefined ? [] : [`missing: ${one.variable.missing}`]),
    ].join(', ');
  if (of.length === 0) return [];
  return [
    {
      ...{ is: 'table', id: 'declared-estimands', title: 'Primary and secondary estimands' },
      raw: {
        columns: declaredColumns,
        rows: of.map((one) => [
          ...[protocol.trial, one.id, one.rank, one.arms, one.against, one.population, one.variable.measure],
          ...[one.day, one.variable.window, one.variable.missing, one.events, one.summary],
        ]),
      },
      basis: {
        method: 'as the protocol declares, by the attributes of ICH E9(R1)',
        population: 'by estimand',
        estimand: 'by row',
        mature: 'as its measure, below',
      },
      notes: [],
      head: ['Estimand', 'Treatment contrast', 'Population', 'Variable', 'Intercurrent events', 'Summary'],
      body: of.map((one) => [
        `${one.title ?? one.id} (${one.rank})`,
        `${one.arms} against ${one.against}`,
        one.who,
        inWords(one),
        one.events || 'none named',
        one.summary.replaceAll('-', ' '),
      ]),
      labels: 6,
    },
  ];
}

const numbers = new Set<string>([
  'n',
  'events',
  'value',
  'against_n',
  'against_events',
  'against_value',
  'estimate',
  'lower',
  'upper',
]);
const keys = new Set<string>(estimateColumns.filter((column) => !numbers.has(column)));

/** How many of how many and their share; survival, and of how many; or a mean or median. */
function sideInWords(kind: Value, n: Value, events: Value, value: Value): string {
  if (n === undefined) return nothing;
  const share = typeof value === 'number' ? `${percent(value)} %` : nothing;
  if (kind === 'survival') return `${share} without it; ${count(events)} of ${count(n)} had it`;
  return events === undefined ? `${decimal(value, 2)}; n ${count(n)}` : `${count(events)}/${count(n)}, ${share}`;
}

function summaryInWords({ kind, summary, estimate, lower, upper, method }: Row): string {
  const words = String(summary).replaceAll('-', ' ');
  if (kind === undefined) return `${words}: nobody has such a value`;
  if (method === notComputed) return `${words}: not computed by Holdfast`;
  return summary === 'difference-in-means'
    ? `${words}: ${withLimits(estimate, lower, upper, 2)}`
    : `${words}, points: ${pointsWithLimits(estimate, lower, upper)}`;
}

/** Its sides show the median of values: of times survival is shown, whatever is declared. */
const isOfMedians = ({ kind, summary }: Row) => summary === 'difference-in-medians' && kind !== 'survival';

/** What the declared estimands come to: the two sides of the treatment contrast, and the summary that is declared. */
export function declaredEstimates(source: ReportSource): readonly ReportItem[] {
  const { protocol, withheld, token, tallies } = source;
  const shown = ranked(protocol).flatMap((estimand) => {
    const measure = protocol.measures.find(({ id }) => id === estimand.variable.measure);
    return measure === undefined || withheld.has(measure.id) ? [] : [{ estimand, measure }];
  });
  if (shown.length === 0) return [];
  const whole = {
    columns: estimateColumns,
    rows: shown.flatMap(({ estimand, measure }) =>
      estimateRows(protocol, estimand, measure, tallies(measure.id), token),
    ),
  };
  const raw = source.hidesSmallCells
    ? withoutSmallCells(whole, {
        keys,
        counts: (row) => [
          ...[row.n, ...bothSides(row.events, row.n)],
          ...[row.against_n, ...bothSides(row.against_events, row.against_n)],
          ...(isOfMedians(row) ? [beyondMedian(row.n), beyondMedian(row.against_n)] : []),
        ],
      })
    : whole;
  const titleOfMeasure = new Map(shown.map(({ measure }) => [measure.id, measureTitle(measure)]));
  const titleOf = new Map(protocol.estimands?.map(({ id, title }) => [id, title]));
  const variable = ({ measure, kind, item, day, window_days: window, missing }: Row) =>
    [
      titleOfMeasure.get(String(measure)),
      ...(kind === 'abstinent' || kind === 'survival' ? [] : [kind, item]),
      day === undefined ? undefined : `day ${day}`,
      window === undefined ? undefined : `window of ${window} days`,
      missing ? `missing: ${missing}` : undefined,
    ]
      .filter((part) => part !== undefined && part !== '')
      .join(', ');
  return [
    {
      ...{ is: 'table', id: 'declared-estimates', title: 'Primary and secondary estimands: estimates', raw },
      basis: {
        method:
          'arms of a side taken together, participant by participant; difference of shares: Newcombe; of survival (Kaplan–Meier): MOVER from the log-log limits of both; of means: Welch; 95 % intervals',
        population: 'by estimand, above',
        estimand: 'by row, as declared above',
        mature: 'as its measure, below',
      },
      notes: [
        'Nothing is adjusted for covariates or for several comparisons. Main effects of a 2 × 2 trial, below, weigh its arms alike, whatever their sizes; here who is in a larger arm counts no less than anybody else.',
      ],
      head: ['Estimand', 'Variable', 'Arms', 'Against', 'Summary (95 % interval)'],
      body: rowsOf(raw).map((row) => [
        `${titleOf.get(String(row.estimand)) ?? row.estimand} (${row.rank})`,
        variable(row),
        `${row.arms}: ${sideInWords(row.kind, row.n, row.events, row.value)}`,
        `${row.against}: ${sideInWords(row.kind, row.against_n, row.against_events, row.against_value)}`,
        summaryInWords(row),
      ]),
      labels: 2,
    },
  ];
}
