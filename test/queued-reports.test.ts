import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAggregate } from '@holdfast/aggregate';
import { dateOf, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { parseScenario, simulateTrial } from '@holdfast/simulate';
import { publishProtocol } from '@holdfast/trials';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createKey } from '../services/holdfast/src/commands/keys.ts';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { chooseTrial, openStore } from '../services/holdfast/src/store.ts';
import { csvRows, holdfast, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';
import { type Serving, start } from './faults/served-trial.ts';

const trial = 'DEMO-2X2';
const participants = 16;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let key: string;
let archived: readonly string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  [data, key] = [join(folder.path, 'store'), join(folder.path, 'a.key')];
  const text = await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8');
  const protocol = parseProtocol(text.replace('plannedParticipants: 280', `plannedParticipants: ${participants}`));
  const scenario = parseScenario(await readFile(join(root, 'schemas/examples/scenarios/demo.yaml'), 'utf8'));
  if (!protocol.ok || !scenario.ok) throw new Error('the examples cannot be read');
  const entered = simulateTrial(protocol.value, { ...scenario.value, participants });
  await openStore({ data, key: [] }, 'create', async ({ log }) => publishProtocol(log, protocol.value));
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, trial, key));
  await openStore({ data, key: [key] }, 'write', async (store) => {
    const { log, trials, keys, folders } = store;
    const door = await openDoor({ log, trials, now: () => new Date('2026-10-01T00:00:00Z') });
    await door.admit(entered.map(({ event }) => door.judge(event)).filter((verdict) => verdict.accepted));
    await door.turnDay(trial, dateOf((entered.at(-1)?.day ?? 0) + 400));
    const aggregate = startAggregate({ log, keys, shards: folders.shards, batchRecords: 10_000 });
    await aggregate.keep(chooseTrial(store, trial));
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
  });
  const segments = await openStore({ data, key: [] }, 'write', async (store) => {
    const ask = (name: string) =>
      createCut(store, chooseTrial(store, trial), { name, asOf: undefined, cutOff: undefined });
    return [await ask('C1'), await ask('C2')].map((cut) => cut.segments.map((segment) => segment.key));
  });
  archived = (segments[1] ?? []).filter((one) => !segments[0]?.includes(one));
}, 120_000);
afterAll(() => folder.remove());

const serving: Serving[] = [];
afterEach(async () => {
  for (const one of serving.splice(0)) {
    one.kill('SIGTERM');
    await one.ended;
  }
});

async function serveReports(...options: readonly string[]): Promise<Serving> {
  const one = start(['serve', 'report', '--port', '0', '--data', data, ...options]);
  serving.push(one);
  await vi.waitFor(async () => expect((await fetch(`${one.url()}/readyz`)).status).toBe(200), { timeout: 30_000 });
  return one;
}

const run = async (...words: readonly string[]) =>
  csvRows((await succeed(['report', ...words, '--data', data, '--format', 'csv'])).stdout);
const listed = async (report: string, ...options: readonly string[]) =>
  (await run('list', ...options)).find((row) => row.report === report);

test('a report is made by the service that runs, and is the one that is made without it; the blinded see nothing of closed ones', async () => {
  const [here] = await run('run', '--kind', 'status', '--cut', 'C1');
  await mkdir(join(data, 'closed', 'jobs'), { recursive: true });
  await writeFile(join(data, 'closed', 'jobs', 'dsmb-closed-C0-0123456789ab.json'), '{"id":"dsmb-closed-C0"}'); // of no version
  const service = await serveReports('--key', key);
  expect(await run('run', '--kind', 'status', '--cut', 'C1')).toEqual([here]);
  expect(service.logged()).toContain(`"report":"${here?.report}"`);
  const [queued] = await run('run', '--kind', 'dsmb-closed', '--cut', 'C1', '--no-wait', '--key', key);
  const job = queued?.report ?? '';
  expect(await listed(job)).toBeUndefined();
  expect((await holdfast(['report', 'cancel', job, '--data', data])).stderr).toContain('no report');
  const [closed] = await run('run', '--kind', 'dsmb-closed', '--cut', 'C1', '--key', key);
  expect(closed?.report).toMatch(/^dsmb-closed-C1-[0-9a-f]{16}$/);
  const metrics = await (await fetch(`${service.url()}/metrics`)).text();
  expect(`${metrics}${service.logged()}`).not.toContain('dsmb-closed');
  expect(metrics).toContain('holdfast_report_jobs{state="running"} 0');
  expect(service.logged()).toContain('not a job of this version');
  service.kill('SIGTERM');
  expect(await service.ended).toBe(0);
}, 120_000);

test('what cannot be made says why, where people look; it is made when that is mended, and asked for again', async () => {
  const [segment = ''] = archived;
  const [there, away] = [join(data, 'objects', segment), join(folder.path, 'away')];
  await rename(there, away);
  const service = await serveReports();
  const failed = await holdfast(['report', 'run', '--kind', 'dsmb-open', '--cut', 'C2', '--data', data]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/given up: .*lacks archive segment .*restore it from a backup; `holdfast report again/);
  const [job = ''] = /dsmb-open-C2-[0-9a-f]{12}/.exec(failed.stderr) ?? [];
  expect(await listed(job)).toMatchObject({
    state: 'given-up',
    reason: expect.stringContaining('lacks archive segment'),
  });
  expect(await (await fetch(`${service.url()}/metrics`)).text()).toContain('holdfast_report_jobs{state="given-up"} 1');
  await rename(away, there);
  await run('again', job);
  await vi.waitFor(async () => expect(await listed(job)).toBeUndefined(), { timeout: 30_000, interval: 500 });
  // A closed one needs the key where it is made, too; who has none does not even see that it failed.
  const closed = await holdfast(['report', 'run', '--kind', 'outcome', '--cut', 'C2', '--data', data, '--key', key]);
  expect(closed.stderr).toMatch(/given up: .*needs its key, which the report service was not given/);
  const [outcome = ''] = /outcome-C2-[0-9a-f]{12}/.exec(closed.stderr) ?? [];
  expect(await listed(outcome)).toBeUndefined();
  expect(await listed(outcome, '--key', key)).toMatchObject({ state: 'given-up', closed: 'yes' });
  expect(service.logged()).not.toContain('outcome');
}, 120_000);

test('what was queued while nobody ran is made by who starts, and what was cancelled is not', async () => {
  const [wanted] = await run('run', '--kind', 'site', '--site', 'GB-01', '--cut', 'C1', '--no-wait');
  const [unwanted] = await run('run', '--kind', 'site', '--site', 'GB-02', '--cut', 'C1', '--no-wait');
  await run('cancel', unwanted?.report ?? '');
  await serveReports();
  await vi.waitFor(async () => expect(await listed(wanted?.report ?? '')).toBeUndefined(), {
    timeout: 30_000,
    interval: 500,
  });
  const reports = await run('list');
  expect(
    reports
      .filter(({ kind }) => kind === 'site')
      .map(({ site, state }) => `${site} ${state}`)
      .sort(),
  ).toEqual(['GB-01 kept', 'GB-02 cancelled']);
}, 120_000);
