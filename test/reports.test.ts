import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAggregate } from '@holdfast/aggregate';
import { dateOf, type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { analysisSetFiles, dealtArms, keepReport, listReports, reportFilesOf, writeOut } from '@holdfast/report';
import { type ReportKind, reportKinds } from '@holdfast/reports';
import type { ReportFile } from '@holdfast/reports/render';
import { parseScenario, type Scenario, simulateTrial } from '@holdfast/simulate';
import { type DataCut, publishProtocol, readCut } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '../services/holdfast/src/commands/keys.ts';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { withBoxesExchanged } from '../services/holdfast/src/demo/boxes-exchanged.ts';
import { chooseTrial, openStore, type Store } from '../services/holdfast/src/store.ts';
import { holdfast, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';
import { renderedHere } from './rendered-here.ts';

const trial = 'DEMO-2X2';
const participants = 80;

/** The demo's trial, smaller, with something of every section to measure. */
const more = `
  - { id: retention, kind: retention, title: Retention, windows: [28], horizon: 180 }
  - { id: visits-kept, kind: visits, title: Visits kept, horizon: 180 }
  - { id: exposure, kind: exposure, title: Doses and therapy, horizon: 180 }
  - { id: adverse-events, kind: adverse-events, title: Adverse events, horizon: 180 }
  - { id: suicidality, kind: suicidality, title: Suicidality, rise: 2, horizon: 180 }
  - { id: infusion-peaks, kind: vital-peaks, title: Peaks, severe: { systolic: 180, diastolic: 110 }, horizon: 180 }
  - { id: depression, kind: scale, title: Depression, instrument: HAM-D-17, at: [{ visit: W04 }, { visit: W12 }] }
`;

async function demoProtocol(planned: number): Promise<Protocol> {
  const text = await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8');
  const parsed = parseProtocol(text.replace('plannedParticipants: 280', `plannedParticipants: ${planned}`) + more);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

async function demoScenario(): Promise<Scenario> {
  const parsed = parseScenario(await readFile(join(root, 'schemas/examples/scenarios/demo.yaml'), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...parsed.value, participants };
}

type Entered = ReturnType<typeof simulateTrial>;
type Made = { readonly data: string; readonly key: string; readonly cut: DataCut };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let entered: Entered;
let made: Made;

/** Days until the end of the trial, and until everything is mature. */
const untilOver = (all: Entered) => (all.at(-1)?.day ?? 0) + 400;

/** Takes events in and folds them, in this thread. */
async function takeIn({ data, key }: Pick<Made, 'data' | 'key'>, events: Entered, until: number): Promise<void> {
  await openStore({ data, key: [key] }, 'write', async (store) => {
    const { log, trials, keys, folders } = store;
    const door = await openDoor({ log, trials, now: () => new Date('2027-06-01T00:00:00Z') });
    const accepted = events.flatMap(({ event }) => {
      const verdict = door.judge(event);
      return verdict.accepted ? [verdict] : [];
    });
    for (let i = 0; i < accepted.length; i += 5_000) await door.admit(accepted.slice(i, i + 5_000));
    await door.turnDay(trial, dateOf(until));
    const aggregate = startAggregate({ log, keys, shards: folders.shards, batchRecords: 10_000 });
    await aggregate.keep(chooseTrial(store, trial));
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
  });
}

const cutNow = (data: string, name: string): Promise<DataCut> =>
  openStore({ data, key: [] }, 'write', (store) =>
    createCut(store, chooseTrial(store, trial), { name, asOf: undefined, cutOff: undefined }),
  );

async function makeStore(name: string, protocol: Protocol, events: Entered): Promise<Made> {
  const [data, key] = [join(folder.path, name), join(folder.path, `${name}.key`)];
  await openStore({ data, key: [] }, 'create', async ({ log }) => publishProtocol(log, protocol));
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, trial, key));
  await takeIn({ data, key }, events, untilOver(events));
  return { data, key, cut: await cutNow(data, 'C1') };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const protocol = await demoProtocol(participants);
  entered = simulateTrial(protocol, await demoScenario());
  made = await makeStore('made', protocol, entered);
}, 300_000);
afterAll(() => folder.remove());

type Asked = { readonly site?: string; readonly dummySeed?: string; readonly keyed?: boolean };

const quiet = () => undefined;
const inStore = <T>({ data, key }: Made, keyed: boolean, work: (store: Store) => Promise<T>) =>
  openStore({ data, key: keyed ? [key] : [] }, 'read', work);

const rendered = (of: Made, kind: ReportKind, { site, dummySeed, keyed = false }: Asked = {}) =>
  inStore(of, keyed, (store) => renderedHere(store, of.cut, { kind, site, dummySeed }));

const known = new Map<string, Promise<readonly ReportFile[]>>();

/** As `rendered`, once for every test that asks for it. */
function report(of: Made, kind: ReportKind, asked: Asked = {}): Promise<readonly ReportFile[]> {
  const key = JSON.stringify([of.data, of.cut.name, kind, asked]);
  const files = known.get(key) ?? rendered(of, kind, asked);
  known.set(key, files);
  return files;
}

const unexpected = (why: string) => {
  throw new Error(why);
};

const digests = (files: readonly ReportFile[]) => Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256]));

function textOf(files: readonly ReportFile[], name: string): string {
  const file = files.find((one) => one.name === name);
  if (file === undefined) throw new Error(`there is no ${name}; there are ${files.map((one) => one.name).join(', ')}`);
  return new TextDecoder().decode(file.bytes);
}

/** The rows of a CSV of which no value has a comma, by its columns. */
function recordsOf(csv: string): Readonly<Record<string, string>>[] {
  const [head = [], ...rows] = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])));
}

describe('a report is a function of its cut', () => {
  test('rendered by another process, by the command line, it is the same bytes: PDF, HTML, every table and the manifest', async () => {
    expect(await inStore(made, true, (store) => readCut(store.objects, trial, 'C1'))).toEqual(made.cut);
    const here = await report(made, 'dsmb-closed', { keyed: true });
    const out = join(folder.path, 'out');
    await succeed([
      'report',
      'run',
      '--kind',
      'dsmb-closed',
      '--cut',
      'C1',
      '--data',
      made.data,
      '--key',
      made.key,
      '--out',
      out,
    ]);
    expect(here.length).toBeGreaterThan(40);
    for (const { name, bytes } of here)
      expect((await readFile(join(out, name))).equals(Buffer.from(bytes)), name).toBe(true);
    expect(textOf(here, 'dsmb-closed.pdf').slice(0, 5)).toBe('%PDF-');
  });

  test('its numbers are those of the command line, cell by cell', async () => {
    const of = ['--data', made.data, '--key', made.key, '--cut', 'C1', '--format', 'csv'];
    const [closed, outcome] = [
      await report(made, 'dsmb-closed', { keyed: true }),
      await report(made, 'outcome', { keyed: true }),
    ];
    const equal = async (files: readonly ReportFile[], name: string, args: readonly string[]) => {
      const { stdout } = await succeed([...args, ...of]);
      expect(textOf(files, name), name).toBe(stdout);
      expect(stdout.split('\n').length, name).toBeGreaterThan(2);
    };
    const abstinence = ['--measure', 'alcohol-abstinence'];
    await equal(outcome, 'policies-alcohol-abstinence-28.csv', [
      'rates',
      ...abstinence,
      '--by',
      'arm',
      '--missing',
      'all',
      '--day',
      '84,126,180',
    ]);
    await equal(closed, 'safety-adverse-events.csv', ['safety', '--measure', 'adverse-events', '--by', 'arm']);
    await equal(outcome, 'tipping-alcohol-abstinence-28-drug.csv', [
      'rates',
      ...abstinence,
      '--tipping',
      '--by',
      'drug',
      '--day',
      '180',
    ]);
    await equal(closed, 'sites.csv', ['sites']);
  }, 300_000);

  test('what its declared estimands come to are numbers of the command line, of the arms taken together', async () => {
    const of = ['--data', made.data, '--key', made.key, '--cut', 'C1', '--by', 'drug', '--day', '180'];
    const asked = async (args: readonly string[]) => {
      const { stdout } = await succeed([...args, ...of, '--format', 'csv']);
      const sides = recordsOf(stdout);
      const level = (name: string) => sides.find(({ group }) => group === `drug=${name}`) ?? unexpected(`no ${name}`);
      return [level('ketamine'), level('saline')] as const;
    };
    const [primary = {}, secondary = {}, ...more] = recordsOf(
      textOf(await report(made, 'outcome', { keyed: true }), 'declared-estimates.csv'),
    );
    expect(more).toEqual([]);
    const measure = (name: string) => ['--measure', name];
    const [free, control] = await asked(['rates', ...measure('alcohol-abstinence'), '--missing', 'missing-is-use']);
    expect(primary).toMatchObject({ n: free.assessable, events: free.abstinent, value: free.rate });
    expect(primary).toMatchObject({ against_n: control.assessable, against_events: control.abstinent });
    expect(primary).toMatchObject({ rank: 'primary', against_value: control.rate, method: 'newcombe' });
    expect(Number(primary.estimate)).toBeCloseTo(Number(free.rate) - Number(control.rate), 12);
    expect(Number(primary.n) + Number(primary.against_n)).toBeGreaterThan(participants / 2);
    const [without, others] = await asked(['survival', ...measure('heavy-drinking-relapse')]);
    expect(secondary).toMatchObject({ rank: 'secondary', value: without.survival, against_value: others.survival });
    expect(Number(secondary.estimate)).toBeCloseTo(Number(without.survival) - Number(others.survival), 12);
  }, 300_000);

  test('made before a correction it is the same after it, and a later cut gives another', async () => {
    const before = digests(await report(made, 'status'));
    const calendar = entered.find(({ event }) => event.type === 'org.holdfast.visit-attended.v1');
    if (calendar === undefined) throw new Error('nobody attended');
    const { event } = calendar;
    const correction = {
      ...event,
      id: 'corrected-once',
      type: 'org.holdfast.retraction.v1',
      data: { target: { source: event.source, id: event.id }, reason: 'entered by mistake', by: 'data manager' },
    } as unknown as HoldfastEvent;
    await takeIn(made, [{ day: 0, event: correction }], untilOver(entered));
    const later = await cutNow(made.data, 'C2');
    expect(digests(await rendered(made, 'status'))).toEqual(before);
    const after = await report({ ...made, cut: later }, 'status');
    expect(digests(after)['values-visits-kept.csv']).not.toBe(before['values-visits-kept.csv']);
  });

  test('is kept under a name of its content, once; closed ones are listed and shown with the key alone', async () => {
    const [open, closed] = [await report(made, 'status'), await report(made, 'outcome', { keyed: true })];
    await inStore(made, true, async (store) => {
      const kept = await keepReport(store, open);
      expect(await keepReport(store, open)).toEqual(kept);
      const { id, folder: where } = await keepReport(store, closed);
      expect(id).toMatch(/^outcome-C1-[0-9a-f]{16}$/);
      for await (const key of store.objects.list('reports/')) expect(key.startsWith(where)).toBe(false);
      const listed = await listReports(store, trial, unexpected);
      expect(listed.map((one) => one.id)).toEqual(expect.arrayContaining([id, kept.id]));
      expect([...(await reportFilesOf(store, kept)).keys()].sort()).toEqual(open.map(({ name }) => name).sort());
    });
    const blinded = await inStore(made, false, (store) => listReports(store, trial, unexpected));
    expect(blinded.some(({ manifest }) => manifest.isClosed)).toBe(false);
    expect(blinded.length).toBeGreaterThan(0);
  });
});

test('what another version kept is told in a line, and hides no other report', async () => {
  const status = await report(made, 'status');
  await inStore(made, false, async (store) => {
    const { id } = await keepReport(store, status);
    const manifest = JSON.parse(textOf(status, 'manifest.json')) as object;
    const newer = JSON.stringify({ ...manifest, kind: 'of-another-kind' });
    await store.objects.put(`reports/${trial}/newer/manifest.json`, new TextEncoder().encode(newer));
    const told: string[] = [];
    const listed = await listReports(store, trial, (why) => told.push(why));
    expect(listed.map((one) => one.id)).toContain(id);
    expect(told).toEqual([
      expect.stringMatching(/^report reports\/DEMO-2X2\/newer\/ .*does not know the kind of its manifest/),
    ]);
    await store.objects.remove(`reports/${trial}/newer/manifest.json`);
  });
});

test('files are written into a folder that holds nothing else, those of a closed report for its owner alone', async () => {
  const out = join(folder.path, 'closed-out');
  const files = [['a.csv', new Uint8Array([1])]] as const;
  await mkdir(out);
  await writeOut(out, { isClosed: true }, files);
  const rights = async (path: string) => (await stat(path)).mode & 0o777;
  expect([await rights(out), await rights(join(out, 'a.csv'))]).toEqual([0o700, 0o600]);
  await expect(writeOut(out, { isClosed: false }, files)).rejects.toThrow('closed-out is not empty');
});

describe('the blind', () => {
  test('an open report, and a rehearsal on dummy arms, are the same bytes whatever the sealed boxes hold, with the key or without', async () => {
    const protocol = await demoProtocol(participants);
    const swapped = await makeStore('exchanged', protocol, withBoxesExchanged(entered, protocol));
    // The hour is that of the test; what a cut holds is not.
    const exchanged = { ...swapped, cut: { ...swapped.cut, createdAt: made.cut.createdAt } };
    expect(exchanged.cut.openDigest).toBe(made.cut.openDigest);
    const asked: [ReportKind, Asked][] = [
      ['dsmb-open', {}],
      ['site', { site: 'GB-01' }],
      ['dsmb-closed', { dummySeed: 'a seed' }],
    ];
    for (const [kind, options] of asked) {
      const one = digests(await report(made, kind, options));
      expect(digests(await report(exchanged, kind, { ...options, keyed: true })), kind).toEqual(one);
    }
    // Nor does an analysis set without arms change, whoever asks for it.
    const openSet = async (of: Made, keyed: boolean) => {
      const files = await inStore(of, keyed, (store) =>
        analysisSetFiles(store, chooseTrial(store, trial), of.cut, false, quiet),
      );
      return Object.fromEntries(files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]));
    };
    expect(await openSet(exchanged, true)).toEqual(await openSet(made, false));
    const closed = (of: Made) => report(of, 'outcome', { keyed: true });
    expect(digests(await closed(exchanged))['outcome.pdf']).not.toBe(digests(await closed(made))['outcome.pdf']);
  }, 300_000);

  test('a report by arm is refused without the key, with what to do', async () => {
    const { code, stderr } = await holdfast(['report', 'run', '--kind', 'outcome', '--data', made.data]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/need the trial's key.*--dummy/);
  });

  test('while the trial runs a closed report shows safety by arm and nothing else, and an outcome report is refused', async () => {
    const running = await makeStore(
      'running',
      await demoProtocol(1_000),
      entered.filter(({ event }) => 'subject' in event && /[0-3]$/.test(event.subject)),
    );
    await expect(report(running, 'outcome', { keyed: true })).rejects.toThrow(/still running.*--dummy/);
    const closed = await report(running, 'dsmb-closed', { keyed: true });
    const names = closed.map(({ name }) => name);
    expect(names).toContain('safety-adverse-events.csv');
    expect(textOf(closed, 'safety-adverse-events.csv')).toContain('Ketamine + therapy');
    expect(names.filter((name) => /abstinence|survival|factorial|by-site|values|exposure/.test(name))).toEqual([]);
    for (const name of names.filter((one) => one.endsWith('.csv') && !one.startsWith('safety')))
      expect(textOf(closed, name), name).not.toContain('Ketamine');
  });

  test('a rehearsal says DUMMY in every file name and on its pages, and an open report tells no arm', async () => {
    const rehearsal = await report(made, 'dsmb-closed', { dummySeed: 'a seed' });
    for (const { name } of rehearsal) {
      expect(name).toMatch(/^DUMMY-/);
      if (name.endsWith('.svg')) expect(textOf(rehearsal, name), name).toContain('>DUMMY</text>');
    }
    expect(rehearsal.filter(({ name }) => name.includes('by-site'))).toEqual([]);
    expect(textOf(rehearsal, 'DUMMY-dsmb-closed.html')).toContain('<span class="mark">DUMMY</span>');
    for (const kind of reportKinds.filter((one) => one === 'dsmb-open' || one === 'status'))
      for (const { name, bytes } of await report(made, kind))
        if (!name.endsWith('.pdf') && !name.endsWith('.parquet')) {
          const said = new TextDecoder().decode(bytes);
          for (const arm of ['Ketamine + therapy', 'Saline', '"isClosed":true']) expect(said, name).not.toContain(arm);
        }
  });

  test('dealt arms are as many of each as there are, and hang on seed and ids alone', async () => {
    const protocol = await demoProtocol(participants);
    const ids = Array.from({ length: 41 }, (_, i) => `P${i}`);
    const dealt = dealtArms(protocol, ids, 'one');
    expect(dealtArms(protocol, [...ids].reverse(), 'one')).toEqual(dealt);
    expect(dealtArms(protocol, ids, 'two')).not.toEqual(dealt);
    const sizes = protocol.arms.map(({ id }) => [...dealt.values()].filter((arm) => arm === id).length);
    expect(sizes.toSorted()).toEqual([10, 10, 10, 11]);
  });
});

test('what cannot be reported is refused in one line', async () => {
  const empty = join(folder.path, 'empty');
  const file = join(folder.path, 'protocol.yaml');
  await writeFile(file, await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml')));
  await succeed(['protocol', 'publish', file, '--data', empty]);
  const refused = async (data: string, args: readonly string[]) => {
    const { code, stderr } = await holdfast(['report', 'run', '--data', data, ...args]);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await refused(empty, ['--kind', 'status'])).toContain('holdfast cut create');
  expect(await refused(made.data, ['--kind', 'site'])).toContain('--site');
});
