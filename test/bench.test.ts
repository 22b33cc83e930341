import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holdfast, succeed, temporaryFolder } from './acceptance/holdfast.ts';

type Measured = {
  readonly scale: number;
  readonly machine: { readonly cores: number };
  readonly figures: readonly { workload: string; figure: string; value: number; unit: string; met?: boolean }[];
};

test('bench runs, and its JSON has the named figures', async () => {
  const { path, remove } = await temporaryFolder();
  try {
    const out = join(path, 'figures.json');
    const workloads = ['import', 'door', 'turned-day'];
    const { stdout } = await succeed(['bench', ...workloads, '--scale', '0.0005', '--format', 'json', '--out', out]);
    expect(await readFile(out, 'utf8')).toBe(stdout);
    const { scale, machine, figures } = JSON.parse(stdout) as Measured;
    expect(scale).toBe(0.0005);
    expect(machine.cores).toBeGreaterThan(0);
    expect(new Set(figures.map(({ workload }) => workload))).toEqual(new Set(workloads));
    expect(figures.map(({ figure }) => figure)).toEqual(
      expect.arrayContaining(['folded : parsed', 'the door : a bare server', 'peak of anonymous memory']),
    );
    for (const { figure, value } of figures) expect(value, figure).toBeGreaterThan(0);
    expect(figures.find(({ figure }) => figure === 'folded : parsed')).toHaveProperty('met');
  } finally {
    await remove();
  }
});

test('a workload that there is not is said so', async () => {
  const { code, stderr } = await holdfast(['bench', 'inport']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('there is no workload inport; there are import, live, trickle');
});
