import { type AbstinenceMeasure, isAbstinenceMeasure, windowsOf } from '@holdfast/events';
import { forestSheets } from '@holdfast/figures';
import { basisOf, measureTitle } from '../basis.ts';
import { count, decimal, pointsWithLimits, shareWithLimits } from '../in-words.ts';
import type { ReportItem } from '../model.ts';
import { bothSides, type Row, rowsOf, rowsWhere, withoutSmallCells } from '../raw-rows.ts';
import { measuresFor, type ReportSource } from '../report-source.ts';
import {
  QuestionRefused,
  rateColumns,
  rateRows,
  tippingColumns,
  tippingKeys,
  tippingRows,
  twoFactors,
  type Value,
} from '../rows/index.ts';
import { number } from './abstinence.ts';
import type { Section } from './section.ts';

/** What a comparison splits by besides sites: the factors of a 2 × 2 trial, else the arms. */
export function comparisons({ protocol }: ReportSource): readonly string[] {
  try {
    return twoFactors(protocol).map(({ name }) => name);
  } catch (error) {
    if (error instanceof QuestionRefused) return ['arm'];
    throw error;
  }
}

/** How many were abstinent of those observed, of an arm or a level of a factor, at a site or at all. */
function countsBy(source: ReportSource, measure: AbstinenceMeasure, window: number, split: string) {
  const counts = new Map<string, Row>();
  for (const by of [new Set([split]), new Set([split, 'site'])]) {
    const rows = rateRows(source.protocol, measure, source.tallies(measure.id), {
      ...{
        by,
        token: source.token,
        windows: [window],
        policies: ['observed-only'],
        axis: 'study',
        days: new Set([measure.horizon]),
      },
      besideAll: false,
    });
    for (const row of rowsOf({ columns: rateColumns, rows }))
      counts.set(JSON.stringify([row.arm ?? row.group, row.site ?? null]), row);
  }
  return (of: Value, site: Value) => counts.get(JSON.stringify([of, site ?? null]));
}

const inCounts = (row: Row | undefined) => `${count(row?.abstinent)}/${count(row?.assessable)}`;

function forests(source: ReportSource, measure: AbstinenceMeasure, window: number, split: string): ReportItem[] {
  const asked = { token: source.token, windows: [window], axis: 'study', days: new Set([measure.horizon]) } as const;
  const rows = [new Set([split, 'site']), new Set([split])].flatMap((by) =>
    tippingRows(source.protocol, measure, source.tallies(measure.id), { ...asked, by }),
  );
  const raw = { columns: tippingColumns, rows };
  const countsOf = countsBy(source, measure, window, split);
  const pairs = new Map(rowsOf(raw).map((row) => [`${row.arm}\t${row.control}`, row]));
  return [...pairs.values()].map(({ arm, control }, i): ReportItem => {
    const ofPair = rowsWhere(raw, (row) => row.arm === arm && row.control === control);
    // The place comes too: what tells two arms apart may be nothing that a file's name has.
    const slug = `${arm}-${i + 1}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const [svg, ...moreSheets] = forestSheets({
      title: `${measureTitle(measure)} by site`,
      labelHeading: 'Site',
      countsHeading: 'Abstinent of observed',
      valueHeading: 'Difference, points',
      sides: [`more with ${control}`, `more with ${arm}`],
      axisLabel: `difference on day ${measure.horizon}, percentage points`,
      rows: rowsOf(ofPair).map((row) => {
        const [here, there] = [countsOf(arm, row.site), countsOf(control, row.site)];
        return {
          label: row.site === undefined ? 'All sites' : String(row.site),
          counts: `${inCounts(here)} against ${inCounts(there)}`,
          n: (number(here?.assessable) ?? 0) + (number(there?.assessable) ?? 0),
          value: number(row.difference),
          lower: number(row.lower),
          upper: number(row.upper),
          words: pointsWithLimits(row.difference, row.lower, row.upper),
          isWhole: row.site === undefined,
        };
      }),
    });
    return {
      ...{
        is: 'figure',
        id: `by-site-${measure.id}-${window}-${slug}`,
        title: `${measureTitle(measure)}: ${arm} against ${control}, by site`,
      },
      raw: ofPair,
      basis: basisOf(
        measure,
        source,
        `difference of shares abstinent on day ${measure.horizon} of those observed, Newcombe 95 % interval`,
      ),
      notes: [
        'Sites are shown as they are; nothing is adjusted for looking at several.',
        ...(moreSheets.length === 0 ? [] : [`Drawn in ${moreSheets.length + 1} parts, all sites together below each.`]),
      ],
      ...{ svg, moreSheets },
    };
  });
}

/** What a report says where a trial has nothing to compare. */
export function notComparable(error: unknown): string {
  if (error instanceof QuestionRefused) return `Left out: ${error.message}.`;
  throw error;
}

/** Forest plots of abstinence by site. */
export const bySite: Section = {
  id: 'by-site',
  title: 'Differences by site',
  items(source) {
    if (source.hidesSmallCells)
      return { items: [], leftOut: ['Not shown in a rehearsal: of an arm at a site there are few participants.'] };
    const { measures, leftOut } = measuresFor(source, isAbstinenceMeasure, 'the protocol declares no abstinence.');
    try {
      const items = measures.flatMap((measure) =>
        windowsOf(measure).flatMap((window) =>
          comparisons(source).flatMap((split) => forests(source, measure, window, split)),
        ),
      );
      return { items, leftOut };
    } catch (error) {
      return { items: [], leftOut: [...leftOut, notComparable(error)] };
    }
  },
};

/** How many of the missing could undo a lead. */
export function tippingTable(
  source: ReportSource,
  measure: AbstinenceMeasure,
  window: number,
  split: string,
): ReportItem {
  const rows = tippingRows(source.protocol, measure, source.tallies(measure.id), {
    ...{
      token: source.token,
      windows: [window],
      axis: 'study',
      days: new Set([measure.horizon]),
      by: new Set([split]),
    },
  });
  const whole = { columns: tippingColumns, rows };
  const countsOf = countsBy(source, measure, window, split);
  const raw = source.hidesSmallCells
    ? withoutSmallCells(whole, {
        keys: new Set([...tippingKeys, 'method']),
        counts: ({ arm, control }) =>
          [arm, control].flatMap((of) => {
            const { abstinent, assessable } = countsOf(of, undefined) ?? {};
            return [assessable, ...bothSides(abstinent, assessable)];
          }),
      })
    : whole;
  return {
    ...{
      is: 'table',
      id: `tipping-${measure.id}-${window}-${split}`,
      title: `${measureTitle(measure)}: differences, and how many of the missing could undo them`,
      raw,
    },
    basis: basisOf(
      measure,
      source,
      `difference on day ${measure.horizon} of those observed, Newcombe 95 % interval; tipping count`,
    ),
    notes: [
      'Tipping count: the smallest number of missing participants of whichever is ahead who must have used for it to be ahead no longer, all other missing participants abstinent; –: its lead stands even if all of them used, or neither is ahead.',
    ],
    head: ['Compared', 'Share', 'Of the control', 'Difference, points', 'Missing', 'Tipping count'],
    body: rowsOf(raw).map((row) => [
      `${row.arm} against ${row.control}`,
      shareWithLimits(row.rate, undefined, undefined),
      shareWithLimits(row.control_rate, undefined, undefined),
      pointsWithLimits(row.difference, row.lower, row.upper),
      `${count(row.missing)} and ${count(row.control_missing)}`,
      decimal(row.tipping, 0),
    ]),
    labels: 1,
  };
}
