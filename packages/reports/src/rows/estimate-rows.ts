import {
  type AbstinenceMeasure,
  type Estimand,
  type FirstEventMeasure,
  horizonOf,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Measure,
  type Protocol,
  type ValueMeasure,
  windowsOf,
} from '@holdfast/events';
import { survivalDifference } from '@holdfast/statistics';
import {
  abstinenceCurve,
  distribution,
  type FactorialCell,
  levelOf,
  type Slice,
  simpleEffect,
  survivalCurve,
  type Tallies,
  valueSummary,
} from '@holdfast/tallies';
import { choosePolicies } from './rate-selectors.ts';
import { itemsOn, type ShownValue, shownValues } from './shown-values.ts';
import type { Value } from './value.ts';

export const estimateColumns = [
  ...['trial', 'estimand', 'rank', 'measure', 'kind', 'item', 'day', 'window_days', 'missing', 'arms', 'against'],
  ...['n', 'events', 'value', 'against_n', 'against_events', 'against_value'],
  ...['summary', 'estimate', 'lower', 'upper', 'method'],
] as const;

/** In the column `method`: Holdfast has no method for the summary that is declared, and says only what it would be a summary of. */
export const notComputed = 'not computed';

/** One side of a contrast: participants, of them who have it, and their share, or survival, or mean (of medians: the median). */
type Side = { readonly n: Value; readonly events: Value; readonly value: Value };

type Effect = { readonly value?: Value; readonly lower?: Value; readonly upper?: Value; readonly method: Value };

/** What one row says of an estimand. */
type Estimate = {
  /** kind, item, day, window_days, missing */
  readonly key: readonly Value[];
  readonly sides: readonly [Side, Side];
  readonly effect: Effect;
};

type Sides = readonly [of: Slice, than: Slice];

/** Shares or means compared, if that is what the summary is. */
function compared(cells: readonly [FactorialCell, FactorialCell], { summary }: Estimand): Omit<Estimate, 'key'> {
  const sideOf = (cell: FactorialCell): Side => {
    const { n, value } = levelOf(cell);
    if ('n' in cell) return { n, events: cell.events, value };
    return {
      n,
      events: undefined,
      value: summary === 'difference-in-medians' ? valueSummary(cell.valued, false).median : value,
    };
  };
  const [of, than] = cells;
  const isComputed = summary === 'difference-in-proportions' || summary === 'difference-in-means';
  return { sides: [sideOf(of), sideOf(than)], effect: isComputed ? simpleEffect(of, than) : { method: notComputed } };
}

function abstinent(tallies: Tallies, measure: AbstinenceMeasure, estimand: Estimand, [of, than]: Sides): Estimate[] {
  const { day = measure.horizon, missing, window = windowsOf(measure)[0] ?? 0 } = estimand.variable;
  return choosePolicies(measure, missing).map((policy = '') => {
    const cellOf = (slice: Slice): FactorialCell => {
      const question = { measure: measure.id, window, policy };
      const [on] = abstinenceCurve(tallies, question, { from: day, to: day }, slice);
      return { events: on?.abstinent ?? 0, n: on?.assessable ?? 0 };
    };
    return {
      key: ['abstinent', undefined, day, window === 0 ? undefined : window, policy],
      ...compared([cellOf(of), cellOf(than)], estimand),
    };
  });
}

function surviving(tallies: Tallies, measure: FirstEventMeasure, estimand: Estimand, [of, than]: Sides): Estimate {
  const { day = measure.horizon } = estimand.variable;
  const on = (slice: Slice) => survivalCurve(tallies, measure.id, slice, new Set([day]))[0];
  const sideOf = (slice: Slice): Side => {
    const curve = survivalCurve(tallies, measure.id, slice);
    const events = curve.reduce((sum, one) => sum + (one.day <= day ? one.events : 0), 0);
    return { n: curve[0]?.atRisk ?? 0, events, value: on(slice)?.survival };
  };
  const [a, b] = [on(of), on(than)];
  const effect = a && b && survivalDifference(a, b);
  return {
    key: ['survival', undefined, day, undefined, undefined],
    sides: [sideOf(of), sideOf(than)],
    effect:
      estimand.summary === 'difference-in-survival'
        ? { value: effect?.difference, lower: effect?.lower, upper: effect?.upper, method: 'mover' }
        : { method: notComputed },
  };
}

const ofShares = ['difference-in-proportions', 'ratio-of-proportions'];

function valued(
  tallies: Tallies,
  protocol: Protocol,
  measure: ValueMeasure,
  estimand: Estimand,
  [of, than]: Sides,
): Estimate[] {
  const { day, missing } = estimand.variable;
  const items = itemsOn(measure, protocol, day);
  const isMeant = ({ item, yesOrNo }: ShownValue) =>
    items.includes(item) && yesOrNo === ofShares.includes(estimand.summary);
  return shownValues(tallies, protocol, measure, missing === undefined ? {} : { missing })
    .filter(isMeant)
    .map(({ kind, item, policy, yesOrNo }) => {
      const cellOf = (slice: Slice): FactorialCell => {
        const values = distribution(tallies, { measure: measure.id, kind, item, policy }, slice);
        if (!yesOrNo) return { valued: values };
        const count = (value: number) => values.reduce((sum, one) => sum + (one.value === value ? one.count : 0), 0);
        return { events: count(1), n: count(0) + count(1) };
      };
      return { key: [kind, item, day, undefined, policy], ...compared([cellOf(of), cellOf(than)], estimand) };
    });
}

const nobody: Side = { n: undefined, events: undefined, value: undefined };

/** What an estimand comes to: one row; of a variable of several values, or policies none of which is declared to be meant, one of each. */
function estimatesOf(
  protocol: Protocol,
  measure: Measure,
  tallies: Tallies,
  estimand: Estimand,
  sides: Sides,
): Estimate[] {
  if (isAbstinenceMeasure(measure)) return abstinent(tallies, measure, estimand, sides);
  if (isFirstEventMeasure(measure)) return [surviving(tallies, measure, estimand, sides)];
  const estimates = valued(tallies, protocol, measure, estimand, sides);
  if (estimates.length > 0) return estimates;
  const { day = horizonOf(measure, protocol), missing } = estimand.variable;
  return [
    { key: [undefined, undefined, day, undefined, missing], sides: [nobody, nobody], effect: { method: undefined } },
  ];
}

/** The arms of each side taken together, participant by participant, and the summary that is declared, under `estimateColumns`. */
export function estimateRows(
  protocol: Protocol,
  estimand: Estimand,
  measure: Measure,
  tallies: Tallies,
  token: (arm: string) => string,
): Value[][] {
  const { id, rank, treatment, summary } = estimand;
  const slice = (arms: readonly string[]): Slice => ({ arms: new Set(arms.map(token)) });
  const [arms, against] = [treatment.arms, treatment.against].map((side) => side.join('; '));
  const all = [slice(treatment.arms), slice(treatment.against)] as const;
  return estimatesOf(protocol, measure, tallies, estimand, all).map(({ key, sides: [of, than], effect }) => [
    ...[protocol.trial, id, rank, measure.id, ...key, arms, against],
    ...[of.n, of.events, of.value, than.n, than.events, than.value],
    ...[summary, effect.value, effect.lower, effect.upper, effect.method],
  ]);
}
