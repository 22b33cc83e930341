import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Working, workingRoom } from './working.ts';

let root: string;
let path: string;
let room: Working;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-working-'));
  path = join(root, 'working');
  await mkdir(path);
  room = workingRoom(path, () => new Date('2026-07-01T08:00:00.000Z'));
});
afterEach(() => rm(root, { recursive: true }));

test('a folder that another server makes just now is not taken away with what came into it', async () => {
  const stamp = '20260701T075959000Z';
  await mkdir(room.folderOf(stamp));
  await writeFile(join(room.folderOf(stamp), 'came meanwhile'), '');
  await expect(room.remove(stamp)).rejects.toMatchObject({ code: 'ENOTEMPTY' });
  expect(await readdir(room.folderOf(stamp))).toEqual(['came meanwhile']);
});

test('what tries left behind goes with an empty folder', async () => {
  const stamp = '20260701T075959000Z';
  await mkdir(room.folderOf(stamp));
  for (const left of ['rejected.ndjson', 'rejected.csv', 'receipt.json.part'])
    await writeFile(join(room.folderOf(stamp), left), '');
  await room.remove(stamp);
  expect(await readdir(path)).toEqual([]);
});

test('two servers that claim at the same time get folders of their own, and nothing half made is seen', async () => {
  const other = workingRoom(path, () => new Date('2026-07-01T08:00:00.000Z'));
  await writeFile(join(root, 'a'), '');
  await writeFile(join(root, 'b'), '');
  await mkdir(join(path, '.claiming'));
  expect(await room.deliveries()).toEqual([]);
  const claims = [await room.claim(root, 'a'), await other.claim(root, 'b')];
  expect(await room.deliveries()).toEqual(claims);
  expect(await readdir(path)).toEqual(claims);
});
