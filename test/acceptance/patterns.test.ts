import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedFolder } from '../shared-data.ts';
import { commandsInTurn, csvRows, protocolWith, root, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const shared = sharedFolder();
const examples = join(root, 'schemas/examples/ctn0094');
const mapping = join(examples, 'mapping.yaml');
const trials = ['CTN-0027', 'CTN-0030'] as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const columns = { Baseline: 'baseline', Phase_1: 'phase_1', Phase_2: 'phase_2' } as const;

describe.skipIf(shared === undefined)('patterns of two real trials, imported from their tables', () => {
  let data: string;
  const expected = async (name: string) => csvRows(await readFile(join(shared ?? '', 'ctn/expected', name), 'utf8'));
  beforeAll(async () => {
    data = join(folder.path, 'real');
    for (const trial of trials)
      await succeed(['protocol', 'publish', join(examples, `${trial.toLowerCase()}.yaml`), '--data', data]);
    await succeed(['import', mapping, join(shared ?? '', 'ctn/data/dev'), '--data', data]);
  }, 300_000);

  const patterns = async (...args: string[]) =>
    csvRows((await succeed(['patterns', ...args, '--format', 'csv', '--data', data])).stdout);

  test.each(trials)(
    '%s: every published word of `current`, which is the default, in all three columns',
    async (trial) => {
      const rows = (await expected('patterns.csv')).filter((row) => row.trial === trial);
      const wanted = rows.map((row) => ({
        trial,
        participant: row.who,
        rule: 'current',
        baseline: row.current_Baseline,
        phase_1: row.current_Phase_1,
        phase_2: row.current_Phase_2,
      }));
      const got = await patterns('--trial', trial);
      const byParticipant = (a: { participant?: string | undefined }, b: { participant?: string | undefined }) =>
        Number(a.participant) - Number(b.participant);
      expect(got.toSorted(byParticipant)).toEqual(wanted.toSorted(byParticipant));
    },
  );

  test.each(trials)(
    '%s: every word of `ctnote`; where the public raw data were corrected since, the word that they give today',
    async (trial) => {
      const corrected = new Map(
        (await expected('known_differences.csv')).map((row) => [
          `${row.who} ${row.column}`,
          row.word_from_public_raw_data,
        ]),
      );
      expect(corrected.size).toBe(5);
      const got = new Map((await patterns('--trial', trial, '--rule', 'ctnote')).map((row) => [row.participant, row]));
      const differing: unknown[] = [];
      let compared = 0;
      for (const row of await expected('patterns.csv')) {
        if (row.trial !== trial) continue;
        for (const [column, shown] of Object.entries(columns)) {
          const wanted = corrected.get(`${row.who} ${column}`) ?? row[`ctnote_${column}`];
          const word = got.get(row.who)?.[shown];
          compared += 1;
          if (word !== wanted) differing.push({ who: row.who, column, word, wanted });
        }
      }
      expect(differing).toEqual([]);
      expect(compared).toBe(got.size * 3);
    },
  );

  test('the outcome report draws everybody randomised, week by week, as `patterns` says', async () => {
    const trial = 'CTN-0030';
    await succeed(['cut', 'create', '--trial', trial, '--data', data]);
    const out = join(folder.path, 'outcome');
    await succeed(['report', 'run', '--trial', trial, '--kind', 'outcome', '--out', out, '--data', data]);
    const randomised = new Set(
      csvRows(await readFile(join(shared ?? '', 'ctn/data/dev/randomization.csv'), 'utf8')).map(({ who }) => who),
    );
    for (const rule of ['current', 'ctnote']) {
      const drawn = csvRows(await readFile(join(out, `weeks-of-use-${rule}.csv`), 'utf8'));
      const words = (await patterns('--trial', trial, '--rule', rule))
        .filter(({ participant }) => randomised.has(participant))
        .map(({ phase_1, phase_2 }) => `${phase_1}${phase_2}`);
      expect(words.length).toBeGreaterThan(600);
      expect(drawn.flatMap(({ weeks, participants }) => Array(Number(participants)).fill(weeks)).sort()).toEqual(
        words.sort(),
      );
    }
  });

  test('what is printed of them is what `endpoints` takes, and gives every published outcome of `current`', async () => {
    const wanted = new Map((await expected('outcomes_current.csv')).map((row) => [row.who, row]));
    const differing: unknown[] = [];
    let compared = 0;
    for (const trial of trials) {
      const file = join(folder.path, `${trial}.csv`);
      await writeFile(file, (await succeed(['patterns', '--trial', trial, '--format', 'csv', '--data', data])).stdout);
      const { stdout } = await succeed(['endpoints', '--patterns', file, '--format', 'csv']);
      for (const { participant, endpoint = '', value, time, event } of csvRows(stdout)) {
        const published = wanted.get(participant);
        const [ofTime, ofEvent] = [endpoint.replace('_', 'T_'), endpoint.replace('_', 'E_')];
        const same =
          value === ''
            ? published?.[ofTime] === time && published?.[ofEvent] === event
            : published?.[endpoint] === value || Math.abs(Number(published?.[endpoint]) - Number(value)) <= 1e-9;
        compared += 1;
        if (!same) differing.push({ trial, participant, endpoint, value, time, event });
      }
    }
    expect(differing).toEqual([]);
    expect(compared).toBe(2_788 * 54);
  });

  // Counted in R from the same tables (pattern-derivation.md, section 9).
  test.each([
    ['CTN-0027', { '+': 6286, '-': 9827, '*': 502, o: 13169 }, 497],
    ['CTN-0030', { '+': 2326, '-': 5671, '*': 133, o: 6944 }, 3368],
  ])('%s: week by week it shows how many negatives no sample stands behind', async (trial, symbols, inferred) => {
    const randomised = new Set(
      (await expected('patterns.csv')).filter((row) => row.randDay1 !== '').map((row) => row.who),
    );
    const weeks = (await patterns('--trial', trial, '--weeks')).filter(
      (row) => randomised.has(row.participant) && row.phase !== 'baseline',
    );
    const count = (symbol: string) => weeks.filter((row) => row.symbol === symbol).length;
    expect(Object.fromEntries(Object.keys(symbols).map((symbol) => [symbol, count(symbol)]))).toEqual(symbols);
    expect(weeks.filter((row) => row.symbol === '-' && row.tested_negative_days === '0')).toHaveLength(inferred);
  });

  test('one participant can be asked for, and JSON has the same words', async () => {
    const args = ['patterns', '--trial', 'CTN-0030', '--participant', '2', '--format', 'json', '--data', data];
    expect(JSON.parse((await succeed(args)).stdout)).toEqual([
      {
        trial: 'CTN-0030',
        participant: '2',
        rule: 'current',
        baseline: '____++',
        phase_1: '----oo-o-o-o+o',
        phase_2: '',
      },
    ]);
  });
});

describe('a further trial of the same tables', () => {
  test('needs a protocol file alone: its arms, its targets, its days', async () => {
    const data = join(folder.path, 'third');
    const tables = join(folder.path, 'tables');
    await mkdir(tables);
    const notes = [
      'is_dead',
      'is_no_show',
      'is_no_funding',
      'is_left_study',
      'is_in_jail',
      'is_forgot',
      'is_in_hospital',
      'is_illness',
      'is_moved',
      'is_missing_14_consecutive',
      'is_window',
      'is_unable',
      'is_on_vacation',
      'is_other',
    ];
    const kept = [
      [1, 4],
      [1, 12],
      [1, 19],
      [2, 4],
      [2, 12],
      [3, 4],
    ].map(([who, day]) => `${who},V,visit,${day}${','.repeat(notes.length)}`);
    const csv = {
      everybody: 'who,project\n1,51\n2,51\n3,51\n',
      site_masked: 'who,site_masked\n1,2\n2,2\n3,7\n',
      // The second row repeats the first, as it does in most trials.
      randomization: `who,treatment,which,when\n${[1, 2].map((which) => `1,Inpatient BUP,${which},3\n2,Inpatient NR-NTX,${which},3\n`).join('')}`,
      visit: `who,visit,what,when,${notes.join(',')}\n${kept.join('\n')}\n`,
      // Buprenorphine is what the first was given and what the second was not; the third was never randomised.
      uds: 'who,what,when\n1,Buprenorphine,4\n2,Buprenorphine,4\n1,Opioid,18\n3,Methadone,10\n',
      uds_temp: 'who,was_temp_ok,when\n1,1,4\n',
      tlfb: 'who,what,when\n1,Heroin,5\n',
      treatment: 'who,amount,when\n1,16,3\n',
      withdrawal: 'who,withdrawal,when\n1,2,3\n',
    };
    for (const [table, text] of Object.entries(csv)) await writeFile(join(tables, `${table}.csv`), text);
    const protocol = await protocolWith(
      join(folder.path, 'ctn-0051.yaml'),
      await readFile(join(examples, 'ctn-0027.yaml'), 'utf8'),
      [
        [/^trial: .*$/m, 'trial: CTN-0051'],
        [/- \{ id: Methadone, .*\n/, '- id: Inpatient NR-NTX\n'],
        [/id: Outpatient BUP,/, 'id: Inpatient BUP,'],
      ],
    );
    await succeed(['protocol', 'publish', protocol, '--data', data]);
    await succeed(['import', mapping, tables, '--strict', '--data', data]);
    const words = async (rule: string) =>
      csvRows((await succeed(['patterns', '--rule', rule, '--format', 'csv', '--data', data])).stdout).map(
        ({ participant, baseline, phase_1, phase_2 }) => [participant, baseline, phase_1, phase_2],
      );
    // Days -30 to 168: randomised on day 3, weeks -4 to 0 and 1 to 24 (day 4 opens week 1; under ctnote day 3 does).
    expect(await words('current')).toEqual([
      ['1', '_____', `--*${'o'.repeat(21)}`, ''],
      ['2', '_____', `+-${'o'.repeat(22)}`, ''],
      ['3', '_____', `o+${'o'.repeat(23)}`, ''],
    ]);
    expect(await words('ctnote')).toEqual([
      ['1', '____o', `+-*${'o'.repeat(21)}`, ''],
      ['2', '____o', `+-${'o'.repeat(22)}`, ''],
      ['3', '_____', `o+${'o'.repeat(23)}`, ''],
    ]);
  }, 120_000);
});

describe('a trial without rules, or with sealed arms', () => {
  const demo = join(root, 'schemas/examples/demo/demo-2x2.yaml');
  const rules = `
patterns:
  - id: plain
    default: true
    first: [{ anchor: consent, day: 0 }]
    last: [{ anchor: randomisation, day: 84 }, { anchor: consent, day: 28 }]
    weekOne: [{ anchor: randomisation, day: 1 }, { anchor: consent, day: 0 }]
    substances: [alcohol]
    negative: [tested]
  - id: by-arm
    first: [{ anchor: consent, day: 0 }]
    last: [{ anchor: consent, day: 84 }]
    weekOne: [{ anchor: consent, day: 0 }]
    substances: [alcohol, ketamine]
    studyDrugs: excluded
    negative: [tested]
`;

  test('says what to declare, and which rules there are', async () => {
    const data = join(folder.path, 'without');
    const text = (await readFile(demo, 'utf8')).replace(/^patterns:[\s\S]*$/m, '');
    const file = join(folder.path, 'without.yaml');
    await writeFile(file, text);
    await succeed(['protocol', 'publish', file, '--data', data]);
    const none = await holdfast(['patterns', '--rule', 'current', '--data', data]);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toBe(
      'holdfast: the protocol of DEMO-2X2 declares no rule current, nor any other, for weekly patterns; declare it under patterns and publish that as the next version (docs/patterns.md has an example to copy)\n',
    );
  });

  test('keeps a rule that differs by arm closed to whoever has no key, and while the trial runs to everybody', async () => {
    const data = join(folder.path, 'double');
    const text = (await readFile(demo, 'utf8')).replace(/^patterns:[\s\S]*$/m, '');
    const file = join(folder.path, 'double.yaml');
    await protocolWith(file, text + rules, [
      [/id: alcohol,/, 'id: ketamine }\n  - { id: alcohol,'],
      [/id: Ketamine \+ therapy,/, 'id: Ketamine + therapy, studyDrugs: [ketamine],'],
    ]);
    await succeed(['protocol', 'publish', file, '--data', data]);
    const key = join(folder.path, 'double.key');
    await succeed(['keys', 'create', '--trial', 'DEMO-2X2', '--out', key, '--data', data]);
    const source = '/trials/DEMO-2X2/sites/GB-01';
    const event = (id: string, type: string, date: string, said: object) => ({
      specversion: '1.0',
      id,
      source,
      subject: 'P-1',
      type: `org.holdfast.${type}.v1`,
      time: `${date}T10:00:00+00:00`,
      recordedtime: `${date}T11:00:00+00:00`,
      data: said,
    });
    const events = [
      event('1', 'participant-enrolled', '2026-03-02', { consentDate: '2026-03-02' }),
      event('2', 'participant-randomised', '2026-03-04', { date: '2026-03-04' }),
      event('3', 'urine-screen', '2026-03-10', { results: { alcohol: 'positive' } }),
    ];
    const sent = join(folder.path, 'double.ndjson');
    await writeFile(sent, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
    await succeed(['ingest', sent, '--data', data]);

    const closed = await holdfast(['patterns', '--rule', 'by-arm', '--data', data]);
    expect(closed).toMatchObject({ code: 1, stdout: '' });
    expect(closed.stderr).toBe(
      'holdfast: by-arm is a closed pattern rule: its substances differ by arm, and arms are sealed; it needs the trial’s key (--key FILE or HOLDFAST_KEY)\n',
    );
    const running = await holdfast(['patterns', '--rule', 'by-arm', '--data', data, '--key', key]);
    expect(running).toMatchObject({ code: 1, stdout: '' });
    expect(running.stderr).toContain('double-blind');
    const open = csvRows((await succeed(['patterns', '--format', 'csv', '--data', data])).stdout);
    expect(open).toMatchObject([{ participant: 'P-1', rule: 'plain' }]);
    const unknown = await holdfast(['patterns', '--rule', 'current', '--data', data]);
    expect(unknown.stderr).toContain('DEMO-2X2 has no pattern rule current; it has plain, by-arm');
  }, 120_000);
});
