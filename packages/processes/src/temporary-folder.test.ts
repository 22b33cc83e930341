import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { thisHolder, wordOf } from './holder.ts';

let here: string;
beforeEach(async () => {
  here = await mkdtemp(join(tmpdir(), 'holdfast-processes-test-'));
  vi.stubEnv('TMPDIR', here);
  vi.resetModules(); // as another process, which has not looked yet
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(here, { recursive: true, force: true });
});

const me = thisHolder('aaaaaa');
const dead = { ...me, started: '1' }; // this pid, but a process that started long ago

async function left(name: string): Promise<string> {
  await mkdir(join(here, name, 'spill'), { recursive: true });
  await writeFile(join(here, name, 'spill', 'table'), 'rows');
  return name;
}

test.runIf(process.platform === 'linux')(
  'what a killed process left is removed by the next, and nothing of anybody who may live',
  async () => {
    await left(`holdfast-import-${wordOf(dead)}`);
    await left(`holdfast-other-${wordOf({ ...dead, token: 'bbbbbb' })}`);
    const stays = await Promise.all([
      left(`holdfast-import-${wordOf(me)}`),
      left(`holdfast-import-${wordOf({ ...dead, boot: 'another0' })}`), // of another machine
      left(`holdfast-import-${wordOf({ ...dead, boot: '0' })}`), // of nobody knows which
      left(`holdfast-import-${wordOf({ ...dead, namespace: '42' })}`), // of another container
      left('holdfast-import-Ab12Cd'),
      left('holdfast-demo-1-2'),
      left(`mine-${wordOf(dead)}`),
    ]);
    const { temporaryFolder } = await import('./temporary-folder.ts');
    const [one, another] = await Promise.all([temporaryFolder('import'), temporaryFolder('import')]);
    expect((await readdir(here)).sort()).toEqual([...stays, basename(one), basename(another)].sort());
  },
);
