import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sharedFolder } from '../../../test/shared-data.ts';
import { exactPoissonRate } from './exact-poisson-rate.ts';
import type { RateInterval } from './interval.ts';
import { wilson } from './wilson.ts';

type Golden = { id: string; inputs: Record<string, number | number[]>; outputs: Record<string, number[]> };

const shared = sharedFolder();

/** The columns of one golden case, computed with R. Asked for by name, so that a renamed case cannot pass unnoticed. */
function golden(id: string) {
  const file = join(shared ?? '', 'goldens', 'goldens.json');
  const { goldens } = JSON.parse(readFileSync(file, 'utf8')) as { goldens: Golden[] };
  const found = goldens.find((g) => g.id === id);
  if (found === undefined) throw new Error(`${file} has no case ${id}`);
  const columns: Record<string, number | number[]> = { ...found.inputs, ...found.outputs };
  return (name: string): number[] => {
    const column = columns[name];
    if (column === undefined) throw new Error(`golden case ${id} has no ${name}`);
    return [column].flat();
  };
}

function expectClose(actual: (RateInterval | undefined)[], rate: number[], lower: number[], upper: number[]): void {
  expect(actual.length).toBeGreaterThan(0);
  const worst = actual.map((a, i) =>
    a === undefined
      ? Number.NaN
      : Math.max(
          Math.abs(a.rate - Number(rate[i])),
          Math.abs(a.lower - Number(lower[i])),
          Math.abs(a.upper - Number(upper[i])),
        ),
  );
  for (const difference of worst) expect(difference).toBeLessThan(1e-8);
}

describe.skipIf(shared === undefined)('as R computes it', () => {
  test('Wilson limits are those of binom.wilson', () => {
    const of = golden('prop.wilson');
    const [x, n, conf] = [of('x'), of('n'), of('conf')];
    expectClose(
      x.map((successes, i) => wilson(successes, Number(n[i]), conf[0])),
      of('est'),
      of('lower'),
      of('upper'),
    );
  });

  test('exact Poisson limits are those of poisson.test', () => {
    const of = golden('rate.poisson_ci');
    const py = of('py');
    expectClose(
      of('events').map((events, i) => exactPoissonRate(events, Number(py[i]))),
      of('rate'),
      of('lower'),
      of('upper'),
    );
  });
});
