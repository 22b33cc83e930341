import { describe, expect, test } from 'vitest';
import { type Column, columnOf, datasetColumn, goldenCase } from '../../../test/golden-cases.ts';
import { sharedFolder } from '../../../test/shared-data.ts';
import { meanDifference, summaryOf, type Valued } from './distribution.ts';
import { exactPoissonRate } from './exact-poisson-rate.ts';
import { type FourCells, factorialEffects, type Moments } from './factorial.ts';
import { type Difference, type RateInterval, twoSidedZ } from './interval.ts';
import { riskDifference } from './risk-difference.ts';
import { twoSidedT } from './student-t.ts';
import { wilson } from './wilson.ts';

const shared = sharedFolder();

/** The columns of one golden case, inputs and outputs. */
function golden(id: string): (name: string) => number[] {
  const { inputs, outputs } = goldenCase(id);
  return (name) => columnOf({ ...inputs, ...outputs }, name).map(Number);
}

type Interval = { readonly estimate: number; readonly lower: number | undefined; readonly upper: number | undefined };

function ofRate(interval: RateInterval | undefined): Interval | undefined {
  return interval && { ...interval, estimate: interval.rate };
}

function ofDifference(interval: Difference | undefined): Interval | undefined {
  return interval && { ...interval, estimate: interval.difference };
}

function expectClose(actual: (Interval | undefined)[], estimate: number[], lower: number[], upper: number[]): void {
  expect(actual.length).toBeGreaterThan(0);
  expect(estimate.length).toBe(actual.length);
  for (const [i, a] of actual.entries()) {
    expect(Math.abs((a?.estimate ?? Number.NaN) - Number(estimate[i]))).toBeLessThan(1e-8);
    expect(Math.abs((a?.lower ?? Number.NaN) - Number(lower[i]))).toBeLessThan(1e-8);
    expect(Math.abs((a?.upper ?? Number.NaN) - Number(upper[i]))).toBeLessThan(1e-8);
  }
}

/** One entry for each participant of a 2 × 2 trial whose ketamine and therapy are these; `undefined` asks for both. */
function inCell(ketamine: number, therapy?: number): (_: unknown, i: number) => boolean {
  const [k, t] = [datasetColumn('sim240', 'ketamine'), datasetColumn('sim240', 'therapy')];
  return (_, i) => k[i] === ketamine && (therapy === undefined || t[i] === therapy);
}

function fourCells<Cell>(cell: (inIt: (_: unknown, i: number) => boolean) => Cell): FourCells<Cell> {
  return {
    neither: cell(inCell(0, 0)),
    onlyFirst: cell(inCell(1, 0)),
    onlySecond: cell(inCell(0, 1)),
    both: cell(inCell(1, 1)),
  };
}

/** Numbers with one decimal place as a distribution of tenths. */
const tenths = (column: Column): Valued[] =>
  column.map((number) => ({ value: Math.round(Number(number) * 10), of: 10, count: 1 }));

/** So many ones among so many numbers, the rest zeros: their mean, and their deviation from it with n (not n − 1). */
function onesAmong(ones: number, n: number): Moments {
  const mean = ones / n;
  return { n, mean, sd: Math.sqrt(mean * (1 - mean)) };
}

describe.skipIf(shared === undefined)('as R computes it', () => {
  test('Wilson limits are those of binom.wilson', () => {
    const of = golden('prop.wilson');
    const [x, n, conf] = [of('x'), of('n'), of('conf')];
    expectClose(
      x.map((successes, i) => ofRate(wilson(successes, Number(n[i]), conf[0]))),
      of('est'),
      of('lower'),
      of('upper'),
    );
  });

  test('exact Poisson limits are those of poisson.test', () => {
    const of = golden('rate.poisson_ci');
    const py = of('py');
    expectClose(
      of('events').map((events, i) => ofRate(exactPoissonRate(events, Number(py[i])))),
      of('rate'),
      of('lower'),
      of('upper'),
    );
  });

  test("Newcombe's limits of a difference are those of moverci", () => {
    const of = golden('diff.newcombe');
    const [n1, x2, n2, conf] = [of('n1'), of('x2'), of('n2'), of('conf')];
    expectClose(
      of('x1').map((events, i) =>
        ofDifference(
          riskDifference({ events, n: Number(n1[i]) }, { events: Number(x2[i]), n: Number(n2[i]) }, conf[0]),
        ),
      ),
      of('diff'),
      of('lower'),
      of('upper'),
    );
  });

  test("a simple effect of means has Wald's limits: of ones and zeros, with n in their variance", () => {
    const of = golden('diff.wald_agresti_caffo');
    const [n1, x2, n2] = [of('n1'), of('x2'), of('n2')];
    const nobody = { n: 0, mean: undefined, sd: undefined };
    expectClose(
      of('x1').map((events, i) => {
        const onlyFirst = onesAmong(events, Number(n1[i]));
        const neither = onesAmong(Number(x2[i]), Number(n2[i]));
        const { first } = factorialEffects({ neither, onlyFirst, onlySecond: nobody, both: nobody });
        return ofDifference(first.withoutSecond);
      }),
      of('diff'),
      of('lower'),
      of('upper'),
    );
  });

  test('effects of a 2 × 2 on abstinence, missing counted as use', () => {
    const { outputs } = goldenCase('factorial.rd');
    const abstinent = datasetColumn('sim240', 'abstinent');
    const effects = factorialEffects(
      fourCells((inIt) => {
        const cell = abstinent.filter(inIt);
        return onesAmong(cell.filter((status) => status === 1).length, cell.length);
      }),
    );
    const named = {
      simple_ket_at_therapy0: effects.first.withoutSecond,
      simple_ket_at_therapy1: effects.first.withSecond,
      simple_ther_at_ket0: effects.second.withoutFirst,
      simple_ther_at_ket1: effects.second.withFirst,
      main_ketamine: effects.first.main,
      main_therapy: effects.second.main,
      interaction: effects.interaction,
    };
    const contrasts = columnOf(outputs, 'contrast');
    const ofR = (column: string) =>
      Object.keys(named).map((name) => Number(columnOf(outputs, column)[contrasts.indexOf(name)]));
    expectClose(Object.values(named).map(ofDifference), ofR('est'), ofR('lower'), ofR('upper'));
  });

  test('effects of a 2 × 2 on percent days abstinent: the linear model, with the errors of HC2', () => {
    const { outputs } = goldenCase('factorial.pda');
    const pda = datasetColumn('sim240', 'pda');
    const effects = factorialEffects(fourCells((inIt) => summaryOf(tenths(pda.filter(inIt)))));
    const terms = columnOf(outputs, 'term');
    const z = twoSidedZ(0.95);
    for (const [term, effect] of [
      ['ketamine', effects.first.withoutSecond],
      ['therapy', effects.second.withoutFirst],
      ['ketamine:therapy', effects.interaction],
    ] as const) {
      const [coefficient, error] = ['coef', 'se_hc2'].map((name) =>
        Number(columnOf(outputs, name)[terms.indexOf(term)]),
      ) as [number, number];
      expectClose([ofDifference(effect)], [coefficient], [coefficient - z * error], [coefficient + z * error]);
    }
  });

  test("means of two groups and their difference with Welch's limits", () => {
    const of = golden('twosample.pda');
    const pda = datasetColumn('sim240', 'pda');
    const [with1, with0] = [tenths(pda.filter(inCell(1))), tenths(pda.filter(inCell(0)))];
    expect(summaryOf(with1).mean).toBeCloseTo(Number(of('mean1')[0]), 9);
    expect(summaryOf(with0).mean).toBeCloseTo(Number(of('mean0')[0]), 9);
    expectClose([ofDifference(meanDifference(with1, with0))], of('diff'), of('lower'), of('upper'));
  });

  test('mean drinks a drinking day', () => {
    const { outputs } = goldenCase('tlfb.outcomes');
    const [participants, drinks] = [datasetColumn('tlfb4', 'participant'), datasetColumn('tlfb4', 'drinks')];
    const expected = columnOf(outputs, 'drinks_per_drinking_day');
    for (const [i, participant] of columnOf(outputs, 'participant').entries()) {
      const drunk = drinks.filter((number, day) => participants[day] === participant && Number(number) > 0);
      const { mean } = summaryOf(drunk.map((number) => ({ value: Number(number), of: 1, count: 1 })));
      if (expected[i] === 'NaN') expect(mean).toBeUndefined();
      else expect(mean).toBeCloseTo(Number(expected[i]), 9);
    }
  });

  test('the quantiles of t are where pt says', () => {
    const { outputs } = goldenCase('special_functions');
    const points = [
      [-2, 3],
      [0.3, 30],
      [5, 7.5],
    ] as const;
    for (const [i, [t, degrees]] of points.entries()) {
      const below = Number(columnOf(outputs, 'pt')[i]);
      expect(twoSidedT(degrees, Math.abs(2 * below - 1))).toBeCloseTo(Math.abs(t), 9);
    }
  });
});
