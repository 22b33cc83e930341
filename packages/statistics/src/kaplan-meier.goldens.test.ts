import { describe, expect, test } from 'vitest';
import { type Column, columnOf, datasetColumn, goldenCase } from '../../../test/golden-cases.ts';
import { sharedFolder } from '../../../test/shared-data.ts';
import { kaplanMeier, type SurvivalOnDay } from './kaplan-meier.ts';

const shared = sharedFolder();

/** The curve of participants given one by one, as R's data are; 1 is the event, 2 a competing one. Also on days that are asked for. */
function curveOf(times: Column, status: Column, asked: Column = []): SurvivalOnDay[] {
  const on = (day: number, what: number) =>
    times.filter((time, i) => Number(time) === day && Number(status[i]) === what).length;
  const days = [...new Set([...times, ...asked].map(Number))].sort((a, b) => a - b);
  return kaplanMeier(
    times.length,
    days.map((day) => ({ day, events: on(day, 1), competing: on(day, 2), censored: on(day, 0) })),
  );
}

/** R's NA and NaN stand for what cannot be estimated. */
function expectEach(actual: readonly (number | undefined)[], expected: Column): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    if (typeof expected[i] === 'string') expect(value).toBeUndefined();
    else expect(Math.abs((value ?? Number.NaN) - Number(expected[i]))).toBeLessThan(1e-9);
  });
}

describe.skipIf(shared === undefined)('as R computes it', () => {
  test.each(['aml', 'tiny_ties', 'all_censored', 'all_events', 'single'])('survfit with log-log limits: %s', (name) => {
    const { outputs } = goldenCase(`km.${name}.loglog`);
    const curve = curveOf(datasetColumn(name, 'time'), datasetColumn(name, 'status'));
    const pairs = [
      ['day', 'time'],
      ['atRisk', 'n_risk'],
      ['events', 'n_event'],
      ['censored', 'n_censor'],
      ['survival', 'surv'],
      ['lower', 'lower'],
      ['upper', 'upper'],
    ] as const;
    for (const [ours, theirs] of pairs)
      expectEach(
        curve.map((point) => point[ours]),
        columnOf(outputs, theirs),
      );
  });

  test.each([
    ['km.aml.by_arm', 'aml', undefined],
    ['km.sim240.by_arm', 'sim240', [30, 60, 90, 120, 180]],
  ] as const)('survfit by arm: %s', (id, name, asked) => {
    const { outputs } = goldenCase(id);
    const [time, status, arm] = [
      datasetColumn(name, 'time'),
      datasetColumn(name, 'status'),
      datasetColumn(name, 'arm'),
    ];
    const strata = columnOf(outputs, 'strata');
    for (const stratum of new Set(strata)) {
      const inArm = (_: unknown, i: number) => `arm=${arm[i]}` === stratum;
      const curve = curveOf(time.filter(inArm), status.filter(inArm), asked).filter(
        ({ day }) => asked === undefined || asked.some((one) => one === day),
      );
      const ofR = (column: string) => columnOf(outputs, column).filter((_, i) => strata[i] === stratum);
      expectEach(
        curve.map(({ day }) => day),
        ofR('time'),
      );
      expectEach(
        curve.map(({ atRisk }) => atRisk),
        ofR('n_risk'),
      );
      for (const [ours, theirs] of [
        ['survival', 'surv'] as const,
        ['lower', 'lower'] as const,
        ['upper', 'upper'] as const,
      ])
        expectEach(
          curve.map((point) => point[ours]),
          ofR(theirs),
        );
    }
  });

  test('survfit of several states: incidence with competing events', () => {
    const { outputs } = goldenCase('cif.sim240.ms');
    const times = columnOf(outputs, 'time');
    const curve = curveOf(datasetColumn('sim240', 'time'), datasetColumn('sim240', 'status'), times);
    const states = columnOf(outputs, 'pstate') as readonly (readonly number[])[];
    expectEach(
      times.map((time) => curve.find(({ day }) => day === time)?.incidence),
      states.map(([, relapse = Number.NaN]) => relapse),
    );
    const { inputs, outputs: tiny } = goldenCase('cif.tiny');
    const tinyCurve = curveOf(columnOf(inputs, 'time'), columnOf(inputs, 'status'));
    expectEach(
      tinyCurve.map(({ incidence }) => incidence),
      columnOf(tiny, 'cif1'),
    );
    expectEach(
      tinyCurve.map(({ atRisk }) => atRisk),
      columnOf(tiny, 'n_risk'),
    );
  });

  test('cuminc of both groups: incidence with competing events', () => {
    const { outputs } = goldenCase('cif.sim240.cmprsk');
    const [time, status, ketamine] = ['time', 'status', 'ketamine'].map((name) => datasetColumn('sim240', name));
    const times = columnOf(outputs, 'times');
    const rows = columnOf(outputs, 'rows');
    for (const group of ['0', '1']) {
      const inGroup = (_: unknown, i: number) => String(ketamine?.[i]) === group;
      const curve = curveOf((time ?? []).filter(inGroup), (status ?? []).filter(inGroup), times);
      expectEach(
        times.map((asked) => curve.find(({ day }) => day === asked)?.incidence),
        columnOf(outputs, 'est')[rows.indexOf(`${group} 1`)] as readonly number[],
      );
    }
  });
});
