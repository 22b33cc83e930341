import { areaY, axisX, axisY, dot, gridY, line, link, type Markish, ruleY, text } from '@observablehq/plot';
import { apart } from './end-labels.ts';
import { seriesStyle } from './series-style.ts';
import { drawn, faint, fontSize, ink, textWidth, width } from './svg.ts';

/** A point of a curve; what is undefined cannot be estimated and leaves a gap. */
export type CurvePoint = {
  readonly day: number;
  readonly value: number | undefined;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
};

/** A curve; `place` is its arm's order in the protocol, undefined of all arms together. */
export type CurveSeries = {
  readonly label: string;
  readonly place: number | undefined;
  readonly points: readonly CurvePoint[];
};

/** Under a plot: how many are at risk (or assessed) on some days, a row a series. */
export type CountRow = {
  readonly label: string;
  readonly counts: readonly { readonly day: number; readonly text: string }[];
};

export type CurvesFigure = {
  readonly title: string;
  readonly valueLabel: string;
  readonly dayLabel: string;
  readonly days: { readonly from: number; readonly to: number };
  /** Values are shares, 0 … 1; else the axis ends where the curves do. */
  readonly isShare: boolean;
  /** Curves that jump on the day of an event, as Kaplan–Meier's. */
  readonly isStep: boolean;
  readonly series: readonly CurveSeries[];
  readonly counts?: { readonly title: string; readonly rows: readonly CountRow[] } | undefined;
};

const plotHeight = 250;
const [marginTop, axisHeight, rowHeight] = [26, 40, 15];

/** Ticks at whole weeks or months, some six of them. */
export function dayTicks({ from, to }: { readonly from: number; readonly to: number }): number[] {
  const steps = [1, 2, 7, 14, 28, 56, 84, 168, 336];
  const step = steps.find((one) => (to - from) / one <= 7.5) ?? 672;
  const first = Math.ceil(from / step) * step;
  const ticks: number[] = [];
  for (let day = first; day <= to; day += step) ticks.push(day);
  return ticks;
}

/** Where the axis ends: at the highest limit, but not so far up that wide intervals press all curves to the ground. */
function topOf(series: readonly CurveSeries[]): number {
  const points = series.flatMap((one) => one.points);
  const highest = Math.max(0, ...points.map(({ value = 0 }) => value));
  const limit = Math.max(0, ...points.map(({ upper = 0 }) => upper));
  return highest === 0 && limit === 0 ? 1 : highest === 0 ? limit : Math.min(limit, 2 * highest) || highest;
}

/** Curves by study day with their pointwise bands, each named at its end; under them the counts that they stand on. */
export function curvesFigure(figure: CurvesFigure): string {
  const { title, days, series, counts, isShare, isStep } = figure;
  const top = isShare ? 1 : topOf(series);
  const isCut = series.some(({ points }) => points.some(({ upper = 0 }) => upper > top));
  const names = series.map(({ label }) => textWidth(label));
  const marginRight = Math.min(220, Math.max(20, ...names) + 34);
  const rows = counts?.rows ?? [];
  const marginLeft = Math.max(48, ...rows.map(({ label }) => textWidth(label) + 28));
  const marginBottom = axisHeight + (rows.length === 0 ? 0 : rowHeight * (rows.length + 1) + 10);
  const height = marginTop + plotHeight + marginBottom;
  const perPixel = top / plotHeight;
  const curve = isStep ? ('step-after' as const) : ('linear' as const);

  const ends = series.flatMap((one) => {
    const last = one.points.findLast(({ value }) => value !== undefined);
    return last?.value === undefined ? [] : [{ ...one, day: last.day, wanted: last.value }];
  });
  const labels = apart(ends, { gap: 14 * perPixel, from: 0, to: top });
  const dayPerPixel = (days.to - days.from) / (width - marginLeft - marginRight);
  const labelDay = days.to + 22 * dayPerPixel;

  const marks: Markish[] = [
    gridY({ ticks: 5, stroke: '#dddddd', strokeOpacity: 1 }),
    axisX({ ticks: dayTicks(days), label: null, anchor: 'bottom', tickSize: 4 }),
    axisY({
      ticks: 5,
      label: null,
      tickSize: 0,
      ...(isShare ? { tickFormat: (share: number) => `${Math.round(share * 100)} %` } : {}),
    }),
    ruleY([0], { stroke: ink }),
    text([figure.valueLabel], {
      frameAnchor: 'top-left',
      dx: -marginLeft + 6,
      dy: -20,
      textAnchor: 'start',
      fontWeight: 600,
    }),
    // The highest limit may lie far up (`topOf`): that a band goes on above is said.
    text(isCut ? ['bands go on above'] : [], { frameAnchor: 'top-right', dy: -20, textAnchor: 'end', fill: faint }),
    text([figure.dayLabel], { frameAnchor: 'bottom', dy: 32 }),
  ];
  const inFrame = (limit: number) => Math.max(0, Math.min(top, limit));
  for (const { place, points } of series) {
    const { colour } = seriesStyle(place);
    const band = points.map((point) => ({
      ...point,
      lower: inFrame(point.lower ?? Number.NaN),
      upper: inFrame(point.upper ?? Number.NaN),
    }));
    marks.push(areaY(band, { x: 'day', y1: 'lower', y2: 'upper', fill: colour, fillOpacity: 0.13, curve }));
  }
  for (const { place, points } of series) {
    const { colour, dash } = seriesStyle(place);
    const known = points.map((point) => ({ ...point, value: point.value ?? Number.NaN }));
    marks.push(line(known, { x: 'day', y: 'value', stroke: colour, strokeDasharray: dash, strokeWidth: 2, curve }));
  }
  for (const { label, place, day, wanted, at } of labels) {
    const { colour, dash } = seriesStyle(place);
    // Beyond its last day nothing of a curve is known, and no line may look as if it were.
    if (day < days.to) marks.push(dot([{ day, wanted }], { x: 'day', y: 'wanted', r: 3, fill: colour }));
    marks.push(
      link([{ x1: days.to, x2: labelDay, y1: wanted, y2: at }], {
        x1: 'x1',
        x2: 'x2',
        y1: 'y1',
        y2: 'y2',
        stroke: colour,
        strokeDasharray: dash,
        strokeWidth: 1.2,
      }),
      text([{ x: labelDay, y: at }], { x: 'x', y: 'y', text: () => label, textAnchor: 'start', dx: 4 }),
    );
  }
  if (counts !== undefined && rows.length > 0) {
    const down = (row: number) => axisHeight + 12 + rowHeight * row;
    marks.push(
      text([counts.title], {
        frameAnchor: 'bottom-left',
        dx: -marginLeft + 6,
        dy: down(0),
        textAnchor: 'start',
        fontWeight: 600,
      }),
    );
    for (const [i, row] of rows.entries()) {
      marks.push(
        text([row.label], { frameAnchor: 'bottom-left', dx: -18, dy: down(i + 1), textAnchor: 'end' }),
        text(row.counts, {
          x: 'day',
          frameAnchor: 'bottom',
          dy: down(i + 1),
          text: 'text',
        }),
      );
    }
  }
  return drawn(title, {
    height,
    marginTop,
    marginLeft,
    marginRight,
    marginBottom,
    style: { fontSize: `${fontSize}px`, color: ink },
    x: { domain: [days.from, days.to], clamp: false },
    y: { domain: [0, top] },
    marks: [...marks, ruleY([top], { stroke: faint, strokeOpacity: 0 })],
  });
}
