import { axisX, dot, gridX, link, type Markish, ruleX, text } from '@observablehq/plot';
import { inSheets, type Sheets } from './sheets.ts';
import { drawn, fontSize, ink, textWidth } from './svg.ts';

/** A row of a forest plot: a site, or all of them; what is undefined could not be estimated. */
export type ForestRow = {
  readonly label: string;
  /** Participants that it stands on, in words: `12/30 against 9/28`. */
  readonly counts: string;
  readonly n: number;
  readonly value: number | undefined;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  /** The estimate in words, as the table beside it has it. */
  readonly words: string;
  readonly isWhole: boolean;
};

export type ForestFigure = {
  readonly title: string;
  readonly labelHeading: string;
  readonly countsHeading: string;
  readonly valueHeading: string;
  /** What lies on either side of no difference. */
  readonly sides: readonly [below: string, above: string];
  readonly axisLabel: string;
  readonly rows: readonly ForestRow[];
};

const rowHeight = 18;

/** With more sites than this a figure is not read well on a page any more. */
const mostSites = 32;

/** Estimates with intervals, a row a site, below them the whole trial on every sheet; the area of a mark follows its participants. */
export function forestSheets(figure: ForestFigure): Sheets {
  const whole = figure.rows.filter(({ isWhole }) => isWhole);
  const sites = figure.rows.filter(({ isWhole }) => !isWhole);
  return inSheets(sites, mostSites, (some, which) => sheetOf(figure, [...some, ...whole], which));
}

/** Some rows of a figure, on the scales of all of them. */
function sheetOf(
  { title, labelHeading, countsHeading, valueHeading, sides, axisLabel, rows }: ForestFigure,
  some: readonly ForestRow[],
  which: string,
): string {
  const widest = (heading: string, of: (row: ForestRow) => string) =>
    Math.max(textWidth(heading), ...rows.map((row) => textWidth(of(row))));
  const labelWidth = widest(labelHeading, ({ label }) => label);
  const countsWidth = widest(countsHeading, ({ counts }) => counts);
  const marginLeft = labelWidth + countsWidth + 36;
  const marginRight = widest(valueHeading, ({ words }) => words) + 16;
  const reach = Math.max(
    0.1,
    ...rows.flatMap(({ value, lower, upper }) => [value, lower, upper].map((part) => Math.abs(part ?? 0))),
  );
  const limit = Math.min(1, Math.ceil(reach * 10 + 0.5) / 10);
  const most = Math.max(1, ...rows.filter(({ isWhole }) => !isWhole).map(({ n }) => n));
  const placed = some.map((row, i) => ({ ...row, y: i + (row.isWhole ? 0.35 : 0) }));
  const plotHeight = rowHeight * (some.length + 0.8);
  const known = placed.filter(({ value }) => value !== undefined);
  const limited = known.filter(({ lower, upper }) => lower !== undefined && upper !== undefined);
  const column = (
    of: (row: ForestRow) => string,
    heading: string,
    dx: number,
    side: 'left' | 'right',
    anchor: 'start' | 'end',
  ): Markish[] => [
    text(placed, { y: 'y', frameAnchor: side, dx, textAnchor: anchor, text: of, fontWeight: 400 }),
    text([heading], { frameAnchor: `top-${side}`, dx, dy: -16, textAnchor: anchor, fontWeight: 600 }),
  ];
  return drawn(`${title}${which}`, {
    height: Math.ceil(30 + plotHeight + 54),
    marginTop: 30,
    marginLeft,
    marginRight,
    marginBottom: 54,
    style: { fontSize: `${fontSize}px`, color: ink },
    x: { domain: [-limit, limit] },
    y: { domain: [some.length - 0.2, -0.7], axis: null },
    marks: [
      gridX({ ticks: 5, stroke: '#dddddd', strokeOpacity: 1 }),
      axisX({ ticks: 5, label: null, anchor: 'bottom', tickSize: 4, tickFormat: (share: number) => points(share) }),
      ruleX([0], { stroke: ink }),
      link(limited, { x1: 'lower', x2: 'upper', y1: 'y', y2: 'y', stroke: ink, strokeWidth: 1.3 }),
      dot(known, {
        x: 'value',
        y: 'y',
        r: ({ n, isWhole }: ForestRow) => (isWhole ? 5.5 : Math.max(1.5, 5 * Math.sqrt(n / most))),
        symbol: ({ isWhole }: ForestRow) => (isWhole ? 'diamond' : 'square'),
        fill: ({ isWhole }: ForestRow) => (isWhole ? '#D55E00' : '#0072B2'),
      }),
      ...column(({ label }) => label, labelHeading, -marginLeft + 6, 'left', 'start'),
      ...column(({ counts }) => counts, countsHeading, -14, 'left', 'end'),
      ...column(({ words }) => words, valueHeading, marginRight - 6, 'right', 'end'),
      text([`◂ ${sides[0]}`], { x: () => 0, frameAnchor: 'bottom', dy: 34, dx: -10, textAnchor: 'end' }),
      text([`${sides[1]} ▸`], { x: () => 0, frameAnchor: 'bottom', dy: 34, dx: 10, textAnchor: 'start' }),
      text([axisLabel], { frameAnchor: 'bottom', dy: 48 }),
    ],
    symbol: { type: 'identity' },
    r: { type: 'identity' },
    color: { type: 'identity' },
  });
}

/** A difference of shares in percentage points, with its sign. */
function points(share: number): string {
  const whole = Math.round(share * 100);
  return whole > 0 ? `+${whole}` : whole < 0 ? `−${-whole}` : '0';
}
