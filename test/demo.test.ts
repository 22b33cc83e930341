import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvRows, succeed, temporaryFolder } from './acceptance/holdfast.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let printed: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, 'store');
  printed = (await succeed(['demo', '--data', data])).stdout;
}, 240_000);
afterAll(() => folder.remove());

test('the demo streams its trial through the services, and says what came of it', () => {
  expect(printed).toMatch(/280 participants, 8 sites, \d+ events, \d+ of them sealed/);
  const months = [...printed.matchAll(/^ {2}(\d{4}-\d\d)-01 {2}(\d+) randomised, (\d+) events taken in/gm)].map(
    ([, month, n, events]) => [month, Number(n), Number(events)],
  );
  expect(months.length).toBeGreaterThan(10);
  expect(months.at(-1)?.[1]).toBe(280);
  const [, accepted, rejected] = /: (\d+) events accepted, (\d+) rejected/.exec(printed) ?? [];
  expect(Number(accepted)).toBeGreaterThan(10_000);
  expect(Number(rejected)).toBeGreaterThan(0);
  for (const said of [
    'independent statistician',
    'Relapse by day 180',
    'ketamine less saline',
    'relapse-prevention less education',
    'study day',
    'blinded coordinator',
    'Try next',
  ])
    expect(printed).toContain(said);
  expect(printed).toMatch(/open tallies [0-9a-f]{16} and [0-9a-f]{16}: equal/);
});

test('its numbers are those that the commands give of the store which it leaves', async () => {
  const key = /--key (\S+)/.exec(printed)?.[1] ?? '';
  const asked = [
    'rates',
    '--measure',
    'alcohol-abstinence',
    '--missing',
    'observed-only',
    '--by',
    'arm',
    '--day',
    '28,84,180',
  ];
  const rates = csvRows((await succeed([...asked, '--key', key, '--data', data, '--format', 'csv'])).stdout);
  for (const arm of new Set(rates.map((row) => row.arm ?? ''))) {
    const [line = ''] = printed.split('\n').filter((row) => row.startsWith(`  ${arm} `) && row.includes('/'));
    const shown = [...line.matchAll(/(\d+)\/(\d+)/g)].map(([, abstinent, assessable]) => [abstinent, assessable]);
    expect(shown).toEqual(
      rates.filter((row) => row.arm === arm).map(({ abstinent, assessable }) => [abstinent, assessable]),
    );
  }
  expect((await succeed(['verify', '--data', data])).stdout).toContain('intact');
});
