import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { csvRows, holdfast, root, succeed, talliesDigest } from './acceptance/holdfast.ts';

const bin = join(root, 'services/holdfast/bin/holdfast.js');
const trial = 'SERVED';

let folder: string;
let data: readonly string[];
let child: ChildProcess | undefined;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-serve-'));
  data = ['--data', join(folder, 'store')];
  const protocol = join(folder, 'served.yaml');
  await writeFile(
    protocol,
    `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial that is served
blinding: open
clock: live
timeZone: UTC
partitions: 2
plannedFollowUp: 28
arms: [{ id: A }, { id: B }]
sites: [S1]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], coverage: { atLeast: 1 }, horizon: 28, policies: [observed-only] }
`,
  );
  await succeed(['protocol', 'publish', protocol, ...data]);
});
afterEach(async () => {
  for (const started of children) started.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

type Served = { readonly url: string; readonly logged: () => string; readonly ended: Promise<number | null> };

/** Starts `serve` and waits until it is ready. */
async function serve(...options: readonly string[]): Promise<Served> {
  const started = spawn(process.execPath, [bin, 'serve', '--port', '0', ...options, ...data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  children.add(started);
  let logged = '';
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
    });
  const ended = once(started, 'exit').then(([code]) => code as number | null);
  for (;;) {
    const url = /"url":"([^"]+)"/.exec(logged)?.[1];
    if (url !== undefined && (await fetch(`${url}/readyz`)).ok) return { url, logged: () => logged, ended };
    if (started.exitCode !== null) throw new Error(`serve ended: ${logged}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);

function event(subject: string, type: string, back: number, value: object, from = 'sites/S1'): object {
  const time = `${day(back)}T10:00:00+00:00`;
  return {
    specversion: '1.0',
    id: `${subject}-${type}-${back}`,
    source: `/trials/${trial}/${from}`,
    subject,
    type: `org.holdfast.${type}.v1`,
    time,
    recordedtime: time,
    data: value,
  };
}

/** A participant's events as their site sends them; the arm comes from the randomisation service. */
const siteEvents = (subject: string) => [
  event(subject, 'participant-enrolled', 20, { consentDate: day(20) }),
  event(subject, 'participant-randomised', 15, { date: day(15) }),
  event(subject, 'urine-screen', 8, { results: { cocaine: 'negative' } }),
];
const armOf = (subject: string) => event(subject, 'arm-assigned', 15, { arm: 'A' }, 'randomisation');

async function post(url: string, token: string, events: readonly object[]): Promise<[number, string[]]> {
  const body = gzipSync(events.map((one) => JSON.stringify(one)).join('\n'));
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  };
  for (let chances = 50; ; chances -= 1) {
    const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
    const text = await answer.text();
    // A token that was made a moment ago is known within a second.
    if (answer.status === 401 && chances > 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    const { verdicts } = JSON.parse(text) as { verdicts: { verdict: string }[] };
    return [answer.status, verdicts.map(({ verdict }) => verdict)];
  }
}

async function tokenFor(...words: string[]): Promise<string> {
  const { stdout } = await succeed(['token', 'create', '--trial', trial, ...words, ...data]);
  return stdout.trim();
}

/** Assessable participants of arm A on study day 7, once the tallies say as many as expected. */
async function assessable(expected: number): Promise<number> {
  for (let chances = 100; ; chances -= 1) {
    const { stdout } = await succeed([
      'rates',
      '--trial',
      trial,
      '--by',
      'arm',
      '--day',
      '7',
      '--format',
      'csv',
      ...data,
    ]);
    const found = Number(csvRows(stdout).find(({ arm }) => arm === 'A')?.assessable ?? 0);
    if (found === expected || chances === 0) return found;
  }
}

test('what is sent over HTTP is durable when acknowledged, tallied while it runs, and all there after a kill', async () => {
  const first = await serve();
  const [site, randomisation] = [
    await tokenFor('--role', 'site', '--site', 'S1'),
    await tokenFor('--role', 'randomisation'),
  ];
  expect(await post(first.url, site, siteEvents('P-1'))).toEqual([202, ['accepted', 'accepted', 'accepted']]);
  // A site cannot send an arm; the randomisation service can.
  expect((await post(first.url, site, [armOf('P-1')]))[0]).toBe(422);
  expect(await post(first.url, randomisation, [armOf('P-1')])).toEqual([202, ['accepted']]);
  expect(await assessable(1)).toBe(1);

  // Commands work beside it: what they take in is folded by the running services.
  const file = join(folder, 'more.ndjson');
  await writeFile(file, [...siteEvents('P-2'), armOf('P-2')].map((one) => JSON.stringify(one)).join('\n'));
  await succeed(['ingest', file, ...data]);
  expect(await assessable(2)).toBe(2);

  // Logs and metrics know no participant.
  const metrics = await (await fetch(`${first.url}/metrics`)).text();
  expect(metrics).toContain('holdfast_shard_offset');
  for (const text of [metrics, first.logged()]) expect(text).not.toMatch(/P-[12]|negative/);

  // Acknowledged and at once killed: after the restart it counts, once.
  expect((await post(first.url, site, siteEvents('P-3')))[0]).toBe(202);
  expect((await post(first.url, randomisation, [armOf('P-3')]))[0]).toBe(202);
  child?.kill('SIGKILL');
  await first.ended;
  const second = await serve();
  expect(await assessable(3)).toBe(3);
  await succeed(['verify', ...data]);

  child?.kill('SIGTERM');
  expect(await second.ended).toBe(0);
});

test('what is dropped into its folder is taken in exactly once, also when it is killed over it', async () => {
  const drop = join(folder, 'drop');
  const lying = (room: string) => readdir(join(drop, room)).catch(() => []);
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const first = await serve('--drop', drop);
  const events = Array.from({ length: 2_500 }, (_, i) => [...siteEvents(`P-${i}`), armOf(`P-${i}`)]).flat();
  const text = events.map((one) => `${JSON.stringify(one)}\n`).join('');
  const file = join(folder, 'all.ndjson');
  await writeFile(file, text);
  // Written elsewhere, then put there: so it is whole from the beginning.
  await cp(file, join(drop, '.all.ndjson'));
  await rename(join(drop, '.all.ndjson'), join(drop, 'incoming', 'P-1 and others.ndjson'));
  await until(async () => (await lying('working')).length > 0);
  child?.kill('SIGKILL');
  await first.ended;

  const second = await serve('--drop', drop);
  await until(async () => (await lying('done')).length > 0);
  expect(await Promise.all(['incoming', 'working', 'failed'].map(lying))).toEqual([[], [], []]);
  const [id = ''] = await lying('done');
  const receipt = JSON.parse(await readFile(join(drop, 'done', id, 'receipt.json'), 'utf8'));
  expect(receipt).toMatchObject({ accepted: events.length, rejected: 0 });
  expect(await assessable(2_500)).toBe(2_500);
  const metrics = await (await fetch(`${second.url}/metrics`)).text();
  expect(metrics).toContain('holdfast_drop_deliveries_total{outcome="done"} 1');
  expect(metrics).toContain('holdfast_drop_waiting 0');
  // A delivery that fails says so, and nothing else stops.
  await writeFile(join(drop, 'incoming', 'P-2.ndjson'), 'P-2 was negative');
  await until(async () => (await lying('failed')).length > 0);
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
  for (const text of [metrics, first.logged(), second.logged()]) expect(text).not.toMatch(/P-[12]|negative/);
  const [delivery = '', digest = 'none'] = ((await lying('failed'))[0] ?? '').split('-');
  expect(second.logged()).toContain(delivery);
  expect(second.logged()).not.toContain(digest);
  child?.kill('SIGTERM');
  expect(await second.ended).toBe(0);

  // The tallies are those of a store that took the file in once.
  const other = join(folder, 'other');
  await succeed(['protocol', 'publish', join(folder, 'served.yaml'), '--data', other]);
  await succeed(['ingest', file, '--data', other]);
  expect(await talliesDigest(join(folder, 'store'), trial)).toBe(await talliesDigest(other, trial));
}, 180_000);

test('services run alone: one process folds, and knows no door; what another takes in is folded by it', async () => {
  const aggregate = await serve('aggregate');
  const folding = child;
  expect((await fetch(`${aggregate.url}/v1/events`, { method: 'POST' })).status).toBe(404);
  const site = await tokenFor('--role', 'site', '--site', 'S1');
  const randomisation = await tokenFor('--role', 'randomisation');
  const door = await serve('ingest', 'clock');
  expect((await post(door.url, site, siteEvents('P-1')))[0]).toBe(202);
  expect((await post(door.url, randomisation, [armOf('P-1')]))[0]).toBe(202);
  expect(await assessable(1)).toBe(1);
  expect(aggregate.logged()).toContain('batch folded');
  expect(door.logged()).not.toContain('batch folded');
  // The door takes in also while nobody folds; whoever comes folds it.
  folding?.kill('SIGTERM');
  expect(await aggregate.ended).toBe(0);
  expect((await post(door.url, site, siteEvents('P-2')))[0]).toBe(202);
  expect((await post(door.url, randomisation, [armOf('P-2')]))[0]).toBe(202);
  await serve('aggregate');
  expect(await assessable(2)).toBe(2);
});

test('a drop folder for services that watch none is refused, not passed over', async () => {
  const { code, stderr } = await holdfast(['serve', 'ingest', '--drop', join(folder, 'drop'), ...data]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('--drop names a folder for the service drop')]);
});
