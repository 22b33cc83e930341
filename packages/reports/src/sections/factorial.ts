import { isAbstinenceMeasure, isValueMeasure, type Measure } from '@holdfast/events';
import { basisOf, measureTitle } from '../basis.ts';
import { count, pointsWithLimits, shareWithLimits, withLimits } from '../in-words.ts';
import type { ReportItem } from '../model.ts';
import { bothSides, type Row, rowsOf, withoutSmallCells } from '../raw-rows.ts';
import { type ReportSource, shownMeasures, whyNot } from '../report-source.ts';
import { contrastColumns, contrastRows, twoFactors } from '../rows/index.ts';
import { notComparable } from './by-site.ts';
import type { Section } from './section.ts';

const compared = ['days-of-use', 'no-heavy-days', 'amount', 'risk-level'];
const isCompared = (measure: Measure): measure is Measure =>
  isAbstinenceMeasure(measure) || (isValueMeasure(measure) && compared.includes(measure.kind));

const numbers = ['value', 'lower', 'upper', 'n'];
const keys = new Set<string>(contrastColumns.filter((column) => !numbers.includes(column)));

/** Whom a cell or margin counts; of a share also those who have it, and those who have not. */
const countsOf = (row: Row) => {
  const { n, value } = row;
  const isShare = isLevel(row) && isOfShares(row) && typeof n === 'number' && typeof value === 'number';
  return [n, ...(isShare ? bothSides(Math.round(n * value), n) : [])];
};

/** Cells, margins and effects of one thing: any cell is what the others leave of a margin or an effect. */
const ofOne = ({ kind, item, window_days: window, missing, day }: Row) =>
  JSON.stringify([kind, item, window, missing, day]);

/** What a row contrasts, in words. */
function contrastInWords({ contrast, factor, level, reference, given }: Row): string {
  switch (contrast) {
    case 'cell':
      return `Cell: ${given}`;
    case 'margin':
      return `Margin: ${factor}=${level}`;
    case 'simple':
      return `Simple effect of ${factor} (${level} less ${reference}), ${given}`;
    case 'main':
      return `Main effect of ${factor} (${level} less ${reference})`;
    default:
      return `Interaction ${factor}`;
  }
}

const isLevel = ({ contrast }: Row) => contrast === 'cell' || contrast === 'margin';
const isOfShares = ({ method }: Row) => ['wilson', 'newcombe', 'mover'].includes(String(method));

function numbersOf(row: Row): string {
  const { value, lower, upper } = row;
  if (!isOfShares(row)) return withLimits(value, lower, upper, 3);
  return isLevel(row) ? shareWithLimits(value, lower, upper) : pointsWithLimits(value, lower, upper);
}

function table(source: ReportSource, measure: Measure): ReportItem {
  const asked = isAbstinenceMeasure(measure) ? { day: String(measure.horizon) } : {};
  const rows = contrastRows(source.protocol, measure, source.tallies(measure.id), {
    ...asked,
    by: new Set(),
    token: source.token,
  });
  const whole = { columns: contrastColumns, rows };
  const raw = source.hidesSmallCells ? withoutSmallCells(whole, { counts: countsOf, keys, together: ofOne }) : whole;
  const whatOf = ({ kind, item, window_days: window, missing, day }: Row) =>
    [
      kind,
      item,
      window === undefined ? undefined : `${window} days`,
      day === undefined ? undefined : `day ${day}`,
      missing,
    ]
      .filter((part) => part !== undefined && part !== '')
      .join(', ');
  return {
    ...{ is: 'table', id: `factorial-${measure.id}`, title: measureTitle(measure), raw },
    basis: basisOf(
      measure,
      source,
      'cells and margins: Wilson or Student; simple effects: Newcombe or Welch; main effects and interaction: MOVER or Wald, 95 % intervals',
    ),
    notes: [
      'Of shares in per cent and percentage points, of means in their unit. To see an interaction half as large as a main effect takes sixteen times the participants: read “none” with its interval.',
    ],
    head: ['Of', 'Contrast', 'Value (95 % interval)', 'n'],
    body: rowsOf(raw).map((row) => [whatOf(row), contrastInWords(row), numbersOf(row), count(row.n)]),
    labels: 2,
  };
}

/** Cells, margins and effects of a 2 × 2 trial. */
export const factorial: Section = {
  id: 'factorial',
  title: 'Factorial margins, cells and effects',
  items(source) {
    try {
      twoFactors(source.protocol);
    } catch (error) {
      return { items: [], leftOut: [notComparable(error)] };
    }
    return {
      items: shownMeasures(source, isCompared).map((measure) => table(source, measure)),
      leftOut: whyNot(source, isCompared),
    };
  },
};
