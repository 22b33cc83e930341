import {
  type Difference,
  type FourCells,
  factorialEffects,
  meanDifference,
  type Proportion,
  riskDifference,
  type Valued,
} from '@holdfast/statistics';
import { valueSummary } from './value-summary.ts';

/** What one arm of a 2 × 2 trial shows: a proportion of its participants, or how their values are distributed. */
export type FactorialCell = Proportion | { readonly valued: readonly Valued[] };

/** A number with its 95 % interval, how that was made, and how many participants it stands on. */
export type Contrast = {
  readonly n: number;
  readonly value: number | undefined;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  readonly method: 'wilson' | 't' | 'newcombe' | 'welch' | 'mover' | 'wald';
};

/** The effects of one factor: given neither or given the other one's level, and averaged over both. */
export type FactorContrasts = { readonly without: Contrast; readonly with: Contrast; readonly main: Contrast };

/** Cells, margins (a factor's level, whatever the other one's is) and effects of a 2 × 2 trial. */
export type FactorialContrasts = {
  readonly cells: FourCells<Contrast>;
  readonly margins: {
    readonly first: { readonly without: Contrast; readonly with: Contrast };
    readonly second: { readonly without: Contrast; readonly with: Contrast };
  };
  readonly first: FactorContrasts;
  readonly second: FactorContrasts;
  readonly interaction: Contrast;
};

const sizeOf = (cell: FactorialCell): number =>
  'n' in cell ? cell.n : cell.valued.reduce((sum, { count }) => sum + count, 0);

/** The participants of both cells taken together. */
function pooled(a: FactorialCell, b: FactorialCell): FactorialCell {
  if ('n' in a && 'n' in b) return { events: a.events + b.events, n: a.n + b.n };
  if ('n' in a || 'n' in b) throw new RangeError('a proportion and values cannot be taken together');
  return { valued: [...a.valued, ...b.valued] };
}

/** What one cell, or several taken together, comes to: a proportion with Wilson's interval, or a mean with Student's. */
export function levelOf(cell: FactorialCell): Contrast {
  const valued =
    'n' in cell
      ? [
          { value: 1, of: 1, count: cell.events },
          { value: 0, of: 1, count: cell.n - cell.events },
        ]
      : cell.valued;
  const { n, mean, lower, upper, method } = valueSummary(valued, 'n' in cell);
  return { n, value: mean, lower, upper, method };
}

/** One cell less another: Newcombe's difference of proportions, or Welch's of means. */
export function simpleEffect(of: FactorialCell, than: FactorialCell): Contrast {
  const n = sizeOf(of) + sizeOf(than);
  if ('n' in of && 'n' in than) return { n, ...shown(riskDifference(of, than)), method: 'newcombe' };
  if ('n' in of || 'n' in than) throw new RangeError('a proportion cannot be compared with values');
  return { n, ...shown(meanDifference(of.valued, than.valued)), method: 'welch' };
}

function shown(effect: Difference | undefined): Pick<Contrast, 'value' | 'lower' | 'upper'> {
  return { value: effect?.difference, lower: effect?.lower, upper: effect?.upper };
}

function effectsOf({ neither, onlyFirst, onlySecond, both }: FourCells<FactorialCell>) {
  const proportion = (cell: FactorialCell): Proportion => {
    if ('n' in cell) return cell;
    throw new RangeError('all four cells must be proportions, or all four values');
  };
  const moments = (cell: FactorialCell) => {
    if ('n' in cell) throw new RangeError('all four cells must be proportions, or all four values');
    return valueSummary(cell.valued, false);
  };
  const four = <T>(of: (cell: FactorialCell) => T): FourCells<T> => ({
    neither: of(neither),
    onlyFirst: of(onlyFirst),
    onlySecond: of(onlySecond),
    both: of(both),
  });
  return 'n' in neither ? factorialEffects(four(proportion)) : factorialEffects(four(moments));
}

/**
 * What the cells, margins and effects of a 2 × 2 trial come to. Cells and margins have the interval of a proportion (Wilson, 1927) or
 * of a mean (Student, 1908); a margin takes its two cells together, participant by participant. A simple effect compares two cells
 * (Newcombe, 1998; Welch, 1947). A main effect is the average of a factor's two simple effects, each weighing the same whatever
 * the sizes of the cells; the interaction is by how much a simple effect is greater with the other factor than without (Dasgupta, Pillai
 * and Rubin, 2015; Montgomery, Peters and Little, 2003). Of proportions both have limits put together from those of the cells, as a simple
 * effect has (MOVER: Zou, Huang and Zhang, 2009), of means Wald's. What needs a cell without anybody is undefined.
 *
 * @throws RangeError unless all four cells are proportions, or all four values
 */
export function factorialContrasts(cells: FourCells<FactorialCell>): FactorialContrasts {
  const { neither, onlyFirst, onlySecond, both } = cells;
  const effects = effectsOf(cells);
  const n = [neither, onlyFirst, onlySecond, both].reduce((sum, cell) => sum + sizeOf(cell), 0);
  const method = 'n' in neither ? 'mover' : 'wald';
  const ofAll = (effect: Difference | undefined): Contrast => ({ n, ...shown(effect), method });
  return {
    cells: {
      neither: levelOf(neither),
      onlyFirst: levelOf(onlyFirst),
      onlySecond: levelOf(onlySecond),
      both: levelOf(both),
    },
    margins: {
      first: { without: levelOf(pooled(neither, onlySecond)), with: levelOf(pooled(onlyFirst, both)) },
      second: { without: levelOf(pooled(neither, onlyFirst)), with: levelOf(pooled(onlySecond, both)) },
    },
    first: {
      without: simpleEffect(onlyFirst, neither),
      with: simpleEffect(both, onlySecond),
      main: ofAll(effects.first.main),
    },
    second: {
      without: simpleEffect(onlySecond, neither),
      with: simpleEffect(both, onlyFirst),
      main: ofAll(effects.second.main),
    },
    interaction: ofAll(effects.interaction),
  };
}
