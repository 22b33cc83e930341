import { assertCount, assertProportion, type Difference, type Proportion, twoSidedZ } from './interval.ts';

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
 * Wald intervals from the variance of each cell: p(1 − p)/n of a proportion, sd²/n of a mean. The interaction stands on the four
 * cells of the main effects, undivided: its standard error is twice theirs, and a trial sized for a main effect says little of it.
 * Wald limits of a few participants or of proportions near 0 or 1 are too narrow (and may leave −1 … 1); `riskDifference` has
 * better ones of a simple effect. There are no limits if the standard deviation of a cell is unknown, or a cell has no
 * variance at all, as where nobody or everybody of it is abstinent: it would count as if it were known for certain.
 *
 * Sources: Dasgupta T., Pillai N. S., Rubin D. B. (2015), Causal inference from 2^K factorial designs by using potential outcomes,
 * Journal of the Royal Statistical Society B 77, 727–753; Montgomery A. A., Peters T. J., Little P. (2003), Design, analysis and
 * presentation of factorial randomised controlled trials, BMC Medical Research Methodology 3, 26.
 *
 * @param cells proportions ({events, n}) or means ({n, mean, sd}), all four of one kind
 * @param confidence of the two-sided intervals: above 0, at most 1 − 10⁻⁹
 * @throws RangeError if an argument is out of range
 */
export function factorialEffects(
  cells: FourCells<Proportion> | FourCells<Moments>,
  confidence = 0.95,
): FactorialEffects {
  const z = twoSidedZ(confidence);
  const { neither, onlyFirst, onlySecond, both } = cells;
  const estimates = [neither, onlyFirst, onlySecond, both].map(estimateOf);
  const effect = (...weights: Weights) => contrast(estimates, weights, z);
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

type Estimate = { readonly value: number; readonly variance: number };

function estimateOf(cell: Proportion | Moments): Estimate | undefined {
  if ('events' in cell) {
    assertProportion(cell);
    const p = cell.events / cell.n;
    return cell.n === 0 ? undefined : { value: p, variance: (p * (1 - p)) / cell.n };
  }
  const { n, mean, sd } = cell;
  assertCount('n', n);
  if (mean !== undefined && !Number.isFinite(mean)) throw new RangeError(`mean must be finite, but is ${mean}`);
  if (sd !== undefined && !(Number.isFinite(sd) && sd >= 0)) {
    throw new RangeError(`sd must be finite and not negative, but is ${sd}`);
  }
  if (n === 0 || mean === undefined) return undefined;
  return { value: mean, variance: sd === undefined ? Number.NaN : (sd * sd) / n };
}

function contrast(estimates: readonly (Estimate | undefined)[], weights: Weights, z: number): Difference | undefined {
  let [difference, variance] = [0, 0];
  let isVaried = true;
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    const estimate = estimates[i];
    if (estimate === undefined) return undefined;
    difference += weight * estimate.value;
    variance += weight * weight * estimate.variance;
    if (!(estimate.variance > 0)) isVaried = false;
  }
  if (!isVaried) return { difference, lower: undefined, upper: undefined };
  const margin = z * Math.sqrt(variance);
  return { difference, lower: difference - margin, upper: difference + margin };
}
