import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { foldVersion } from '@holdfast/outcomes';
import { storeFolders } from '@holdfast/runtime';
import { type CellTally, encodeTallyRecord, groupsText, inParts } from '@holdfast/tallies';
import { readTrials, topicsOf } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, csvRows, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const protocol = (trial: string, blinding: string, population = '') => `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial whose tallies are written by hand
blinding: ${blinding}
clock: imported
partitions: 1
plannedFollowUp: 200
arms:
  - { id: KT, factors: { drug: ketamine, therapy: therapy } }
  - { id: KE, factors: { drug: ketamine, therapy: education } }
  - { id: ST, factors: { drug: saline, therapy: therapy } }
  - { id: SE, control: true, factors: { drug: saline, therapy: education } }
sites: [A, B]
substances: [{ id: alcohol }]
populations: [{ id: dosed, requires: dose }]
groups: [{ id: severity, by: { covariate: severity } }]
measures:
  - { id: abstinent-days, kind: days-of-use, counts: abstinent, substances: [alcohol], evidence: self-report-only, over: [{ from: 1, to: 28 }, { from: 113, to: 140 }, { from: 29, to: 56 }], horizon: 200, policies: [missing-is-use]${population} }
  - { id: no-heavy, kind: no-heavy-days, heavy: { atLeastGrams: 60 }, substances: [alcohol], evidence: self-report-only, over: [{ from: 1, to: 28 }], horizon: 200${population} }
  - { id: first, kind: first-use, substances: [alcohol], evidence: self-report-only, windows: [28], horizon: 200 }
`;

type Row = Readonly<Record<string, string>>;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
const rows = async (...words: readonly string[]): Promise<Row[]> =>
  csvRows((await succeed([...words, '--data', data, '--trial', 'VALUES-1', '--format', 'csv'])).stdout);
const refused = async (...words: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await holdfast([...words, '--data', data]);
  expect(code).not.toBe(0);
  expect(stdout).toBe('');
  return stderr;
};

/** A cell of values, `[value, participants, value, participants, …]`. */
const values = (
  measure: string,
  kind: string,
  item: string,
  of: number,
  arm: string,
  days: number[],
  rest: Partial<CellTally> = {},
): CellTally => ({
  ...{ measure, kind, item, of, arm, days, window: 0, policy: 'observed-only', axis: 'study', site: 'A' },
  group: groupsText({ severity: 'mild' }),
  ...rest,
});
const due = (measure: string, item: string, arm: string, count: number, rest: Partial<CellTally> = {}): CellTally =>
  values(measure, 'due', item, 1, arm, [1, count], { policy: '', ...rest });

const severe = { site: 'B', group: groupsText({ severity: 'severe' }) };
const cells: CellTally[] = [
  // KT: shares 7/28 and 21/28 at site A, 10/20 twice at site B; KE 0; ST 1/4, 1/2; SE 1/2, 1, 1.
  values('abstinent-days', 'days', '1-28', 28, 'KT', [7, 1, 21, 1], { policy: 'missing-is-use' }),
  values('abstinent-days', 'days', '1-28', 20, 'KT', [10, 2], { policy: 'missing-is-use', ...severe }),
  values('abstinent-days', 'days', '1-28', 28, 'KT', [28, 1]),
  values('abstinent-days', 'days', '1-28', 28, 'KE', [0, 2], { policy: 'missing-is-use' }),
  values('abstinent-days', 'days', '1-28', 28, 'ST', [7, 1, 14, 1], { policy: 'missing-is-use' }),
  values('abstinent-days', 'days', '1-28', 28, 'SE', [14, 1, 28, 2], { policy: 'missing-is-use' }),
  values('abstinent-days', 'days', '29-56', 28, 'KT', [14, 1], { policy: 'missing-is-use' }),
  values('abstinent-days', 'days', '113-140', 28, 'KT', [28, 1], { policy: 'missing-is-use' }),
  due('abstinent-days', '1-28', 'KT', 3),
  due('abstinent-days', '1-28', 'KT', 2, severe),
  due('abstinent-days', '1-28', 'SE', 4),
  values('no-heavy', 'no-heavy-days', '1-28', 1, 'KT', [0, 1, 1, 3]),
  values('no-heavy', 'no-heavy-days', '1-28', 1, 'KE', [0, 2, 1, 2]),
  values('no-heavy', 'no-heavy-days', '1-28', 1, 'ST', [1, 4]),
  values('no-heavy', 'no-heavy-days', '1-28', 1, 'SE', [0, 3, 1, 1]),
];

/** What a shard would claim of the trial. */
async function claim(): Promise<void> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir });
  const published = (await readTrials(log)).get('VALUES-1');
  if (published === undefined) throw new Error('VALUES-1 is not published');
  const said = {
    ...{ kind: 'claim' as const, owner: 'by hand', sequence: 1, offset: 0, asOf: '2026-01-01' },
    ...{ protocolVersion: 1, foldVersion, chain: 'f'.repeat(64), cells },
  } as const;
  const records = inParts(said).map((part) => ({ key: '0', value: encodeTallyRecord(part), partition: 0 }));
  await log.append(topicsOf(published.protocol).closedTallies.name, records);
  await log.close();
}

beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, 'store');
  for (const [trial, text] of [
    ['VALUES-1', protocol('VALUES-1', 'open')],
    ['BLIND-1', protocol('BLIND-1', 'double', ', population: dosed')],
  ] as const) {
    const file = join(folder.path, `${trial}.yaml`);
    await writeFile(file, text);
    await succeed(['protocol', 'publish', file, '--data', data]);
  }
  await claim();
}, 120_000);
afterAll(() => folder.remove());

const t = { 3: 3.182446305284263, 2: 4.302652729911275, 1: 12.706204736432095 } as const;

describe('endpoints', () => {
  test('sums the values of a stretch up, by arm, with those for whom it has come due', async () => {
    const words = ['endpoints', '--measure', 'abstinent-days', '--item', '1-28', '--by', 'arm', '--format', 'csv'];
    const text = (await succeed([...words, '--data', data, '--trial', 'VALUES-1'])).stdout;
    expect(text.split(/\r?\n/)[0]).toBe(
      'trial,measure,kind,item,missing,arm,site,group,due,n,sum,mean,sd,median,lower_quartile,upper_quartile,minimum,maximum,lower,upper,method',
    );
    const [kt, ke, st, se, ...more] = csvRows(text);
    expect(more).toEqual([]);
    // 0.25, 0.5, 0.5, 0.75: mean 0.5, sd √(0.125 / 3), quartiles of type 7 at positions 0.75 and 2.25.
    const sd = Math.sqrt(0.125 / 3);
    expect(kt).toMatchObject({ kind: 'days', item: '1-28', missing: 'missing-is-use', arm: 'KT', due: '5', n: '4' });
    expect(kt).toMatchObject({ sum: '2', mean: '0.5', median: '0.5', minimum: '0.25', maximum: '0.75', method: 't' });
    expect(Number(kt?.sd)).toBeCloseTo(sd, 12);
    expect([kt?.lower_quartile, kt?.upper_quartile]).toEqual(['0.4375', '0.5625']);
    expect(Number(kt?.lower)).toBeCloseTo(0.5 - (t[3] * sd) / 2, 9);
    expect(Number(kt?.upper)).toBeCloseTo(0.5 + (t[3] * sd) / 2, 9);
    expect(ke).toMatchObject({ arm: 'KE', due: '0', n: '2', sum: '0', mean: '0', sd: '0', lower: '', upper: '' });
    expect(st).toMatchObject({ arm: 'ST', n: '2', mean: '0.375' });
    expect(Number(st?.lower)).toBeCloseTo(0.375 - (t[1] * Math.sqrt(0.03125)) / Math.sqrt(2), 9);
    expect(Number(se?.mean)).toBeCloseTo(5 / 6, 12);
    expect(Number(se?.upper)).toBeCloseTo(5 / 6 + (t[2] * Math.sqrt(1 / 12)) / Math.sqrt(3), 9);
  });

  test('by site, group and factor; whoever is nowhere has a row without numbers', async () => {
    const asked = ['endpoints', '--measure', 'abstinent-days', '--item', '1-28', '--by'];
    const bySite = await rows(...asked, 'site,severity');
    expect(bySite.map(({ site, group, due: d, n, mean }) => [site, group, d, n, mean])).toEqual([
      ['A', 'severity=mild', '7', '9', String((0.25 + 0.75 + 0 + 0 + 0.25 + 0.5 + 0.5 + 1 + 1) / 9)],
      ['A', 'severity=severe', '0', '0', ''],
      ['B', 'severity=mild', '0', '0', ''],
      ['B', 'severity=severe', '2', '2', '0.5'],
    ]);
    expect((await rows(...asked, 'drug')).map(({ group, n }) => [group, n])).toEqual([
      ['drug=ketamine', '6'],
      ['drug=saline', '5'],
    ]);
  });

  test('without a measure all that give values; items in their order, declared policies, or all of them', async () => {
    const all = await rows('endpoints');
    expect(all.map(({ measure, kind, item, missing }) => [measure, kind, item, missing])).toEqual([
      ['abstinent-days', 'days', '1-28', 'missing-is-use'],
      ['abstinent-days', 'days', '113-140', 'missing-is-use'],
      ['abstinent-days', 'days', '29-56', 'missing-is-use'],
      ['no-heavy', 'no-heavy-days', '1-28', 'observed-only'],
    ]);
    const policies = await rows('endpoints', '--measure', 'abstinent-days', '--item', '1-28', '--missing', 'all');
    expect(policies.map(({ missing, n }) => [missing, n])).toEqual([
      ['missing-is-use', '11'],
      ['observed-only', '1'],
    ]);
  });

  test('what only says yes or no has a proportion for its mean, with Wilson’s interval', async () => {
    const [kt, , st] = await rows('endpoints', '--measure', 'no-heavy', '--by', 'arm');
    expect(kt).toMatchObject({ n: '4', sum: '3', mean: '0.75', method: 'wilson' });
    // Wilson (1927) for 3 of 4 and 4 of 4.
    expect(Number(kt?.lower)).toBeCloseTo(0.300642, 6);
    expect(Number(kt?.upper)).toBeCloseTo(0.954413, 6);
    expect(st).toMatchObject({ mean: '1', sd: '0', upper: '1', method: 'wilson' });
    expect(Number(st?.lower)).toBeCloseTo(4 / (4 + 1.959963984540054 ** 2), 12);
  });

  test('JSON and tables say the unit; the numbers of a table’s column stand to the same place', async () => {
    const asked = ['endpoints', '--measure', 'abstinent-days', '--item', '1-28', '--by', 'arm', '--trial', 'VALUES-1'];
    const json = JSON.parse((await succeed([...asked, '--data', data, '--format', 'json'])).stdout);
    expect(json[0]).toMatchObject({ arm: 'KT', mean: 0.5, unit: 'share of days' });
    const [head = '', , ...lines] = (await succeed([...asked, '--data', data])).stdout.trimEnd().split('\n');
    const [from, to] = [head.indexOf(' sum') + 4, head.indexOf(' mean') + 5];
    expect(lines.map((line) => line.slice(from, to).trim())).toEqual(['0.5000', '0.0000', '0.3750', '0.8333']);
    expect(lines.every((line) => line.endsWith('share of days'))).toBe(true);
  });

  test('where nobody has a value yet, says so', async () => {
    const asked = ['endpoints', '--measure', 'abstinent-days', '--item', '29-56', '--missing', 'observed-only'];
    const { stdout, stderr } = await succeed([...asked, '--data', data, '--trial', 'VALUES-1']);
    expect(stdout).toBe('no rows\n');
    expect(stderr).toContain('no participant has such a value yet');
    expect(stderr).toContain('holdfast facts --measure abstinent-days');
  });

  test('refuses what there is not, and says what there is', async () => {
    const endpoints = ['endpoints', '--trial', 'VALUES-1'];
    expect(await refused(...endpoints, '--measure', 'abstinent-days', '--item', '1-7')).toContain(
      'abstinent-days has no item 1-7; it has 1-28, 113-140, 29-56',
    );
    expect(await refused(...endpoints, '--measure', 'abstinent-days', '--missing', 'best-case')).toContain(
      'it has missing-is-use, observed-only, or all of them: all',
    );
    expect(await refused(...endpoints, '--measure', 'first')).toContain('ask `holdfast survival --measure first`');
    expect(await refused(...endpoints, '--measure', 'nothing')).toContain('it has abstinent-days, no-heavy, first');
    expect(await refused(...endpoints, '--by', 'sex')).toContain('--by sex is not known');
  });

  test('a closed measure needs the key; without a name it is said which are not shown', async () => {
    const blind = ['endpoints', '--trial', 'BLIND-1'];
    expect(await refused(...blind, '--measure', 'no-heavy')).toContain('no-heavy is a closed measure');
    expect(await refused(...blind)).toContain('not shown: abstinent-days, no-heavy');
    expect(await refused('contrasts', '--trial', 'BLIND-1', '--measure', 'no-heavy')).toContain('closed measure');
    expect(await refused('explain', '--trial', 'BLIND-1', '--measure', 'no-heavy', '--participant', 'P')).toContain(
      'closed measure',
    );
  });
});

describe('contrasts of values', () => {
  test('compares means by Welch, and takes the four cells of the effects', async () => {
    const all = await rows('contrasts', '--measure', 'abstinent-days', '--item', '1-28');
    const numberOf = (contrast: string, factor: string) =>
      Number(all.find((row) => row.contrast === contrast && row.factor === factor)?.value);
    // Means: KT 0.5, KE 0, ST 0.375, SE 5/6.
    expect(all.filter(({ contrast }) => contrast === 'cell').map(({ n, value }) => [n, Number(value)])).toEqual([
      ['3', expect.closeTo(5 / 6, 12)],
      ['2', 0],
      ['2', 0.375],
      ['4', 0.5],
    ]);
    expect(numberOf('main', 'drug')).toBeCloseTo((0.125 - 5 / 6) / 2, 12);
    expect(numberOf('main', 'therapy')).toBeCloseTo((0.5 + 0.375 - 5 / 6) / 2, 12);
    expect(numberOf('interaction', 'drug × therapy')).toBeCloseTo(0.125 + 5 / 6, 12);
    const simple = all.filter(({ contrast, method }) => contrast === 'simple' && method === 'welch');
    expect(simple).toHaveLength(4);
    expect(all.filter(({ contrast }) => contrast === 'margin').map(({ n }) => n)).toEqual(['5', '6', '5', '6']);
  });

  test('of yes and no it compares proportions, and refuses days', async () => {
    const all = await rows('contrasts', '--measure', 'no-heavy');
    expect(all.map(({ kind, item, method }) => [kind, item, method])[8]).toEqual(['no-heavy-days', '1-28', 'newcombe']);
    expect(all[0]).toMatchObject({ contrast: 'cell', n: '4', value: '0.25', method: 'wilson' });
    expect(await refused('contrasts', '--trial', 'VALUES-1', '--measure', 'no-heavy', '--day', '28')).toContain(
      '--item',
    );
  });
});
