import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createTrialKey } from '@holdfast/access';
import { startAggregate } from '@holdfast/aggregate';
import { canonicalJson, dateOf, type Protocol, parseProtocol, sha256 } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import type { Job } from '@holdfast/jobs';
import { embeddedJobQueue } from '@holdfast/jobs/embedded';
import { type ObjectStore, openObjects } from '@holdfast/objects';
import {
  dueHandlers,
  keepReport,
  listDeliveries,
  listReports,
  madeSlots,
  makeCut,
  makeDue,
  recordCancelled,
  reportFilesOf,
  slotNamed,
  startDueClock,
} from '@holdfast/report';
import { parseScenario, simulateTrial } from '@holdfast/simulate';
import { listCuts, type PublishedTrial, publishProtocol, readTrials } from '@holdfast/trials';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { backUp } from '../services/holdfast/src/backup.ts';
import { createKey } from '../services/holdfast/src/commands/keys.ts';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { chooseTrial, openStore, type Store } from '../services/holdfast/src/store.ts';
import { holdfast, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';
import { renderedHere } from './rendered-here.ts';

const trial = 'DEMO-2X2';
const planned = 12;

const weekly = '{ id: status, report: status, when: { cron: "0 7 * * 1" }, deliverTo: [office] }';
const half = '{ id: half, report: outcome, dummy: true, when: { mature: 0.5, measure: alcohol-abstinence } }';
const sites = '{ id: sites, report: site, sites: [GB-01, GB-02], when: { cron: "0 7 3 8 *" } }';

/** The demo's trial, small, with reports on schedule. */
async function protocolOf(version: number, ...schedules: readonly string[]): Promise<Protocol> {
  const text = await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8');
  const small = text
    .replace('plannedParticipants: 280', `plannedParticipants: ${planned}`)
    .replace('version: 1', `version: ${version}`);
  const reports = schedules.length === 0 ? '' : `\nreports:\n${schedules.map((one) => `  - ${one}\n`).join('')}`;
  const parsed = parseProtocol(small + reports);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let key: string;
const inStore = <T>(work: (store: Store) => Promise<T>) => openStore({ data, key: [key] }, 'write', work);

beforeAll(async () => {
  folder = await temporaryFolder();
  [data, key] = [join(folder.path, 'store'), join(folder.path, 'a.key')];
  // Declared on 20 July; on another day of the week from 5 August on.
  await openStore({ data, key: [] }, 'create', async ({ log }) => {
    await publishProtocol(log, await protocolOf(1), new Date('2026-01-05T09:00:00Z'));
    await publishProtocol(log, await protocolOf(2, weekly, half, sites), new Date('2026-07-20T09:00:00Z'));
    await publishProtocol(
      log,
      await protocolOf(3, weekly.replace('* 1"', '* 2"'), half, sites),
      new Date('2026-08-05T09:00:00Z'),
    );
  });
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, trial, key));
  const scenario = parseScenario(await readFile(join(root, 'schemas/examples/scenarios/demo.yaml'), 'utf8'));
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.problems));
  const entered = simulateTrial(await protocolOf(1), { ...scenario.value, participants: planned });
  await inStore(async ({ log, trials, keys, folders, ...store }) => {
    const door = await openDoor({ log, trials, now: () => new Date('2026-07-30T12:00:00Z') });
    const accepted = entered.flatMap(({ event }) => {
      const verdict = door.judge(event);
      return verdict.accepted ? [verdict] : [];
    });
    await door.admit(accepted);
    await door.turnDay(trial, dateOf((entered.at(-1)?.day ?? 0) + 400));
    const aggregate = startAggregate({ log, keys, shards: folders.shards, batchRecords: 10_000 });
    await aggregate.keep(chooseTrial({ ...store, log, trials, keys, folders }, trial));
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
  });
}, 120_000);
afterAll(() => folder.remove());

let jobs: string;
beforeEach(async () => {
  jobs = join(folder.path, 'jobs');
  await rm(jobs, { recursive: true, force: true });
});

async function publishedIn({ log }: Store): Promise<PublishedTrial> {
  const published = (await readTrials(log)).get(trial);
  if (published === undefined) throw new Error('it is not published');
  return published;
}

/** What two clocks side by side have queued by then. */
async function queuedAt(store: Store, at: string): Promise<readonly string[]> {
  const queues = [embeddedJobQueue({ dir: jobs }), embeddedJobQueue({ dir: jobs })];
  const failures: unknown[] = [];
  const clocks = await Promise.all(
    queues.map((queue) =>
      startDueClock({
        store: async () => store,
        queue,
        now: () => new Date(at),
        onFailed: (_, error) => failures.push(error),
      }),
    ),
  );
  for (const clock of clocks) await clock.stop();
  const found = (await queues[0]?.list())?.map(({ id }) => id).sort() ?? [];
  for (const queue of queues) await queue.close();
  expect(failures).toEqual([]);
  return found;
}

const named = (...slots: readonly string[]) => slots.map((slot) => `due-${trial}__${slot}`);
const declaredHalf = {
  ...{ id: 'half', report: 'outcome', dummy: true },
  when: { mature: 0.5, measure: 'alcohol-abstinence' },
};
const halfMature = `half-mature-500-${sha256(canonicalJson(declaredHalf)).slice(0, 8)}`;
const due = [
  halfMature,
  'sites-20260803T0600Z',
  'status-20260727T0600Z',
  'status-20260803T0600Z',
  'status-20260811T0600Z',
];

test('what is due are the slots of each schedule since it was published, as long as it was in force, and what is mature', async () => {
  await inStore(async (store) => {
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toEqual(named(...due));
    await rm(jobs, { recursive: true }); // the queue was emptied
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toEqual(named(...due));
  });
});

test('a slot has one cut, as of the day before and by the protocol in force then, and one report, whoever makes it how often; then it is delivered', async () => {
  await inStore(async (store) => {
    const published = await publishedIn(store);
    const slot = slotNamed(published, 'status-20260803T0600Z');
    let rendered = 0;
    const make = () =>
      makeDue(store, published, slot, async (cut, asked) => {
        rendered += 1;
        return keepReport(store, await renderedHere(store, cut, asked));
      });
    const [first, second] = await Promise.all([make(), make()]);
    expect(second).toEqual(first);
    const before = rendered;
    expect(await make()).toEqual(first);
    expect(rendered).toBe(before);
    const cuts = await listCuts(store.objects, trial);
    // Version 3 was published two days after the slot, and before the cut was made.
    expect(cuts.map(({ name, asOf, protocol }) => ({ name, asOf, version: protocol.version }))).toEqual([
      { name: slot.name, asOf: '2026-08-02', version: 2 },
    ]);
    const reports = await listReports(store, trial, expect.unreachable);
    expect(reports.map(({ id }) => id)).toEqual(first.reports);
    expect(reports[0]?.manifest).toMatchObject({
      cut: { name: slot.name },
      slot: { name: slot.name, schedule: 'status', at: '2026-08-03T06:00:00.000Z' },
    });
    // Made and not sent: sending it is what comes back.
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toEqual([
      ...named(...due.filter((name) => name !== slot.name)),
      `send-${trial}__status-20260803T0600Z__office`,
    ]);
  });
}, 120_000);

test('site reports are one of each site; a rehearsal is open, and tells the primary estimand', async () => {
  await inStore(async (store) => {
    const published = await publishedIn(store);
    const asked: string[] = [];
    const make = (name: string) =>
      makeDue(store, published, slotNamed(published, name), async (cut, report) => {
        asked.push(`${report.kind} ${report.site ?? 'all'} ${cut.asOf}`);
        if (report.kind === 'site') return { id: `site-${report.site}` };
        return keepReport(store, await renderedHere(store, cut, report));
      });
    await make('sites-20260803T0600Z');
    const { reports } = await make(halfMature);
    expect(asked).toEqual(['site GB-01 2026-08-02', 'site GB-02 2026-08-02', 'outcome all null']);
    const rehearsal = (await listReports(store, trial, expect.unreachable)).find(({ id }) => id === reports[0]);
    if (rehearsal === undefined) throw new Error('it was not kept');
    const csv = (await reportFilesOf(store, rehearsal)).get('DUMMY-declared-estimands.csv');
    expect(new TextDecoder().decode(csv)).toContain('Ketamine + therapy; Ketamine + education');
    const open = [];
    for await (const { slot } of madeSlots(store.objects, trial)) open.push(slot);
    expect(open).toEqual(expect.arrayContaining([halfMature, 'sites-20260803T0600Z']));
    const closed = [];
    for await (const { slot } of madeSlots(await openObjects(store.places.closedObjects), trial)) closed.push(slot);
    expect(closed).toEqual([]);
  });
}, 120_000);

test('a cut of the slot’s name that somebody made otherwise is not taken for the slot’s', async () => {
  await inStore(async (store) => {
    const published = await publishedIn(store);
    const slot = slotNamed(published, 'status-20260811T0600Z');
    await makeCut(store, published, { name: slot.name, asOf: undefined, cutOff: undefined });
    const made = makeDue(store, published, slot, () => expect.unreachable('it was made'));
    await expect(made).rejects.toMatchObject({ retryable: false, message: /by hand/ });
    for (const name of [slot.name, halfMature]) {
      const byHand = createCut(store, published, { name, asOf: undefined, cutOff: undefined });
      await expect(byHand).rejects.toThrow(/due on schedule; choose another name/);
    }
    expect(() => slotNamed(published, 'status-20260804T0600Z')).toThrow(/no version .* declares/);
    expect(() => slotNamed(published, 'other-mature-500')).toThrow(/no version .* declares/);
  });
});

test('a slot that was cancelled is not queued again, also when the queue was emptied, until it is asked for', async () => {
  jobs = join(data, 'closed', 'jobs');
  const [id = ''] = named('status-20260811T0600Z');
  await inStore(async (store) => {
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toContain(id);
    await succeed(['report', 'cancel', id, '--data', data]);
    await rm(jobs, { recursive: true });
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).not.toContain(id);
    const { stdout } = await succeed(['report', 'again', id, '--data', data, '--format', 'csv']);
    expect(stdout).toContain(`${id},status,,status-20260811T0600Z,no,,waiting`);
    await rm(jobs, { recursive: true });
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toContain(id);
  });
});

test('a slot that was given up can be cancelled: else it would come back', async () => {
  jobs = join(data, 'closed', 'jobs');
  const [id = ''] = named('status-20260727T0600Z');
  await inStore(async (store) => {
    expect(await queuedAt(store, '2026-08-14T12:00:00Z')).toContain(id);
    const queue = embeddedJobQueue({ dir: jobs });
    const refused = async () => {
      throw Object.assign(new Error('never'), { retryable: false });
    };
    const worker = await queue.work(
      { due: refused },
      { atOnce: 4, onTrouble: (error) => expect.unreachable(String(error)) },
    );
    await vi.waitFor(async () => expect(await queue.find(id)).toMatchObject({ state: 'given-up' }), 20_000);
    await worker.stop(1_000);
    await queue.close();
    const { stderr } = await succeed(['report', 'cancel', id, '--data', data]);
    expect(stderr).toContain('not tried again');
    expect(await queuedAt(store, '2026-08-15T12:00:00Z')).toContain(id); // as given up: the queue remembers it
    await rm(jobs, { recursive: true });
    expect(await queuedAt(store, '2026-08-15T12:00:00Z')).not.toContain(id);
    await succeed(['report', 'again', id, '--data', data]);
  });
});

test('a backup holds what of closed reports was cancelled: restored, they are not sent', async () => {
  await inStore(async (store) => {
    const job = { id: 'due-closed', kind: 'due', data: { trial, closed: 1 } } as unknown as Job;
    await recordCancelled(store, job, 'somebody');
  });
  const out = join(folder.path, 'backup');
  await backUp(data, out);
  const closed = await openObjects({ kind: 'folder', dir: join(out, 'closed', 'objects') });
  expect(await closed.head(`cancelled/${trial}/due-closed.json`)).toBeDefined();
});

test('of a closed report nothing is folded among the open objects, nor by one key what another would fold', async () => {
  await inStore(async (store) => {
    const cut = await makeCut(store, await publishedIn(store), { name: 'closed', asOf: undefined, cutOff: undefined });
    const asked = { kind: 'dsmb-closed', site: undefined, dummySeed: undefined } as const;
    const closed = await openObjects(store.places.closedObjects);
    const folded = async (shelf: ObjectStore) => {
      const names: string[] = [];
      for await (const name of shelf.list(`folds/${trial}/closed/`)) names.push(name);
      return names;
    };
    await renderedHere(store, cut, asked);
    expect(await folded(store.objects)).toEqual([]);
    const before = await folded(closed);
    expect(before).toHaveLength(2 * cut.marks.length);
    const keys = new Map([[trial, (await createTrialKey(trial)).key]]);
    await renderedHere({ ...store, keys }, cut, asked).catch(() => undefined);
    expect((await folded(closed)).length).toBeGreaterThan(before.length);
  });
}, 120_000);

test('worked on, all that is due is made and sent; then nothing is due, also when the queue was emptied', async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    got.push(String(request.headers['holdfast-delivery']));
    response.writeHead(got.length === 1 ? 503 : 200).end(); // the first is told again
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const recipients = join(folder.path, 'recipients.yaml');
  const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await writeFile(
    recipients,
    `format: holdfast-recipients/1\nrecipients:\n  office: { webhook: "${hook}", secret: ${'s'.repeat(32)} }\n`,
  );
  await inStore(async (store) => {
    for await (const key of store.objects.list('cuts/')) if (key.includes('0811T')) await store.objects.remove(key);
    const at = new Date('2026-08-14T12:00:00Z');
    const queue = embeddedJobQueue({ dir: jobs, pollMs: 25 });
    const handlers = dueHandlers({
      store: async () => store,
      make: async (_, cut) => ({ id: `status-${cut.name}` }),
      delivery: {
        publicUrl: 'https://reports.example.org',
        linkSecrets: { open: 'o'.repeat(32), closed: undefined },
        ...{ linkDays: 14, recipients, smtp: undefined, mailFrom: undefined },
      },
      now: () => at,
    });
    await queue.work(handlers, { atOnce: 2, onTrouble: (error) => expect.unreachable(String(error)) });
    const clock = await startDueClock({
      store: async () => store,
      queue,
      now: () => at,
      onFailed: (_, error) => expect.unreachable(String(error)),
    });
    const sent = async () => (await listDeliveries(store.objects, trial)).map(({ slot }) => slot);
    while ((await sent()).length < 3) {
      await pause(50);
      await clock.look();
    }
    await clock.stop();
    await queue.close();
    expect(await sent()).toEqual(['status-20260727T0600Z', 'status-20260803T0600Z', 'status-20260811T0600Z']);
    const cuts = (await listCuts(store.objects, trial)).filter(({ name }) => name.startsWith('status-'));
    expect(new Map(cuts.map(({ name, protocol }) => [name, protocol.version]))).toEqual(
      new Map([
        ['status-20260803T0600Z', 2],
        ['status-20260727T0600Z', 2],
        ['status-20260811T0600Z', 3],
      ]),
    );
    const { stdout: csv } = await succeed(['report', 'deliveries', '--format', 'csv', '--data', data]);
    expect(csv.match(/,office,sent,webhook,/g)).toHaveLength(3);
    expect(got).toHaveLength(4);
    expect(new Set(got).size).toBe(3);
    await rm(jobs, { recursive: true });
    expect(await queuedAt(store, at.toISOString())).toEqual([]);
  });
  server.close();
}, 120_000);

test('a report may not wait for what is made of sealed events: blinded people see when it is made', async () => {
  const file = join(folder.path, 'closed.yaml');
  const text = await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8');
  const closed = '  - { id: exposure, kind: exposure, horizon: 180 }';
  const waits = half.replace('measure: alcohol-abstinence', 'measure: exposure');
  await writeFile(file, `${text}\n${closed}\nreports:\n  - ${waits}\n`);
  const { code, stderr } = await holdfast(['protocol', 'check', file]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/half waits for exposure, which is made of sealed events/);
});
