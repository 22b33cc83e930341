import { type FirstEventMeasure, isFirstEventMeasure, type Measure } from '@holdfast/events';
import { curvesFigure, dayTicks } from '@holdfast/figures';
import { basisOf, measureTitle } from '../basis.ts';
import { count, shareWithLimits } from '../in-words.ts';
import { itemId } from '../item-id.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { rowsOf, withoutSmallCells, withoutSmallCounts } from '../raw-rows.ts';
import { armsOf, measuresFor, type ReportSource, splitOf } from '../report-source.ts';
import { rateColumns, rateRows, survivalColumns, survivalRows } from '../rows/index.ts';
import { sideBySide } from '../side-by-side.ts';
import { landmarkDays, number } from './abstinence.ts';
import type { Section } from './section.ts';

const keys = new Set(['trial', 'measure', 'window_days', 'arm', 'site', 'group', 'axis', 'day', 'method']);
const endedOnDay = new Set(['events', 'competing', 'censored']);

function rawSurvival(
  source: ReportSource,
  measure: FirstEventMeasure,
  days: ReadonlySet<number> | undefined,
): RawTable {
  const rows = survivalRows(source.protocol, measure, source.tallies(measure.id), {
    by: splitOf(source),
    token: source.token,
    days,
  });
  const raw = { columns: survivalColumns, rows };
  if (!source.hidesSmallCells) return raw;
  return withoutSmallCounts(withoutSmallCells(raw, { counts: ({ at_risk: n }) => [n], keys }), endedOnDay);
}

const deathCompetes = (measure: FirstEventMeasure) => !('death' in measure) || measure.death === 'exclude';

/** Kaplan–Meier's curve, or beside it the cumulative incidence, with how many are at risk. */
function curve(source: ReportSource, measure: FirstEventMeasure, of: 'survival' | 'incidence'): ReportItem {
  const raw = rawSurvival(source, measure, undefined);
  const rows = rowsOf(raw);
  const days = { from: 0, to: measure.horizon };
  const atRisk = rowsOf(rawSurvival(source, measure, new Set(dayTicks(days))));
  const isSurvival = of === 'survival';
  const isRetained = measure.kind === 'retention';
  const what = isSurvival ? (isRetained ? 'still in the trial' : 'still without it') : 'cumulative incidence';
  return {
    ...{ is: 'figure', id: itemId(of, measure.id), title: `${measureTitle(measure)}: ${what}`, raw },
    basis: basisOf(
      measure,
      source,
      isSurvival
        ? 'Kaplan–Meier, competing events censored, log-log 95 % limits of each day'
        : `Aalen–Johansen, ${deathCompetes(measure) ? 'death competes' : 'death changes nothing'}; no limits are computed`,
    ),
    notes: isSurvival ? ['Intervals are pointwise: they say nothing about a curve watched day after day.'] : [],
    svg: curvesFigure({
      title: `${measureTitle(measure)}: ${what}`,
      valueLabel: `${isRetained ? (isSurvival ? 'Still in the trial' : 'Left the trial') : `${isSurvival ? 'Without' : 'With'} ${measure.kind}`}, share of participants`,
      dayLabel: measure.kind === 'lapse' ? 'days since the abstinent run or quit day' : 'study day',
      days,
      isShare: true,
      isStep: true,
      series: armsOf(source).map(({ id, label }, place) => ({
        label,
        place: source.byArm ? place : undefined,
        points: rows
          .filter(({ arm }) => arm === id)
          .map((row) => ({
            day: Number(row.day),
            value: number(row[of]),
            lower: isSurvival ? number(row.lower) : undefined,
            upper: isSurvival ? number(row.upper) : undefined,
          })),
      })),
      counts: {
        title: 'At risk',
        rows: armsOf(source).map(({ id, label }) => ({
          label,
          counts: atRisk
            .filter(({ arm }) => arm === id)
            .map(({ day, at_risk: n }) => ({ day: Number(day), text: count(n) })),
        })),
      },
    }),
  };
}

function landmarkTable(source: ReportSource, measure: FirstEventMeasure): ReportItem {
  const raw = rawSurvival(source, measure, new Set(landmarkDays(source.protocol, measure, 1)));
  return {
    ...{
      is: 'table',
      id: itemId('survival-landmarks', measure.id),
      title: `${measureTitle(measure)}: on the landmark days`,
      raw,
    },
    basis: basisOf(measure, source, 'Kaplan–Meier with log-log 95 % limits; incidence: Aalen–Johansen'),
    notes: ['A cell: per cent still without it (95 % interval); cumulative incidence in per cent; at risk on the day.'],
    ...sideBySide(
      source,
      raw,
      [['Day', ({ day }) => String(day)]],
      ({ survival, incidence, lower, upper, at_risk: n }) =>
        n === undefined
          ? '–'
          : `${shareWithLimits(survival, lower, upper)}; ${shareWithLimits(incidence, undefined, undefined)}; ${n} at risk`,
    ),
  };
}

/** A rate of fewer person-days than this says next to nothing, and its interval would fill the figure. */
const drawnDays = 100;

/** First events for each person-day at risk in the trailing window. */
function rollingRate(source: ReportSource, measure: FirstEventMeasure): ReportItem[] {
  const [window] = measure.windows;
  if (window === undefined) return [];
  const rows = rateRows(source.protocol, measure, source.tallies(measure.id), {
    ...{
      by: splitOf(source),
      token: source.token,
      windows: [window],
      policies: [undefined],
      axis: 'study',
      days: undefined,
    },
    besideAll: false,
  });
  const whole = { columns: rateColumns, rows };
  const raw = source.hidesSmallCells ? withoutSmallCells(whole, { counts: ({ events }) => [events], keys }) : whole;
  const perHundred = (value: unknown) => (typeof value === 'number' ? 100 * value : undefined);
  const days = { from: window, to: measure.horizon };
  return [
    {
      ...{
        is: 'figure',
        id: `rolling-rate-${measure.id}-${window}`,
        title: `${measureTitle(measure)}: rolling rate`,
        raw,
      },
      basis: basisOf(
        measure,
        source,
        `first events per person-day at risk in the last ${window} days, exact Poisson 95 % interval of each day`,
      ),
      notes: [
        `Intervals are pointwise: they say nothing about a curve watched day after day. Drawn where at least ${drawnDays} person-days stand behind a rate.`,
      ],
      svg: curvesFigure({
        title: `${measureTitle(measure)}: rolling rate`,
        valueLabel: `First events per 100 person-days at risk, last ${window} days`,
        dayLabel: 'study day',
        days,
        isShare: false,
        isStep: false,
        series: armsOf(source).map(({ id, label }, place) => ({
          label,
          place: source.byArm ? place : undefined,
          points: rowsOf(raw)
            .filter(({ arm }) => arm === id)
            .map(({ day, person_days: atRisk, rate, lower, upper }) => {
              // What is not drawn is a gap: a line across it would say what nobody knows.
              const isDrawn = (number(atRisk) ?? 0) >= drawnDays;
              const [value, from, to] = isDrawn ? [rate, lower, upper].map(perHundred) : [];
              return { day: Number(day), value, lower: from, upper: to };
            }),
        })),
      }),
    },
  ];
}

const itemsOf = (source: ReportSource, measure: FirstEventMeasure): ReportItem[] => [
  curve(source, measure, 'survival'),
  curve(source, measure, 'incidence'),
  landmarkTable(source, measure),
];

const isRetention = (measure: Measure): measure is FirstEventMeasure => measure.kind === 'retention';
const isUse = (measure: Measure): measure is FirstEventMeasure => isFirstEventMeasure(measure) && !isRetention(measure);

/** First use, lapse and relapse: survival beside incidence, landmarks, rolling rates. */
export const relapse: Section = {
  id: 'relapse',
  title: 'First use, lapse and relapse',
  items(source) {
    const { measures, leftOut } = measuresFor(
      source,
      isUse,
      'the protocol declares no first event of use (kind first-use, lapse or relapse).',
    );
    return {
      items: measures.flatMap((measure) => [...itemsOf(source, measure), ...rollingRate(source, measure)]),
      leftOut,
    };
  },
};

export const retention: Section = {
  id: 'retention',
  title: 'Retention',
  items(source) {
    const { measures, leftOut } = measuresFor(
      source,
      isRetention,
      'the protocol declares no measure of retention; who left is in the flow of participants.',
    );
    return { items: measures.flatMap((measure) => itemsOf(source, measure)), leftOut };
  },
};
