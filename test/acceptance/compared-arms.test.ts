import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, csvRows, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const trial = 'FACTORS-1';
const protocol = (changes: { arms?: string; blinding?: string } = {}) => `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: Ten participants in each of four arms, each with one urine screen or none
blinding: ${changes.blinding ?? 'open'}
clock: imported
plannedParticipants: 40
plannedFollowUp: 28
arms:
${
  changes.arms ??
  `  - { id: KT, factors: { drug: ketamine, therapy: therapy } }
  - { id: KE, factors: { drug: ketamine, therapy: education } }
  - { id: ST, factors: { drug: saline, therapy: therapy } }
  - { id: SE, control: true, factors: { drug: saline, therapy: education } }`
}
sites: [A, B]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], coverage: { atLeast: 1 }, horizon: 28, policies: [observed-only, missing-is-use] }
  - { id: prolonged, kind: continuous-abstinence, substances: [cocaine], evidence: urine-only, from: 22, coverage: { gapAtMost: 3 }, horizon: 28, policies: [observed-only] }
  - { id: first, kind: first-use, substances: [cocaine], evidence: urine-only, windows: [7], horizon: 28 }
`;

/** How many participants of each arm have a negative screen on day 25, a positive one, or none. */
const screened = { KT: [6, 1, 3], KE: [5, 3, 2], ST: [4, 4, 2], SE: [3, 5, 2] } as const;

function eventsOf(arm: keyof typeof screened): object[] {
  const results = screened[arm].flatMap((count, i) => Array<string>(count).fill(['negative', 'positive', ''][i] ?? ''));
  return results.flatMap((result, i) => {
    const event = (type: string, id: string, date: string, data: object, source = `/trials/${trial}/sites/A`) => ({
      ...{ specversion: '1.0', id: `${arm}-${i}-${id}`, source, subject: `${arm}-${i}` },
      ...{
        type: `org.holdfast.${type}.v1`,
        time: `${date}T10:00:00+00:00`,
        recordedtime: `${date}T12:00:00+00:00`,
        data,
      },
    });
    return [
      event('participant-enrolled', 'enrolment', '2024-02-01', { consentDate: '2024-02-01' }),
      event('participant-randomised', 'randomisation', '2024-03-01', { date: '2024-03-01' }),
      event('arm-assigned', 'arm', '2024-03-01', { arm }, `/trials/${trial}/randomisation`),
      ...(result === '' ? [] : [event('urine-screen', 'screen', '2024-03-26', { results: { cocaine: result } })]),
    ];
  });
}

type Row = Readonly<Record<string, string>>;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
const published = async (name: string, text: string) => {
  const file = join(folder.path, `${name}.yaml`);
  await writeFile(file, text);
  await succeed(['protocol', 'publish', file, '--data', join(folder.path, name)]);
  return join(folder.path, name);
};
const rows = async (...words: readonly string[]): Promise<Row[]> =>
  csvRows((await succeed([...words, '--data', data, '--format', 'csv'])).stdout);
const refused = async (words: readonly string[], store = data): Promise<string> => {
  const { code, stdout, stderr } = await holdfast([...words, '--data', store]);
  expect(code).not.toBe(0);
  expect(stdout).toBe('');
  return stderr;
};

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await published('store', protocol());
  const events = (['KT', 'KE', 'ST', 'SE'] as const).flatMap(eventsOf);
  const file = join(folder.path, 'events.ndjson');
  await writeFile(file, events.map((one) => JSON.stringify(one)).join('\n'));
  await succeed(['ingest', file, '--data', data]);
}, 120_000);
afterAll(() => folder.remove());

const z = 1.959963984540054;
/** Wilson's limits as the textbooks write them. */
function wilsonOf(x: number, n: number): [number, number] {
  const [p, middle] = [x / n, (x + (z * z) / 2) / (n + z * z)];
  const half = (z / (n + z * z)) * Math.sqrt(n * p * (1 - p) + (z * z) / 4);
  return [middle - half, middle + half];
}
/** How far below and above a proportion its limits lie, squared. */
type Reach = { readonly below: number; readonly above: number };
/** Newcombe's limits of a difference of proportions (method 10). */
function newcombeOf(x: number, n: number, y: number, m: number): [number, number, number] {
  const [[l1, u1], [l2, u2], p, q] = [wilsonOf(x, n), wilsonOf(y, m), x / n, y / m];
  const difference = p - q;
  return [
    difference,
    difference - Math.sqrt((p - l1) ** 2 + (u2 - q) ** 2),
    difference + Math.sqrt((u1 - p) ** 2 + (q - l2) ** 2),
  ];
}
function expectNumbers(row: Row | undefined, columns: readonly string[], numbers: readonly number[]): void {
  columns.forEach((column, i) => {
    expect(Number(row?.[column] || Number.NaN), column).toBeCloseTo(numbers[i] ?? Number.NaN, 9);
  });
}

describe('rates --tipping', () => {
  test('puts each arm beside the control, with how many of the missing could undo its lead', async () => {
    const text = (await succeed(['rates', '--tipping', '--measure', 'abstinence', '--data', data, '--format', 'csv']))
      .stdout;
    expect(text.split(/\r?\n/)[0]).toBe(
      'trial,measure,window_days,axis,day,arm,control,site,group,rate,control_rate,difference,lower,upper,missing,control_missing,tipping,method',
    );
    const all = csvRows(text);
    expect(all).toHaveLength(3 * 22);
    const on28 = all.filter(({ day }) => day === '28');
    expect(
      on28.map(({ arm, control, missing, control_missing, tipping, method }) => [
        arm,
        control,
        missing,
        control_missing,
        tipping,
        method,
      ]),
    ).toEqual([
      ['KT', 'SE', '3', '2', '', 'newcombe'],
      ['KE', 'SE', '2', '2', '2', 'newcombe'],
      ['ST', 'SE', '2', '2', '1', 'newcombe'],
    ]);
    const columns = ['rate', 'control_rate', 'difference', 'lower', 'upper'];
    expectNumbers(on28[0], columns, [6 / 7, 3 / 8, ...newcombeOf(6, 7, 3, 8)]);
    expectNumbers(on28[1], columns, [5 / 8, 3 / 8, ...newcombeOf(5, 8, 3, 8)]);
    expectNumbers(on28[2], columns, [4 / 8, 3 / 8, ...newcombeOf(4, 8, 3, 8)]);
    // Nobody is observed before the screens of day 25: then there is no rate, everybody is missing, and neither is ahead.
    const on7 = all.find(({ day, arm }) => day === '7' && arm === 'KT');
    expect(on7).toMatchObject({ rate: '', difference: '', missing: '10', control_missing: '10', tipping: '' });
  });

  test('compares the levels of a factor, and splits by site', async () => {
    const words = ['rates', '--tipping', '--measure', 'abstinence', '--day', '28'];
    const [drug, ...more] = await rows(...words, '--by', 'drug');
    expect(more).toEqual([]);
    expect(drug).toMatchObject({
      arm: 'drug=ketamine',
      control: 'drug=saline',
      missing: '5',
      control_missing: '4',
      tipping: '5',
    });
    expectNumbers(drug, ['difference', 'lower', 'upper'], newcombeOf(11, 15, 7, 16));
    const bySite = await rows(...words, '--by', 'therapy,site');
    expect(bySite.map(({ site, missing }) => [site, missing])).toEqual([
      ['A', '5'],
      ['B', '0'],
    ]);
  });

  test('is of continuous abstinence too, without a window', async () => {
    const [row] = await rows('rates', '--tipping', '--measure', 'prolonged', '--day', '28');
    expect(row).toMatchObject({ window_days: '', arm: 'KT', tipping: '' });
    expectNumbers(row, ['rate', 'control_rate'], [6 / 7, 3 / 8]);
  });

  test('refuses what it cannot compare, and says what to do', async () => {
    const tipping = ['rates', '--tipping', '--measure'];
    expect(await refused([...tipping, 'first'])).toContain('use abstinence, prolonged');
    expect(await refused([...tipping, 'abstinence', '--missing', 'observed-only'])).toContain('--missing does not go');
    expect(await refused([...tipping, 'abstinence', '--by', 'drug,therapy'])).toContain('give one of drug, therapy');
    const uncontrolled = await published('uncontrolled', protocol({ arms: '  - { id: X }\n  - { id: Y }' }));
    expect(await refused([...tipping, 'abstinence'], uncontrolled)).toContain('declare `control: true`');
    const blind = await published('blind', protocol({ blinding: 'double' }));
    expect(await refused([...tipping, 'abstinence'], blind)).toMatch(/key/);
  });
});

describe('contrasts', () => {
  test('gives cells, margins and effects of a 2 × 2 trial on a day', async () => {
    const all = await rows('contrasts', '--measure', 'abstinence', '--day', '28', '--missing', 'observed-only');
    expect(
      all.map(({ contrast, factor, level, reference, given, n, method }) => [
        contrast,
        factor,
        level,
        reference,
        given,
        n,
        method,
      ]),
    ).toEqual([
      ['cell', '', '', '', 'drug=saline; therapy=education', '8', 'wilson'],
      ['cell', '', '', '', 'drug=ketamine; therapy=education', '8', 'wilson'],
      ['cell', '', '', '', 'drug=saline; therapy=therapy', '8', 'wilson'],
      ['cell', '', '', '', 'drug=ketamine; therapy=therapy', '7', 'wilson'],
      ['margin', 'drug', 'saline', '', '', '16', 'wilson'],
      ['margin', 'drug', 'ketamine', '', '', '15', 'wilson'],
      ['margin', 'therapy', 'education', '', '', '16', 'wilson'],
      ['margin', 'therapy', 'therapy', '', '', '15', 'wilson'],
      ['simple', 'drug', 'ketamine', 'saline', 'therapy=education', '16', 'newcombe'],
      ['simple', 'drug', 'ketamine', 'saline', 'therapy=therapy', '15', 'newcombe'],
      ['simple', 'therapy', 'therapy', 'education', 'drug=saline', '16', 'newcombe'],
      ['simple', 'therapy', 'therapy', 'education', 'drug=ketamine', '15', 'newcombe'],
      ['main', 'drug', 'ketamine', 'saline', '', '31', 'mover'],
      ['main', 'therapy', 'therapy', 'education', '', '31', 'mover'],
      ['interaction', 'drug × therapy', '', '', '', '31', 'mover'],
    ]);
    const interval = ['value', 'lower', 'upper'];
    expectNumbers(all[3], interval, [6 / 7, ...wilsonOf(6, 7)]);
    expectNumbers(all[5], interval, [11 / 15, ...wilsonOf(11, 15)]);
    expectNumbers(all[9], interval, newcombeOf(6, 7, 4, 8));
    // Of the shares 6/7, 5/8, 4/8 and 3/8, by hand: ((6/7 − 4/8) + (5/8 − 3/8)) / 2, and their difference.
    // Limits from those of the cells: from each by how far it may be off in the direction that moves the effect.
    const [kt, ke, st, se] = (
      [
        [6, 7],
        [5, 8],
        [4, 8],
        [3, 8],
      ] as const
    ).map(([x, n]) => {
      const [lower, upper] = wilsonOf(x, n);
      return { below: (x / n - lower) ** 2, above: (upper - x / n) ** 2 };
    }) as [Reach, Reach, Reach, Reach];
    const mainBelow = Math.sqrt(kt.below + ke.below + st.above + se.above) / 2;
    const mainAbove = Math.sqrt(kt.above + ke.above + st.below + se.below) / 2;
    expectNumbers(all[12], interval, [17 / 56, 17 / 56 - mainBelow, 17 / 56 + mainAbove]);
    const below = Math.sqrt(kt.below + ke.above + st.above + se.below);
    const above = Math.sqrt(kt.above + ke.below + st.below + se.above);
    expectNumbers(all[14], interval, [3 / 28, 3 / 28 - below, 3 / 28 + above]);
  });

  test('margins are what `rates` shows of a factor', async () => {
    const margins = (await rows('contrasts', '--measure', 'abstinence', '--day', '28')).filter(
      ({ contrast }) => contrast === 'margin',
    );
    const numbers = ({ missing = '', value = '', rate = value, lower = '', upper = '' }: Row) => [
      missing,
      rate,
      lower,
      upper,
    ];
    for (const factor of ['drug', 'therapy']) {
      const asRates = await rows('rates', '--measure', 'abstinence', '--day', '28', '--by', factor);
      const ofFactor = margins.filter((row) => row.factor === factor);
      expect(ofFactor.map(numbers).sort()).toEqual(asRates.map(numbers).sort());
      expect(ofFactor).toHaveLength(4);
    }
  });

  test('refuses what has no four cells, and says what to do', async () => {
    expect(await refused(['contrasts', '--measure', 'abstinence'])).toContain('--day 84');
    expect(await refused(['contrasts', '--measure', 'first', '--day', '28'])).toContain('holdfast survival');
    expect(await refused(['contrasts', '--measure', 'abstinence', '--day', '28', '--by', 'drug'])).toContain('already');
    const twoArms = await published('two-arms', protocol({ arms: '  - { id: X, control: true }\n  - { id: Y }' }));
    expect(await refused(['contrasts', '--measure', 'abstinence', '--day', '28'], twoArms)).toContain('no 2 × 2 trial');
  });
});

describe('facts', () => {
  test('say in JSON why observation ended, and what was known before; CSV keeps its columns', async () => {
    const asked = ['facts', '--measure', 'first', '--data', data, '--format'];
    const [head] = (await succeed([...asked, 'csv'])).stdout.split(/\r?\n/);
    expect(head).toBe('trial,participant,arm,site,measure,kind,window_days,missing,from,to,day,event,value');
    const json: Record<string, unknown>[] = JSON.parse((await succeed([...asked, 'json'])).stdout);
    const of = (participant: string) => json.find((row) => row.participant === participant);
    const none = { origin: null, confirmed: null };
    expect(of('KT-0')).toMatchObject({ day: 25, event: 0, why: 'last-assessment', last_free: null, ...none });
    expect(of('KT-6')).toMatchObject({ day: 25, event: 1, last_free: 0, ...none });
    expect(of('KT-9')).toMatchObject({ day: 0, event: 0, why: 'last-assessment', ...none });
  });
});

describe('explain of continuous abstinence', () => {
  const explained = async (participant: string, ...words: readonly string[]) =>
    (await succeed(['explain', '--measure', 'prolonged', '--participant', participant, '--data', data, ...words]))
      .stdout;

  test('says in words what all days so far are judged to be', async () => {
    const words = await explained('KT-0', '--day', '28');
    expect(words).toContain('All days from the first that counts: study day 22 (2024-03-23');
    expect(words).toContain('no more than 3 days in a row are without urine evidence');
    expect(words).toContain('Judged: ABSTINENT');
    expect(words).toContain('KT-0-screen');
    expect(await explained('KT-6', '--day', '28')).toContain('Judged: USE');
    expect(await explained('KT-9', '--day', '28')).toContain('Judged: MISSING');
    expect(await explained('KT-0', '--day', '21')).toContain('before the first day that counts');
  });

  test('and the same as rows; a day must be named, and there is no window to name', async () => {
    const cells = csvRows(await explained('KT-0', '--day', '28', '--format', 'csv'));
    expect(cells).toMatchObject([{ window_days: '', judged: 'abstinent', day: '25', event_id: 'KT-0-screen' }]);
    const words = ['explain', '--measure', 'prolonged', '--participant', 'KT-0'];
    expect(await refused(words)).toContain('--day 84');
    expect(await refused([...words, '--day', '28', '--window', '7'])).toContain('it has no windows');
    expect(await refused([...words, '--day', '28', '--item', 'x'])).toContain('has no items');
  });
});
