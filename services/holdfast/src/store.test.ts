import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey } from '@holdfast/access';
import type { Trials } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { openStore, publishedKeys } from './store.ts';

test('of the keys that are given those count that their trials published', async () => {
  const [one, other, open, right] = [
    await createTrialKey('A'),
    await createTrialKey('B'),
    await createTrialKey('C'),
    await createTrialKey('B'),
  ];
  const trials = new Map<string, unknown>([
    ['A', { key: one.published }],
    ['B', { key: right.published }],
    ['C', { key: undefined }],
  ]) as Trials;
  const given = new Map([one, other, open].map(({ key }) => [key.trial, key]));
  expect(publishedKeys(given, trials)).toEqual(new Map([['A', one.key]]));
});

test('what is closed lies in a folder of its owner alone, whoever opens the store', async () => {
  const data = await mkdtemp(join(tmpdir(), 'hf-store-'));
  const closed = join(data, 'closed');
  const mode = async () => (await stat(closed)).mode & 0o777;
  await openStore({ data, key: [] }, 'create', async () => expect(await mode()).toBe(0o700));
  await chmod(closed, 0o755);
  await openStore({ data, key: [] }, 'read', async () => expect(await mode()).toBe(0o700));
  await rm(data, { recursive: true });
});
