import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { civilDay, dateOf } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, csvRows, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const trial = 'SAFE-1';
const protocol = `
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: Safety and sites, tested
blinding: double
clock: live
partitions: 2
plannedFollowUp: 180
plannedParticipants: 100
entryLag: 2
arms: [{ id: ketamine, factors: { drug: ketamine } }, { id: saline, control: true, factors: { drug: saline } }]
sites: [GB-01, GB-02, GB-03]
strata: [mild, severe]
substances: [{ id: alcohol }]
groups: [{ id: severity, by: stratum }]
visits:
  - { id: W1, day: 7, closes: 1, collects: [urine] }
  - { id: W2, day: 14, closes: 1, collects: [urine] }
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [alcohol], evidence: urine-only, windows: [7], coverage: { atLeast: 1 }, horizon: 180, policies: [observed-only], controlledDays: exclude, death: exclude }
  - { id: adverse-events, kind: adverse-events, horizon: 180 }
  - { id: serious, kind: adverse-events, only: serious, horizon: 180 }
  - { id: suicidality, kind: suicidality, horizon: 180 }
  - { id: peaks, kind: vital-peaks, horizon: 180 }
  - { id: visits, kind: visits, horizon: 180 }
`;

const dayZero = civilDay('2026-03-02');
const date = (studyDay: number) => dateOf(dayZero + studyDay);
const people = [1, 2, 3, 4, 5, 6, 7, 8];

let ids = 0;
/** An event of participant n (odd: of GB-01, even: of GB-02), recorded one day later, or three at GB-02, and received then. */
function event(type: string, n: number, day: number, data: object) {
  ids += 1;
  const site = n % 2 === 1 ? 'GB-01' : 'GB-02';
  const recorded = date(day + (n % 2 === 1 ? 1 : 3));
  return {
    specversion: '1.0',
    id: `e${`${ids}`.padStart(3, '0')}`,
    source: `/trials/${trial}/${type === 'arm-assigned' ? 'randomisation' : `sites/${site}`}`,
    subject: `P-${n}`,
    type: `org.holdfast.${type}.v1`,
    time: `${date(day)}T10:00:00Z`,
    recordedtime: `${recorded}T10:00:00Z`,
    receivedtime: `${recorded}T12:00:00.000Z`,
    data,
  };
}

const adverse = (n: number, reported: number, ae: string, onset: number, rest: object) =>
  event('adverse-event', n, reported, {
    ae,
    term: 'felt sick',
    onset: date(onset),
    severity: 'mild',
    seriousness: [],
    relatedness: 'possible',
    outcome: 'unknown',
    ...rest,
  });
const nausea = { coded: { pt: 'Nausea', soc: 'Gastrointestinal disorders' } };
const headache = { coded: { pt: 'Headache', soc: 'Nervous system disorders' } };
const columbia = (n: number, day: number, items: object) =>
  event('scale-score', n, day, { instrument: 'C-SSRS', items });
const vitals = (n: number, day: number, systolic: number, diastolic: number, heartRate: number) =>
  event('vital-signs', n, day, { bloodPressure: { systolic, diastolic }, heartRate, minutesAfterDose: 40 });
const dose = (n: number, day: number) => event('dose-given', n, day, { drug: 'study drug', given: { mgPerKg: 0.8 } });

const events = [
  ...people.flatMap((n) => [
    event('participant-enrolled', n, 0, { consentDate: date(0) }),
    event('participant-randomised', n, 0, { date: date(0), stratum: n <= 2 ? 'severe' : 'mild' }),
    event('arm-assigned', n, 0, { arm: n <= 4 ? 'ketamine' : 'saline' }),
  ]),
  adverse(1, 3, 'AE-1', 3, nausea),
  adverse(1, 8, 'AE-1', 3, { ...nausea, severity: 'moderate' }),
  adverse(2, 5, 'AE-1', 5, nausea),
  adverse(2, 7, 'AE-2', 7, { ...headache, severity: 'severe', seriousness: ['hospitalisation'] }),
  adverse(5, 2, 'AE-1', 2, { term: 'Felt  odd' }),
  // Of the last day that is over, and of the first that is not.
  adverse(6, 39, 'AE-1', 39, nausea),
  adverse(6, 39, 'AE-2', 40, nausea),
  event('participant-left', 3, 19, { how: 'lost' }),
  event('participant-left', 7, 30, { how: 'completed' }),
  columbia(1, 0, { ideation: 1 }),
  columbia(1, 14, { ideation: 4, preparatory: 0 }),
  columbia(2, 0, { ideation: 0 }),
  columbia(2, 14, { ideation: 0, preparatory: 0 }),
  columbia(5, 14, { ideation: 1, 'self-injury': 1 }),
  ...[1, 2, 5].map((n) => dose(n, 1)),
  vitals(1, 1, 182, 100, 100),
  vitals(2, 1, 150, 90, 90),
  vitals(5, 1, 130, 80, 71),
  event('urine-screen', 1, 7, { visit: 'W1', results: { alcohol: 'negative' } }),
  event('urine-screen', 1, 14, { visit: 'W2', results: { alcohol: 'positive' } }),
  event('visit-attended', 1, 7, { visit: 'W1' }),
  event('visit-attended', 1, 16, { visit: 'W2' }),
  event('visit-attended', 2, 8, { visit: 'W1' }),
  event('urine-screen', 4, 7, { visit: 'W1', results: { alcohol: 'negative' } }),
  {
    ...event('retraction', 4, 20, {
      target: { source: `/trials/${trial}/sites/GB-02`, id: 'nowhere' },
      reason: 'wrong',
      by: 'DM',
    }),
  },
];
const dayTurned = {
  specversion: '1.0',
  id: 'turned',
  source: `/trials/${trial}`,
  type: 'org.holdfast.day-turned.v1',
  time: `${date(40)}T00:00:00Z`,
  recordedtime: `${date(40)}T00:00:00Z`,
  receivedtime: `${date(40)}T00:00:00.000Z`,
  data: { date: date(40) },
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let key: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  [data, key] = [join(folder.path, 'store'), join(folder.path, 'key')];
  const [declared, file] = [join(folder.path, 'protocol.yaml'), join(folder.path, 'events.ndjson')];
  await writeFile(declared, protocol);
  await writeFile(file, [...events, dayTurned].map((one) => JSON.stringify(one)).join('\n'));
  await succeed(['protocol', 'publish', declared, '--data', data]);
  await succeed(['keys', 'create', '--trial', trial, '--out', key, '--data', data]);
  await succeed(['ingest', file, '--replay', '--data', data, '--key', key]);
}, 120_000);
afterAll(() => folder.remove());

const csv = async (...args: readonly string[]) =>
  csvRows((await succeed([...args, '--format', 'csv', '--data', data])).stdout);
const numbersOf = (row: Record<string, string> | undefined, ...columns: string[]) =>
  columns.map((column) => (row?.[column] === '' ? undefined : Number(row?.[column])));
const counts = ['participants', 'n', 'events', 'serious', 'grade_1', 'grade_2', 'grade_3', 'grade_4', 'grade_5'];
const named = (row: Record<string, string>) =>
  [row.kind, row.class, row.term].filter((part) => part !== '').join(' | ');

describe('safety', () => {
  test('the columns are always all of them', async () => {
    const { stdout } = await succeed(['safety', '--format', 'csv', '--data', data]);
    expect(stdout.split(/\r?\n/)[0]).toBe(
      'trial,measure,kind,class,term,item,arm,site,group,participants,n,percent,lower,upper,events,serious,grade_1,grade_2,grade_3,grade_4,grade_5,person_years,rate_per_100_person_years,rate_lower,rate_upper,mean,median,highest',
    );
  });

  test('adverse events: by class, in it by frequency, what nobody coded last; each number as counted by hand', async () => {
    const rows = await csv('safety', '--measure', 'adverse-events');
    expect(rows.map((row) => [named(row), ...numbersOf(row, ...counts)])).toEqual([
      ['any', 8, 4, 5, 1, 2, 1, 1, 0, 0],
      ['class | Gastrointestinal disorders', 8, 3, 3, 0, 2, 1, 0, 0, 0],
      ['term | Gastrointestinal disorders | Nausea', 8, 3, 3, 0, 2, 1, 0, 0, 0],
      ['class | Nervous system disorders', 8, 1, 1, 1, 0, 0, 1, 0, 0],
      ['term | Nervous system disorders | Headache', 8, 1, 1, 1, 0, 0, 1, 0, 0],
      ['class | not coded', 8, 1, 1, 0, 1, 0, 0, 0, 0],
      ['term | not coded | felt odd', 8, 1, 1, 0, 1, 0, 0, 0, 0],
    ]);
    // Six were followed for days 0 to 39, one to day 19 and one to day 30. R: prop.test(3, 8, correct = FALSE), poisson.test(5).
    const [any, gut] = rows;
    const years = (6 * 40 + 20 + 31) / 365.25;
    expect(Number(any?.person_years)).toBeCloseTo(years, 12);
    expect(Number(any?.rate_per_100_person_years)).toBeCloseTo((100 * 5) / years, 9);
    expect(Number(any?.rate_lower)).toBeCloseTo(162.3486 / years, 2);
    expect(Number(any?.rate_upper)).toBeCloseTo(1166.8332 / years, 2);
    expect(numbersOf(gut, 'percent', 'lower', 'upper').map((one) => one?.toFixed(2))).toEqual([
      '37.50',
      '13.68',
      '69.43',
    ]);
  });

  test('by site and by group the parts add up to the whole; rows of nobody are there too', async () => {
    const whole = await csv('safety', '--measure', 'adverse-events');
    for (const by of ['site', 'severity', 'site,severity']) {
      const parts = await csv('safety', '--measure', 'adverse-events', '--by', by);
      for (const row of whole) {
        const those = parts.filter((part) => named(part) === named(row));
        for (const column of [...counts, 'person_years']) {
          const sum = those.reduce((total, part) => total + Number(part[column]), 0);
          expect(sum, `${named(row)} ${column} by ${by}`).toBeCloseTo(Number(row[column]), 12);
        }
      }
    }
    const [nobody] = (await csv('safety', '--measure', 'serious', '--by', 'site')).filter(
      ({ site }) => site === 'GB-03',
    );
    expect(nobody).toMatchObject({ participants: '0', n: '0', percent: '', person_years: '0', rate_lower: '' });
  }, 180_000);

  test('suicidality: those who were asked, at baseline and since; self-injury is no suicidal behaviour', async () => {
    const rows = await csv('safety', '--measure', 'suicidality');
    expect(
      Object.fromEntries(rows.map((row) => [`${row.kind} ${row.item}`.trim(), `${row.n} of ${row.participants}`])),
    ).toEqual({
      'ideation-before any': '1 of 2',
      'ideation-before intent': '0 of 2',
      'ideation-before type-1': '1 of 2',
      ...Object.fromEntries([2, 3, 4, 5].map((type) => [`ideation-before type-${type}`, '0 of 2'])),
      'ideation any': '2 of 3',
      'ideation intent': '1 of 3',
      'ideation type-1': '1 of 3',
      'ideation type-2': '0 of 3',
      'ideation type-3': '0 of 3',
      'ideation type-4': '1 of 3',
      'ideation type-5': '0 of 3',
      rose: '1 of 2',
      'behaviour any': '0 of 2',
      'behaviour preparatory': '0 of 2',
      'behaviour aborted': '0 of 0',
      'behaviour interrupted': '0 of 0',
      'behaviour attempt': '0 of 0',
      'behaviour self-injury': '1 of 1',
    });
  });

  test('while the trial runs by-arm safety needs the key only, by-arm efficacy is refused even with it, and each look is on record', async () => {
    const byArm = ['safety', '--measure', 'adverse-events', '--by', 'arm', '--data', data];
    const refused = await holdfast(byArm);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('numbers by arm need the trial');
    const rows = await csv('safety', '--measure', 'adverse-events', '--by', 'arm', '--key', key);
    expect(
      rows.slice(0, 4).map((row) => [named(row), row.arm, ...numbersOf(row, 'participants', 'n', 'events')]),
    ).toEqual([
      ['any', 'ketamine', 4, 2, 3],
      ['any', 'saline', 4, 2, 2],
      ['class | Gastrointestinal disorders', 'ketamine', 4, 2, 2],
      ['class | Gastrointestinal disorders', 'saline', 4, 1, 1],
    ]);
    const byFactor = await csv('safety', '--measure', 'serious', '--by', 'drug', '--key', key);
    expect(byFactor.map(({ kind, group, n }) => `${kind} ${group} ${n}`).slice(0, 2)).toEqual([
      'any drug=ketamine 1',
      'any drug=saline 0',
    ]);
    const efficacy = await holdfast(['rates', '--measure', 'abstinence', '--by', 'arm', '--data', data, '--key', key]);
    expect(efficacy).toMatchObject({ code: 1, stdout: '' });
    expect(efficacy.stderr).toContain('By-arm safety can be shown now');
    const { log: dir, closedLog: closedDir } = storeFolders(data);
    const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
    const looks = await log.read(`${trial}.audit`, 0, 0, { records: 100, bytes: 100_000 });
    await log.close();
    const questions = looks.map(({ value }) => JSON.parse(new TextDecoder().decode(value)).question);
    expect(questions).toEqual(['safety --measure adverse-events --by arm', 'safety --measure serious --by drug']);
  });

  test('what is measured after a dose is shown with the key alone, and without it what else there is', async () => {
    const without = await succeed(['safety', '--format', 'csv', '--data', data]);
    expect(new Set(csvRows(without.stdout).map(({ measure }) => measure))).toEqual(
      new Set(['adverse-events', 'serious', 'suicidality']),
    );
    expect(without.stderr).toContain('not shown without the trial’s key (--key FILE or HOLDFAST_KEY): peaks');
    expect(await holdfast(['safety', '--measure', 'peaks', '--data', data])).toMatchObject({ code: 1, stdout: '' });
    const rows = await csv('safety', '--measure', 'peaks', '--key', key);
    expect(
      rows.map((row) => [
        `${row.kind} ${row.item}`,
        ...numbersOf(row, 'participants', 'n', 'mean', 'median', 'highest'),
      ]),
    ).toEqual(
      ['any', 'session-1'].flatMap((item) => [
        [`systolic ${item}`, 3, undefined, 154, 150, 182],
        [`diastolic ${item}`, 3, undefined, 90, 90, 100],
        [`heart-rate ${item}`, 3, undefined, 87, 90, 100],
        [`severe ${item}`, 3, 1, undefined, undefined, undefined],
      ]),
    );
  });

  test('as of a day its reports alone are known; a cut says what was said when it was made', async () => {
    const [any] = await csv('safety', '--measure', 'adverse-events', '--as-of', date(8));
    // By then the nausea of P-1 was still mild, the headache of P-2 not in; and eight days were over.
    expect(numbersOf(any, ...counts)).toEqual([8, 3, 3, 0, 3, 0, 0, 0, 0]);
    expect(Number(any?.person_years)).toBeCloseTo((8 * 8) / 365.25, 12);
    await succeed(['cut', 'create', '--name', 'one', '--data', data]);
    for (const args of [['safety'], ['sites'], ['safety', '--by', 'site']])
      expect(await csv(...args, '--cut', 'one'), args.join(' ')).toEqual(await csv(...args));
  }, 180_000);

  test('what cannot be asked is refused in one line', async () => {
    const refused = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await holdfast(['safety', ...args, '--data', data]);
      expect([code, stdout]).toEqual([1, '']);
      return stderr.trim();
    };
    expect(await refused('--measure', 'abstinence')).toContain('abstinence is no measure of safety');
    expect(await refused('--measure', 'nothing')).toContain('has no measure nothing');
    expect(await refused('--by', 'colour')).toContain('--by colour is not known');
  });
});

describe('sites', () => {
  test('what each site did, as counted by hand', async () => {
    const { stdout } = await succeed(['sites', '--format', 'csv', '--data', data]);
    expect(stdout.split(/\r?\n/)[0]).toBe(
      'trial,site,randomised,left,retained_percent,visits_due,visits_kept,visits_late,kept_percent,evidence_days,last_event,last_received,median_entry_days,p90_entry_days,issues',
    );
    const rows = csvRows(stdout);
    // Two visits were due of each of four participants; one of GB-01 came too late to the second.
    expect(rows.map(({ trial: _, ...row }) => Object.values(row).join(' '))).toEqual([
      `GB-01 4 1 75 8 2 1 25 2 ${date(30)} ${date(31)} 1 1 0`,
      `GB-02 4 0 100 8 1 0 12.5 1 ${date(39)} ${date(42)} 3 3 1`,
      'GB-03 0 0  0 0 0  0     0',
      ` 8 1 87.5 16 3 1 18.75 3 ${date(39)} ${date(42)} 1 3 1`,
    ]);
  });

  test('as of a day only what had come in by then; up to a date only what had happened', async () => {
    const then = await csv('sites', '--as-of', date(8));
    expect(
      then.map((row) => [row.site, row.randomised, row.left, row.last_event, row.last_received, row.issues]),
    ).toEqual([
      ['GB-01', '4', '0', date(7), date(8), '0'],
      ['GB-02', '4', '0', date(5), date(8), '0'],
      ['GB-03', '0', '0', '', '', '0'],
      ['', '8', '0', date(7), date(8), '0'],
    ]);
    const [, , , all] = await csv('sites', '--cut-off', date(18));
    expect(all).toMatchObject({ randomised: '8', left: '0', evidence_days: '3' });
  });

  test('the key changes nothing', async () => {
    const args = ['sites', '--format', 'csv', '--data', data];
    expect((await succeed([...args, '--key', key])).stdout).toBe((await succeed(args)).stdout);
  });
});
