import { assertCount, type Difference, type Proportion, twoSidedZ } from './interval.ts';
import { mover } from './mover.ts';
import { wilson } from './wilson.ts';

/** What a mean stands on: `n` participants, their mean and standard deviation (with n − 1); of a `Summary` or of published numbers. */
export type Moments = { readonly n: number; readonly mean: number | undefined; readonly sd: number | undefined };

/** The four cells of a 2 × 2 trial, named for which of its two factors they received. */
export type FourCells<Cell> = {
  readonly neither: Cell;
  readonly onlyFirst: Cell;
  readonly onlySecond: Cell;
  readonly both: Cell;
};

/** Differences of proportions, or of means in their unit; `undefined` where a cell that it needs has nobody. */
export type FactorialEffects = {
  readonly first: {
    readonly withoutSecond: Difference | undefined;
    readonly withSecond: Difference | undefined;
    readonly main: Difference | undefined;
  };
  readonly second: {
    readonly withoutFirst: Difference | undefined;
    readonly withFirst: Difference | undefined;
    readonly main: Difference | undefined;
  };
  readonly interaction: Difference | undefined;
};

/**
 * What each factor of a 2 × 2 trial does, free of a model. A simple effect compares two cells that differ in one factor; a main
 * effect is the average of a factor's two simple effects, each weighing the same; the interaction is by how much the simple effect
 * of one factor is greater with the other factor than without it, and is the same for both.
 *
 * The interaction stands on the four cells of the main effects, undivided: its interval is twice as wide as theirs, and a trial sized
 * for a main effect says little of it.
 *
 * Limits of proportions are put together from the Wilson limits of the cells (`mover`; of a simple effect they are Newcombe's): they have
 * a width also where nobody or everybody of a cell is abstinent, and never leave −1 … 1 (of the interaction −2 … 2). Those of means are
 * Wald's, from sd²/n of each cell; there are none if a standard deviation is unknown or 0: it would count as if its mean were
 * known for certain.
 *
 * Sources: Dasgupta T., Pillai N. S., Rubin D. B. (2015), Causal inference from 2^K factorial designs by using potential outcomes,
 * Journal of the Royal Statistical Society B 77, 727–753; Montgomery A. A., Peters T. J., Little P. (2003), Design, analysis and
 * presentation of factorial randomised controlled trials, BMC Medical Research Methodology 3, 26; of the limits of proportions
 * Zou G. Y., Huang W., Zhang X. (2009), Computational Statistics & Data Analysis 53, 1080–1085.
 *
 * @param cells proportions ({events, n}) or means ({n, mean, sd}), all four of one kind
 * @param confidence of the two-sided intervals: above 0, at most 1 − 10⁻⁹
 * @throws RangeError if an argument is out of range
 */
export function factorialEffects(
  cells: FourCells<Proportion> | FourCells<Moments>,
  confidence = 0.95,
): FactorialEffects {
  const effect = effectBy(cells, confidence);
  return {
    first: {
      withoutSecond: effect(-1, 1, 0, 0),
      withSecond: effect(0, 0, -1, 1),
      main: effect(-0.5, 0.5, -0.5, 0.5),
    },
    second: {
      withoutFirst: effect(-1, 0, 1, 0),
      withFirst: effect(0, -1, 0, 1),
      main: effect(-0.5, -0.5, 0.5, 0.5),
    },
    interaction: effect(1, -1, -1, 1),
  };
}

type Weights = [neither: number, onlyFirst: number, onlySecond: number, both: number];
type Weighted<Cell> = readonly (readonly [weight: number, of: Cell])[];

/** An effect by the weights of its cells. */
function effectBy(
  cells: FourCells<Proportion> | FourCells<Moments>,
  confidence: number,
): (...weights: Weights) => Difference | undefined {
  const z = twoSidedZ(confidence);
  if (isOfProportions(cells)) {
    const rates = inOrder(cells).map(({ events, n }) => wilson(events, n, confidence));
    return (...weights) => {
      const needed = neededOf(rates, weights);
      return needed && mover(needed);
    };
  }
  const estimates = inOrder(cells).map(estimateOf);
  return (...weights) => {
    const needed = neededOf(estimates, weights);
    return needed && wald(needed, z);
  };
}

function isOfProportions(cells: FourCells<Proportion> | FourCells<Moments>): cells is FourCells<Proportion> {
  return 'events' in cells.neither;
}

function inOrder<Cell>({ neither, onlyFirst, onlySecond, both }: FourCells<Cell>): Cell[] {
  return [neither, onlyFirst, onlySecond, both];
}

/** The cells that have a weight; `undefined` if one of them has nobody. */
function neededOf<Cell>(cells: readonly (Cell | undefined)[], weights: Weights): Weighted<Cell> | undefined {
  const needed: [number, Cell][] = [];
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    const cell = cells[i];
    if (cell === undefined) return undefined;
    needed.push([weight, cell]);
  }
  return needed;
}

type Estimate = { readonly value: number; readonly variance: number };

function estimateOf({ n, mean, sd }: Moments): Estimate | undefined {
  assertCount('n', n);
  if (mean !== undefined && !Number.isFinite(mean)) throw new RangeError(`mean must be finite, but is ${mean}`);
  if (sd !== undefined && !(Number.isFinite(sd) && sd >= 0)) {
    throw new RangeError(`sd must be finite and not negative, but is ${sd}`);
  }
  if (n === 0 || mean === undefined) return undefined;
  return { value: mean, variance: sd === undefined ? Number.NaN : (sd * sd) / n };
}

function wald(parts: Weighted<Estimate>, z: number): Difference {
  const difference = parts.reduce((sum, [weight, { value }]) => sum + weight * value, 0);
  if (!parts.every(([, { variance }]) => variance > 0)) return { difference, lower: undefined, upper: undefined };
  const margin = z * Math.sqrt(parts.reduce((sum, [weight, { variance }]) => sum + weight * weight * variance, 0));
  return { difference, lower: difference - margin, upper: difference + margin };
}
