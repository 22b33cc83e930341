import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { holdfast, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';

const bin = join(root, 'services/holdfast/bin/holdfast.js');

type Measured = {
  readonly scale: number;
  readonly machine: { readonly cores: number };
  readonly figures: readonly { workload: string; figure: string; value: number; unit: string; met?: boolean }[];
};

/** Several processes are started one after the other, on a machine that does other things too. */
const timeout = 120_000;

test.each([
  ['import', ['folded : parsed', 'processor, folded', 'peak of anonymous memory']],
  ['door', ['the door', 'the door : a bare server']],
])('bench %s runs, and its JSON has the named figures', { timeout }, async (workload, names) => {
  const { path, remove } = await temporaryFolder();
  try {
    const out = join(path, 'figures.json');
    // Settings are not measured: this one would keep the services from saying where they listen.
    const settings = { HOLDFAST_LOG_LEVEL: 'error' };
    const asked = ['bench', workload, '--scale', '0.0005', '--format', 'json', '--out', out];
    const { stdout } = await succeed(asked, settings);
    expect(await readFile(out, 'utf8')).toBe(stdout);
    const { scale, machine, figures } = JSON.parse(stdout) as Measured;
    expect(scale).toBe(0.0005);
    expect(machine.cores).toBeGreaterThan(0);
    expect(new Set(figures.map((figure) => figure.workload))).toEqual(new Set([workload]));
    expect(figures.map(({ figure }) => figure)).toEqual(expect.arrayContaining(names));
    for (const { figure, value } of figures) expect(value, figure).toBeGreaterThan(0);
    // So small, no figure says whether what is asked is met.
    expect(figures.filter(({ met }) => met !== undefined)).toEqual([]);
  } finally {
    await remove();
  }
});

test('a workload that there is not is said so', async () => {
  const { code, stderr } = await holdfast(['bench', 'inport']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('there is no workload inport; there are import, live, trickle');
});

test('told to stop, it leaves nothing behind', async () => {
  const { path, remove } = await temporaryFolder();
  try {
    const args = [bin, 'bench', 'trickle', '--quick', '--folder', path];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await vi.waitFor(async () => expect(await readdir(path)).not.toEqual([]), 20_000);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await readdir(path)).toEqual([]);
  } finally {
    await remove();
  }
});
