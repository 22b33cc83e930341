import { type AbstinenceMeasure, isAbstinenceMeasure, type Protocol, windowsOf } from '@holdfast/events';
import { curvesFigure, dayTicks } from '@holdfast/figures';
import { basisOf, measureTitle } from '../basis.ts';
import { count, shareWithLimits } from '../in-words.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { bothSides, type Row, rowsOf, withoutSmallCells } from '../raw-rows.ts';
import { armsOf, measuresFor, type ReportSource, splitOf } from '../report-source.ts';
import {
  besideAllPolicies,
  choosePolicies,
  firstDayOf,
  type RateMeasure,
  rateColumns,
  rateRows,
} from '../rows/index.ts';
import { sideBySide } from '../side-by-side.ts';
import { declaredDays } from './declared-estimands.ts';
import type { Section } from './section.ts';

const mostDays = 8;

/** The days that tables show of a curve: those of the visits, or every four weeks; always the last one, and those of estimands. */
export function landmarkDays(protocol: Protocol, measure: RateMeasure, first: number): number[] {
  const { horizon } = measure;
  const { visits } = protocol;
  const days =
    visits.length === 0
      ? Array.from({ length: Math.floor(horizon / 28) }, (_, i) => 28 * (i + 1))
      : visits.map(({ day }) => day);
  const within = [...new Set([...days.filter((day) => day >= Math.max(1, first) && day < horizon), horizon])].sort(
    (a, b) => a - b,
  );
  const every = Math.ceil(within.length / mostDays);
  const declared = declaredDays(protocol, measure).filter((day) => day >= first);
  const shown = new Set([...within.filter((_, i) => (within.length - 1 - i) % every === 0), ...declared]);
  return [...shown].sort((a, b) => a - b);
}

export const number = (value: Row[string]): number | undefined => (typeof value === 'number' ? value : undefined);

/** What a row is of; everything else of it says something of participants. */
const keys = new Set(['trial', 'measure', 'window_days', 'missing', 'arm', 'site', 'group', 'axis', 'day', 'method']);

const windowInWords = (measure: AbstinenceMeasure, window: number) =>
  window === 0 ? `from day ${firstDayOf(measure, window)} on` : `in the last ${window} days`;

function rawRates(
  source: ReportSource,
  measure: AbstinenceMeasure,
  window: number,
  policies: readonly (string | undefined)[],
  days: ReadonlySet<number> | undefined,
): RawTable {
  const rows = rateRows(source.protocol, measure, source.tallies(measure.id), {
    ...{ by: splitOf(source), token: source.token, windows: [window], policies, axis: 'study', days, besideAll: true },
  });
  const raw = { columns: [...rateColumns, ...besideAllPolicies], rows };
  if (!source.hidesSmallCells) return raw;
  return withoutSmallCells(raw, {
    keys,
    counts: ({ abstinent, assessable, due }) => [due, assessable, ...bothSides(abstinent, assessable)],
    // Policies differ by those who are missing, who stand beside them.
    together: ({ arm, day }) => JSON.stringify([arm, day]),
  });
}

function curve(source: ReportSource, measure: AbstinenceMeasure, window: number): ReportItem {
  const raw = rawRates(source, measure, window, ['observed-only'], undefined);
  const rows = rowsOf(raw);
  const days = { from: firstDayOf(measure, window), to: measure.horizon };
  const ticks = new Set(dayTicks(days));
  const arms = armsOf(source);
  const of = (arm: string | undefined) => rows.filter((row) => row.arm === arm);
  return {
    ...{
      is: 'figure',
      id: `abstinence-curve-${measure.id}-${window}`,
      title: `${measureTitle(measure)}: rolling share abstinent`,
      raw,
    },
    basis: basisOf(
      measure,
      source,
      'share abstinent of those assessed (observed-only), Wilson 95 % interval of each day',
    ),
    notes: ['Intervals are pointwise: they say nothing about a curve watched day after day.'],
    svg: curvesFigure({
      title: `${measureTitle(measure)}, ${windowInWords(measure, window)}`,
      valueLabel: `Abstinent ${windowInWords(measure, window)}, of those assessed`,
      dayLabel: 'study day',
      days,
      isShare: true,
      isStep: false,
      series: arms.map(({ id, label }, place) => ({
        label,
        place: source.byArm ? place : undefined,
        points: of(id).map((row) => ({
          day: Number(row.day),
          value: number(row.rate),
          lower: number(row.lower),
          upper: number(row.upper),
        })),
      })),
      counts: {
        title: 'Assessed, and of those followed missing',
        rows: arms.map(({ id, label }) => ({
          label,
          counts: of(id)
            .filter(({ day }) => ticks.has(Number(day)))
            .map(({ day, assessable, missing_windows: missing }) => ({
              day: Number(day),
              text: `${count(assessable)}, ${count(missing)}`,
            })),
        })),
      },
    }),
  };
}

/** Rates on the landmark days under the given policies, the missing beside them. */
export function ratesTable(
  source: ReportSource,
  measure: AbstinenceMeasure,
  window: number,
  {
    id,
    title,
    policies,
    days,
  }: {
    readonly id: string;
    readonly title: string;
    readonly policies: readonly (string | undefined)[];
    readonly days: readonly number[];
  },
): ReportItem {
  const raw = rawRates(source, measure, window, policies, new Set(days));
  return {
    ...{ is: 'table', id, title, raw },
    basis: basisOf(measure, source, `share abstinent ${windowInWords(measure, window)}, Wilson 95 % interval`),
    notes: [
      'A cell: abstinent/counted, per cent (95 % interval); of those followed on the day how many have no judged window.',
      ...(source.hidesSmallCells ? ['Cells of fewer than 5 participants are not shown.'] : []),
    ],
    ...sideBySide(
      source,
      raw,
      [
        ['Day', ({ day }) => String(day)],
        ['Missing as', ({ missing }) => String(missing)],
      ],
      ({ abstinent, assessable, rate, lower, upper, missing_windows: missing }) =>
        abstinent === undefined
          ? '–'
          : `${abstinent}/${assessable}, ${shareWithLimits(rate, lower, upper)}; ${missing} missing`,
    ),
  };
}

/** Rolling abstinence: curves, and rates on the landmark days. */
export const abstinence: Section = {
  id: 'abstinence',
  title: 'Abstinence',
  items(source) {
    const { measures, leftOut } = measuresFor(
      source,
      isAbstinenceMeasure,
      'the protocol declares no abstinence (kind rolling-abstinence or continuous-abstinence).',
    );
    const items = measures.flatMap((measure) =>
      windowsOf(measure).flatMap((window): ReportItem[] => [
        curve(source, measure, window),
        ratesTable(source, measure, window, {
          id: `abstinence-rates-${measure.id}-${window}`,
          title: `${measureTitle(measure)}: ${windowInWords(measure, window)}, on the landmark days`,
          policies: choosePolicies(measure, undefined),
          days: landmarkDays(source.protocol, measure, firstDayOf(measure, window)),
        }),
      ]),
    );
    return { items, leftOut };
  },
};
