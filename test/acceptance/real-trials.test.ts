import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedFolder } from '../shared-data.ts';
import {
  csvRows,
  killAfter,
  loggedEvents,
  protocolWith,
  root,
  succeed,
  talliesDigest,
  temporaryFolder,
} from './holdfast.ts';

const shared = sharedFolder();
const examples = join(root, 'schemas/examples/ctn0094');
const mapping = join(examples, 'mapping.yaml');
const tables = join(shared ?? '', 'ctn/data/dev');
const trials = ['CTN-0027', 'CTN-0030'] as const;
const protocolFile = (trial: string) => join(examples, `${trial.toLowerCase()}.yaml`);
const reference = async (name: string) => csvRows(await readFile(join(shared ?? '', 'ctn/rates', name), 'utf8'));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let base: string;
const digests = new Map<string, string>();

/** A store with both trials published, in so many partitions. */
async function store(name: string, partitions = 4): Promise<string> {
  const data = join(folder.path, name);
  for (const trial of trials) {
    const text = await readFile(protocolFile(trial), 'utf8');
    const file = await protocolWith(join(folder.path, `${name}-${trial}.yaml`), text, [
      [/^partitions:.*$/m, `partitions: ${partitions}`],
    ]);
    await succeed(['protocol', 'publish', file, '--data', data]);
  }
  return data;
}

async function expectSameTallies(data: string): Promise<void> {
  for (const trial of trials) expect(await talliesDigest(data, trial)).toBe(digests.get(trial));
}

/** What a command answers, by key. */
async function answers(
  args: readonly string[],
  key: readonly string[],
  values: readonly string[],
): Promise<Map<string, string>> {
  const { stdout } = await succeed([...args, '--data', base, '--format', 'csv']);
  return new Map(
    csvRows(stdout).map((row) => [
      key.map((column) => row[column]).join('|'),
      values.map((column) => row[column]).join('|'),
    ]),
  );
}

const wanted = (rows: readonly Record<string, string>[], key: readonly string[], values: readonly string[]) =>
  new Map(
    rows.map((row) => [key.map((column) => row[column]).join('|'), values.map((column) => row[column]).join('|')]),
  );

describe.skipIf(shared === undefined)('two real trials, imported from their tables', () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    base = await store('base');
    await succeed(['import', mapping, tables, '--data', base]);
    for (const trial of trials) digests.set(trial, await talliesDigest(base, trial));
  }, 300_000);
  afterAll(() => folder.remove());

  test.each(trials)('%s: every rolling abstinence rate by arm is the reference’s, to the integer', async (trial) => {
    const rows = await reference('abstinence.csv');
    for (const window of ['7', '28']) {
      for (const missing of ['observed-only', 'missing-is-use']) {
        const selectors = [
          '--trial',
          trial,
          '--measure',
          'opioid-abstinence',
          '--window',
          window,
          '--missing',
          missing,
        ];
        const got = await answers(['rates', ...selectors, '--by', 'arm'], ['arm', 'day'], ['abstinent', 'assessable']);
        const here = rows.filter((row) => row.trial === trial && row.window_days === window && row.missing === missing);
        expect(got).toEqual(wanted(here, ['arm', 'study_day'], ['abstinent', 'assessable']));
      }
    }
  });

  test.each(trials)(
    '%s: every first-use rate, the rates by site, and every participant’s first use are the reference’s',
    async (trial) => {
      const lapse = (await reference('lapse_rate.csv')).filter((row) => row.trial === trial);
      for (const window of ['7', '28']) {
        const got = await answers(
          ['rates', '--trial', trial, '--measure', 'opioid-first-use', '--window', window, '--by', 'arm'],
          ['arm', 'day'],
          ['events', 'person_days'],
        );
        expect(got).toEqual(
          wanted(
            lapse.filter((row) => row.window_days === window),
            ['arm', 'study_day'],
            ['events', 'person_days'],
          ),
        );
      }
      const bySite = (await reference('abstinence_by_site_day84_window28_observed.csv')).filter(
        (row) => row.trial === trial,
      );
      const selectors = [
        '--trial',
        trial,
        '--measure',
        'opioid-abstinence',
        '--window',
        '28',
        '--missing',
        'observed-only',
        '--day',
        '84',
      ];
      const sites = await answers(
        ['rates', ...selectors, '--by', 'arm,site'],
        ['arm', 'site'],
        ['abstinent', 'assessable'],
      );
      const assessed = new Map([...sites].filter(([, counts]) => !counts.endsWith('|0')));
      expect(assessed).toEqual(wanted(bySite, ['arm', 'site'], ['abstinent', 'assessable']));
      const times = (await reference('time_to_lapse.csv')).filter((row) => row.trial === trial);
      const facts = await answers(
        ['facts', '--trial', trial, '--measure', 'opioid-first-use'],
        ['participant'],
        ['arm', 'site', 'day', 'event'],
      );
      expect(facts).toEqual(wanted(times, ['who'], ['arm', 'site', 'day', 'event']));
    },
  );

  test('explain tells of a cell of use, an abstinent and a missing one what the source tables say', async () => {
    const trial = 'CTN-0027';
    const selectors = ['--trial', trial, '--measure', 'opioid-abstinence', '--data', base];
    const facts = csvRows((await succeed(['facts', ...selectors, '--format', 'csv'])).stdout);
    const on84 = (kind: string) =>
      new Set(
        facts
          .filter((row) => row.kind === kind && row.window_days === '28' && row.missing === 'observed-only')
          .filter((row) => Number(row.from) <= 84 && Number(row.to) >= 84)
          .map((row) => row.participant ?? ''),
      );
    const [abstinent, assessable] = [on84('abstinent'), on84('assessable')];
    const everybody = (await reference('time_to_lapse.csv'))
      .filter((row) => row.trial === trial)
      .map((row) => row.who ?? '');
    const cells = [
      { status: 'ABSTINENT', who: [...abstinent][0] ?? '' },
      { status: 'USE', who: [...assessable].find((who) => !abstinent.has(who)) ?? '' },
      { status: 'MISSING', who: everybody.find((who) => !assessable.has(who)) ?? '' },
    ];
    const rows = async (name: string) => csvRows(await readFile(join(tables, name), 'utf8'));
    const dayZero = new Map(
      (await rows('randomization.csv')).filter((row) => row.which === '1').map((row) => [row.who, Number(row.when)]),
    );
    const positives = (await rows('uds.csv')).filter((row) => row.what === 'Opioid');
    for (const { status, who } of cells) {
      const { stdout } = await succeed([
        'explain',
        ...selectors,
        '--participant',
        who,
        '--day',
        '84',
        '--window',
        '28',
      ]);
      expect(stdout).toContain(`Judged: ${status}`);
      const last = (dayZero.get(who) ?? 0) + 84;
      const inTable = positives
        .filter((row) => row.who === who && Number(row.when) > last - 28 && Number(row.when) <= last)
        .map((row) => Number(row.when));
      const said = [...stdout.matchAll(/day (\d+) since consent\): opioid USE/g)].map(([, day]) => Number(day));
      expect(said.sort((a, b) => a - b)).toEqual([...new Set(inTable)].sort((a, b) => a - b));
      if (status === 'MISSING') expect(stdout).toMatch(/nearest evidence|there is no evidence/);
    }
  });

  test('importing twice adds nothing to any tally', async () => {
    await succeed(['import', mapping, tables, '--data', base]);
    await expectSameTallies(base);
  }, 300_000);

  test.each([1, 7])(
    'in %i partitions the tallies are the same',
    async (partitions) => {
      const data = await store(`partitions-${partitions}`, partitions);
      await succeed(
        ['import', mapping, tables, '--data', data],
        partitions === 7 ? { HOLDFAST_BATCH_RECORDS: '700' } : {},
      );
      await expectSameTallies(data);
    },
    300_000,
  );

  test('replaying the log gives the same tallies, and its hash chains are intact', async () => {
    const { stdout } = await succeed(['replay', '--data', base]);
    expect(stdout.match(/equal, bit for bit/g)).toHaveLength(2);
    await expectSameTallies(base);
    const verified = await succeed(['verify', '--data', base, '--format', 'csv']);
    expect(csvRows(verified.stdout).map((row) => row.verdict)).toEqual(Array.from({ length: 8 }, () => 'intact'));
  }, 300_000);

  test('all events shuffled, and each sent twice, give the same tallies', async () => {
    const data = await store('shuffled');
    for (const trial of trials) {
      const lines = (await loggedEvents(base, trial)).flatMap((line) => [line, line]);
      // A fixed shuffle: each line to the place that a multiplicative hash of its number gives it.
      const place = lines.map((_, index) => Math.imul(index + 1, 2_654_435_761) >>> 0);
      const order = lines.map((_, index) => index).sort((a, b) => (place[a] ?? 0) - (place[b] ?? 0));
      const file = join(folder.path, `${trial}.ndjson`);
      await writeFile(file, order.map((index) => `${lines[index]}\n`).join(''));
      await succeed(['ingest', '--replay', file, '--data', data]);
    }
    await expectSameTallies(data);
  }, 600_000);

  test('killed -9 at ten random instants and repeated by the same command, the import ends with the same tallies', async () => {
    const data = await store('killed');
    const instants = Array.from({ length: 10 }, () => Math.round(500 + Math.random() * 7_500));
    console.log(`kill -9 after ${instants.join(', ')} ms`);
    for (const instant of instants) await killAfter(['import', mapping, tables, '--data', data], instant);
    await succeed(['import', mapping, tables, '--data', data]);
    await expectSameTallies(data);
    await succeed(['verify', '--data', data]);
  }, 600_000);

  test('a third trial of the same tables imports with nothing but a protocol of its own', async () => {
    // The tables of CTN-0030 renamed to a trial that no file of ours has heard of.
    const data = join(folder.path, 'third');
    const third = join(folder.path, 'tables');
    const { cp } = await import('node:fs/promises');
    await cp(tables, third, { recursive: true });
    const everybody = await readFile(join(third, 'everybody.csv'), 'utf8');
    await writeFile(
      join(third, 'everybody.csv'),
      everybody.replaceAll(/,30$/gm, ',77').replaceAll(/,"30"$/gm, ',"77"'),
    );
    const text = await readFile(protocolFile('CTN-0030'), 'utf8');
    const file = await protocolWith(join(folder.path, 'ctn-0077.yaml'), text, [[/^trial:.*$/m, 'trial: CTN-0077']]);
    await succeed(['protocol', 'publish', file, '--data', data]);
    const { stdout } = await succeed(['import', mapping, third, '--data', data, '--format', 'csv']);
    expect(stdout).toContain('CTN-0027');
    const rates = async (store: string, trial: string) =>
      csvRows(
        (
          await succeed([
            'rates',
            '--data',
            store,
            '--trial',
            trial,
            '--measure',
            'opioid-abstinence',
            '--by',
            'arm,site',
            '--format',
            'csv',
          ])
        ).stdout,
      ).map(({ trial: _, ...row }) => row);
    expect(await rates(data, 'CTN-0077')).toEqual(await rates(base, 'CTN-0030'));
  }, 300_000);
});
