import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedFolder } from '../shared-data.ts';
import { commandsInTurn, csvRows, root, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const shared = sharedFolder();
const columns = 'trial,participant,rule,endpoint,value,time,event';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** Runs the command line with something on its standard input. */
function given(input: string, ...args: string[]) {
  const bin = join(root, 'services/holdfast/bin/holdfast.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    input,
    encoding: 'utf8',
    cwd: root,
  });
  return { code: status, stdout, stderr };
}

const three = 'participant,pattern\nP-1,++++-----------\nP-2,---\n"P,3",ooooooooooooooo\n';

describe('endpoints of a file of patterns', () => {
  test('are a row for each participant and endpoint, on standard input too, with no store', async () => {
    const { code, stdout } = given(three, 'endpoints', '--patterns', '-', '--format', 'csv', '--data', '/nowhere');
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect([code, head, lines.length]).toEqual([0, columns, 3 * 54]);
    const some = given(
      three,
      ...['endpoints', '--patterns', '-', '--format', 'csv'],
      ...['--endpoint', 'Rd_fudala_2003, RsT_lee_2016,Ab_kosten_1993'],
    );
    expect(some.stdout).toBe(
      [
        columns,
        ',P-1,,Ab_kosten_1993,true,,',
        ',P-1,,Rd_fudala_2003,0.7333333333333333,,',
        ',P-1,,Rs_lee_2016,,3,1',
        ',P-2,,Ab_kosten_1993,true,,',
        ',P-2,,Rd_fudala_2003,1,,',
        ',P-2,,Rs_lee_2016,,,',
        ',"P,3",,Ab_kosten_1993,false,,',
        ',"P,3",,Rd_fudala_2003,0,,',
        ',"P,3",,Rs_lee_2016,,3,1',
        '',
      ].join('\n'),
    );
  });

  test('are the same as JSON, and rounded in a table', () => {
    const asked = ['endpoints', '--patterns', '-', '--endpoint', 'Rd_fudala_2003,Rs_lee_2016,Ab_kosten_1993'];
    const rows = JSON.parse(given(three, ...asked, '--format', 'json').stdout);
    expect(rows.length).toBe(9);
    expect(rows[0]).toEqual({
      ...{ trial: '', participant: 'P-1', rule: '', endpoint: 'Ab_kosten_1993' },
      ...{ value: true, time: null, event: null },
    });
    expect(rows[5]).toMatchObject({ endpoint: 'Rs_lee_2016', value: null, time: null, event: null });
    expect(given(three, ...asked).stdout).toContain(' 0.7333\n');
    expect(JSON.parse(given('participant,pattern\n', ...asked, '--format', 'json').stdout)).toEqual([]);
  });

  test('may be summed up: n, those without a value, sum and mean, for each trial and rule', () => {
    const two = 'trial,participant,rule,pattern\nT,1,a,----\nT,2,a,--\nT,1,b,++++\n';
    const { stdout } = given(
      two,
      ...['--summary', 'endpoints', '--patterns', '-', '--format', 'csv'],
      ...['--endpoint', 'Ab_fiellin_2006,Ab_kosten_1993,Rs_ctnNinetyFour_2023'],
    );
    expect(stdout).toBe(
      [
        'trial,rule,endpoint,column,n,missing,sum,mean',
        'T,a,Ab_fiellin_2006,Ab_fiellin_2006,2,0,6,3',
        'T,a,Ab_kosten_1993,Ab_kosten_1993,2,0,1,0.5',
        'T,a,Rs_ctnNinetyFour_2023,RsT_ctnNinetyFour_2023,1,1,1,1',
        'T,a,Rs_ctnNinetyFour_2023,RsE_ctnNinetyFour_2023,1,1,0,0',
        'T,b,Ab_fiellin_2006,Ab_fiellin_2006,1,0,0,0',
        'T,b,Ab_kosten_1993,Ab_kosten_1993,1,0,0,0',
        'T,b,Rs_ctnNinetyFour_2023,RsT_ctnNinetyFour_2023,1,0,1,1',
        'T,b,Rs_ctnNinetyFour_2023,RsE_ctnNinetyFour_2023,1,0,1,1',
        '',
      ].join('\n'),
    );
  });

  test('come with a warning where the publication says something else, and with a word on short patterns', () => {
    const one = given(three, 'endpoints', '--patterns', '-', '--endpoint', 'Rd_strain_1994');
    expect(one.stderr).toContain(
      '3 patterns · 1 endpoint as published over weekly words, not the trials’ own analyses\n',
    );
    expect(one.stderr).toContain('1 of the patterns is shorter than 15 weeks');
    expect(one.stderr).toContain('Rd_strain_1994 is described as leaving missed weeks out');
    expect(given(three, 'endpoints', '--patterns', '-', '--endpoint', 'Ab_kosten_1993').stderr).not.toContain(
      'Ab_kosten',
    );
    expect(given(three, 'endpoints', '--patterns', '-').stderr).toMatch(
      /23 of the endpoints come with warnings .*Rd_strain_1999/,
    );
  });

  test('are none of a file with a fault: its line and symbol are named, and no row is printed', async () => {
    const file = join(folder.path, 'faulty.csv');
    await writeFile(file, `${three}P-4,+-?\n`);
    const refused = { code: 1, stdout: '' };
    expect(await holdfast(['endpoints', '--patterns', file, '--format', 'csv'])).toEqual({
      ...refused,
      stderr: `holdfast: ${file} line 5: the pattern of participant P-4 has "?" in week 3, which is none of + - * o _; if a spreadsheet wrote the file, have it read the patterns as text\n`,
    });
    const unknown = await holdfast(['endpoints', '--patterns', file, '--endpoint', 'Ab_fiellin_2006,Ab_nobody_1999']);
    expect(unknown).toMatchObject(refused);
    expect(unknown.stderr).toContain('--endpoint Ab_nobody_1999 is no published endpoint');
    const nothing = await holdfast(['endpoints', '--patterns', join(folder.path, 'no-such.csv')]);
    expect(nothing).toMatchObject(refused);
    expect(nothing.stderr).toContain('no-such.csv');
  });
});

describe.skipIf(shared === undefined)('endpoints of two real trials', () => {
  const expected = async (name: string) => csvRows(await readFile(join(shared ?? '', 'ctn/expected', name), 'utf8'));
  const head = 'trial,participant,rule,baseline,phase_1,phase_2';
  const line = (row: Record<string, string>, words: string) =>
    [row.trial, row.who, words, ...['Baseline', 'Phase_1', 'Phase_2'].map((phase) => row[`${words}_${phase}`])].join();

  test.each([
    ['ctnote', 'outcomes.csv'],
    ['current', 'outcomes_current.csv'],
  ])('by %s are every value of %s, in CSV as in JSON', async (words, outcomes) => {
    const file = join(folder.path, `${words}.csv`);
    const participants = await expected('patterns.csv');
    await writeFile(file, [head, ...participants.map((row) => line(row, words))].join('\n'));
    const { stdout } = await succeed(['endpoints', '--patterns', file, '--format', 'csv']);
    const rows = csvRows(stdout);
    expect(rows.length).toBe(2_788 * 54);
    const wanted = new Map((await expected(outcomes)).map((row) => [row.who, row]));
    const wrong = rows.filter(({ participant, endpoint = '', value, time, event }) => {
      const published = wanted.get(participant) ?? {};
      if (endpoint in published) {
        const near = /^Rd_ling._1976$/.test(endpoint) ? 1e-9 : 0;
        return published[endpoint] !== value && !(Math.abs(Number(published[endpoint]) - Number(value)) <= near);
      }
      return published[endpoint.replace('_', 'T_')] !== time || published[endpoint.replace('_', 'E_')] !== event;
    });
    expect(wrong).toEqual([]);
    const json = JSON.parse((await succeed(['endpoints', '--patterns', file, '--format', 'json'])).stdout);
    const shown = (cell: unknown) => (cell === null ? '' : String(cell));
    expect(
      json.map((row: object) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, shown(cell)]))),
    ).toEqual(rows);
  });

  test('sum up arm by arm to the published sums and means', async () => {
    const participants = await expected('patterns.csv');
    const published = await expected('arm_endpoints.csv');
    const parts = new Map(
      published.map(({ words = '', trial = '', arm = '' }) => [[words, trial, arm].join(), { words, trial, arm }]),
    );
    expect(parts.size).toBe(8);
    for (const { words, trial, arm } of parts.values()) {
      const file = join(folder.path, 'arm.csv');
      const inArm = participants.filter((row) => row.trial === trial && row.arm1 === arm);
      await writeFile(file, [head, ...inArm.map((row) => line(row, words))].join('\r\n'));
      const { stdout } = await succeed(['endpoints', '--patterns', file, '--summary', '--format', 'csv']);
      const got = new Map(csvRows(stdout).map((row) => [row.column, row]));
      const wanted = published.filter((row) => row.words === words && row.trial === trial && row.arm === arm);
      expect([got.size, wanted.length]).toEqual([62, 62]);
      for (const { endpoint, n, sum, mean } of wanted) {
        const row = got.get(endpoint);
        expect(row, endpoint).toMatchObject({ trial, rule: words, n, missing: '0' });
        // Twelve digits are published.
        for (const [own, theirs] of [
          [row?.sum, sum],
          [row?.mean, mean],
        ])
          expect(Math.abs(Number(own) - Number(theirs)), endpoint).toBeLessThanOrEqual(1e-11 * (1 + Number(theirs)));
      }
    }
  });
});
