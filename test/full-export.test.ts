import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mappingText, protocolText, sqlTexts, tableTexts } from '../packages/tables/testing/small-import.ts';
import {
  csvRows,
  holdfast,
  killAfter,
  loggedEvents,
  succeed,
  talliesDigest,
  temporaryFolder,
} from './acceptance/holdfast.ts';

const trial = 'T-0001';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let args: readonly string[];

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
}

/** Imports the tables as they stand in the folder. */
const importing = (...more: string[]) => ['import', join(folder.path, 'mapping.yaml'), folder.path, ...args, ...more];
const counts = async (...more: string[]) =>
  csvRows((await succeed(importing('--full-export', '--format', 'csv', ...more))).stdout).map(
    ({ type, new: added, changed, gone, back, unchanged, kept }) =>
      `${type} ${[added, changed, gone, back, unchanged, kept].join(' ')}`,
  );
const events = () => loggedEvents(join(folder.path, 'data'), trial);

beforeEach(async () => {
  folder = await temporaryFolder();
  args = ['--data', join(folder.path, 'data')];
  await write({ 'mapping.yaml': mappingText, 'protocol.yaml': protocolText, ...sqlTexts, ...tableTexts });
  await succeed(['protocol', 'publish', join(folder.path, 'protocol.yaml'), ...args]);
});
afterEach(() => folder.remove());

test('a later export is summed up, tried without writing, taken in, and repeated without a trace', async () => {
  await succeed(importing());
  // Participant 1's screen loses a result, 2's is gone, and there is a new one.
  await write({ 'uds.csv': 'who,what,when\n1,Opioid,5\n1,Thc,7\n' });
  const before = await events();
  const expected = [
    'arm-assigned 0 0 0 0 2 0',
    'participant-enrolled 0 0 0 0 2 0',
    'participant-randomised 0 0 0 0 2 0',
    'urine-screen 1 1 1 0 0 0',
  ];
  expect(await counts('--dry-run')).toEqual(expected);
  expect(await events()).toEqual(before);
  const file = join(folder.path, 'changes.csv');
  expect(await counts('--changes', file)).toEqual(expected);
  expect(
    csvRows(await readFile(file, 'utf8')).map(({ participant, type, change }) => `${participant} ${type} ${change}`),
  ).toEqual(['1 urine-screen changed', '2 urine-screen gone']);
  const after = await events();
  expect(await counts()).toEqual(expected.map((row) => (row.startsWith('urine') ? 'urine-screen 0 0 0 0 2 0' : row)));
  expect((await events()).filter((text) => !text.includes('day-turned')).length).toBe(
    after.filter((text) => !text.includes('day-turned')).length,
  );
  const digest = await talliesDigest(join(folder.path, 'data'), trial);
  args = ['--data', join(folder.path, 'alone')];
  await succeed(['protocol', 'publish', join(folder.path, 'protocol.yaml'), ...args]);
  await succeed(importing());
  expect(await talliesDigest(join(folder.path, 'alone'), trial)).toBe(digest);
}, 120_000);

test('an export that would take back most of a type is refused until somebody says that it is meant', async () => {
  await succeed(importing());
  await write({ 'uds.csv': 'who,what,when\n' });
  const before = await events();
  const refused = await holdfast(importing('--full-export'));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('lacks 2 of 2 urine-screen events of T-0001');
  expect(refused.stderr).toContain('--allow-mass-retraction');
  expect(await events()).toEqual(before);
  expect((await counts('--allow-mass-retraction')).at(-1)).toBe('urine-screen 0 0 2 0 0 0');
  await write(tableTexts);
  expect((await counts()).at(-1)).toBe('urine-screen 0 0 0 2 0 0');
  const misplaced = await holdfast(importing('--allow-mass-retraction'));
  expect(misplaced.stderr).toContain('belong to --full-export');
}, 120_000);

test('what an export rejected is an issue until a later one comes without it', async () => {
  await write({ 'uds.csv': 'who,what,when\n1,Opioid,5\n1,Weed,5\n2,Weed,6\n' });
  await succeed(importing());
  const rejected = async (...more: string[]) =>
    csvRows((await succeed(['issues', '--format', 'csv', ...args, ...more])).stdout).map(
      ({ participant, issue, type }) => `${participant} ${issue} ${type}`,
    );
  expect(await rejected()).toEqual(['1 rejected urine-screen', '2 rejected urine-screen']);
  // Mended in part: what is still wrong stays listed.
  await write({ 'uds.csv': 'who,what,when\n1,Opioid,5\n2,Weed,6\n' });
  await succeed(importing('--full-export'));
  expect(await rejected()).toEqual(['2 rejected urine-screen']);
  await write({ 'uds.csv': 'who,what,when\n1,Opioid,5\n2,Thc,6\n' });
  await succeed(importing('--full-export'));
  expect(await rejected()).toEqual([]);
  expect(await rejected('--all')).toEqual(['1 rejected urine-screen', '2 rejected urine-screen']);
}, 120_000);

test('a full export that is killed at any instant is finished by repeating it', async () => {
  const screens = (result: (n: number) => string) =>
    ['who,what,when', ...Array.from({ length: 400 }, (_, n) => `${(n % 2) + 1},${result(n)},${n + 1}`)].join('\n');
  await write({ 'uds.csv': screens(() => 'Opioid') });
  await succeed(importing());
  await write({ 'uds.csv': screens((n) => (n % 3 === 0 ? 'Thc' : 'Opioid')) });
  for (const milliseconds of [400, 700, 900, 1_100, 1_300]) await killAfter(importing('--full-export'), milliseconds);
  await succeed(importing('--full-export'));
  const corrections = (await events())
    .map((text) => JSON.parse(text))
    .filter(({ type }) => type.includes('correction'));
  expect(new Set(corrections.map(({ id }) => id)).size).toBe(134);
  expect(csvRows((await succeed(['issues', '--format', 'csv', ...args])).stdout)).toEqual([]);
  const digest = await talliesDigest(join(folder.path, 'data'), trial);
  args = ['--data', join(folder.path, 'alone')];
  await succeed(['protocol', 'publish', join(folder.path, 'protocol.yaml'), ...args]);
  await succeed(importing());
  expect(await talliesDigest(join(folder.path, 'alone'), trial)).toBe(digest);
}, 120_000);
