import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, csvRows, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const trial = 'VALUES-2';
const protocol = `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: Two participants whose values are few enough to follow by hand
blinding: open
clock: imported
plannedFollowUp: 28
arms: [{ id: Ketamine }, { id: Placebo, control: true }]
sites: [A]
substances: [{ id: alcohol }]
visits: [{ id: W2, day: 14 }, { id: W4, day: 28 }]
measures:
  - { id: abstinent-days, kind: days-of-use, counts: abstinent, substances: [alcohol], evidence: self-report-only, over: [{ from: 1, to: 7 }, { from: 8, to: 14 }], horizon: 28 }
  - { id: mood, kind: scale, instrument: MADRS, at: [{ visit: W2 }, { visit: W4 }] }
`;

const event = (subject: string, type: string, id: string, date: string, data: object, source = 'sites/A') => ({
  ...{ specversion: '1.0', id: `${subject}-${id}`, source: `/trials/${trial}/${source}`, subject },
  ...{ type: `org.holdfast.${type}.v1`, time: `${date}T10:00:00+00:00`, recordedtime: `${date}T12:00:00+00:00`, data },
});
const calendar = (subject: string, id: string, from: string, to: string, interview: string, days: readonly string[]) =>
  event(subject, 'use-calendar', id, interview, {
    ...{ from, to, complete: true, informant: 'participant', interview },
    days: Object.fromEntries(days.map((day) => [day, { alcohol: {} }])),
  });
const score = (subject: string, id: string, date: string, total: number, visit?: string) =>
  event(subject, 'scale-score', id, date, {
    ...{ instrument: 'MADRS', version: '1979', total, rater: 'clinician' },
    ...(visit === undefined ? {} : { visit }),
  });
const joined = (subject: string, arm: string) => [
  event(subject, 'participant-enrolled', 'enrolment', '2024-02-01', { consentDate: '2024-02-01' }),
  event(subject, 'participant-randomised', 'randomisation', '2024-03-01', { date: '2024-03-01' }),
  event(subject, 'arm-assigned', 'arm', '2024-03-01', { arm }, 'randomisation'),
];
const events = [
  ...joined('Ada', 'Ketamine'),
  // Days 1 to 7: use on days 2 and 3. Days 8 to 14: no use.
  calendar('Ada', 'week-1', '2024-03-02', '2024-03-08', '2024-03-09', ['2024-03-03', '2024-03-04']),
  calendar('Ada', 'week-2', '2024-03-09', '2024-03-15', '2024-03-16', []),
  score('Ada', 'before', '2024-02-20', 30),
  score('Ada', 'W2', '2024-03-15', 18, 'W2'),
  score('Ada', 'W4', '2024-03-29', 9, 'W4'),
  ...joined('Ben', 'Placebo'),
  calendar('Ben', 'week-1', '2024-03-02', '2024-03-08', '2024-03-09', ['2024-03-03', '2024-03-04', '2024-03-05']),
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
const explained = async (...words: readonly string[]) => (await succeed(['explain', '--data', data, ...words])).stdout;

beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, 'store');
  const [file, sent] = [join(folder.path, 'protocol.yaml'), join(folder.path, 'events.ndjson')];
  await writeFile(file, protocol);
  await writeFile(sent, events.map((one) => JSON.stringify(one)).join('\n'));
  await succeed(['protocol', 'publish', file, '--data', data]);
  await succeed(['ingest', sent, '--data', data]);
}, 120_000);
afterAll(() => folder.remove());

describe('explain of values', () => {
  test('lists each value of a stretch with the events that speak of its days', async () => {
    const ada = ['--measure', 'abstinent-days', '--participant', 'Ada'];
    const rows = csvRows(await explained(...ada, '--format', 'csv'));
    expect(
      rows.map(({ kind, item, day, value, type, event_id }) => [kind, item, day, Number(value), type, event_id]),
    ).toEqual([
      ['days', '1-7', '7', 5 / 7, 'use-calendar', 'Ada-week-1'],
      ['days', '8-14', '14', 1, 'use-calendar', 'Ada-week-2'],
    ]);
    const words = await explained(...ada, '--item', '1-7');
    expect(words).toContain('days 1-7 (observed-only): 0.7142857142857143 (5 of 7), of study day 7 (2024-03-08)');
    expect(words).toContain('study day 8 (2024-03-09): use-calendar Ada-week-1 of /trials/VALUES-2/sites/A');
    expect(words).not.toContain('Ada-week-2');
  });

  test('a change rests on both scores that it is made of, a score on its own', async () => {
    const mood = ['--measure', 'mood', '--participant', 'Ada', '--item', 'W4', '--format', 'csv'];
    const rows = csvRows(await explained(...mood));
    const behind = (kind: string) => rows.filter((row) => row.kind === kind).map(({ event_id }) => event_id);
    expect(rows.find(({ kind }) => kind === 'change')?.value).toBe('-21');
    expect(behind('score')).toEqual(['Ada-W4']);
    expect(behind('change')).toEqual(['Ada-before', 'Ada-W4']);
    expect(await explained('--measure', 'mood', '--participant', 'Ben')).toContain('No such value yet');
  });

  test('agrees with facts and endpoints', async () => {
    const facts = await succeed([
      'facts',
      '--measure',
      'mood',
      '--participant',
      'Ada',
      '--data',
      data,
      '--format',
      'csv',
    ]);
    const known = csvRows(facts.stdout).map(({ kind, value }) => [kind, value]);
    const rows = csvRows(await explained('--measure', 'mood', '--participant', 'Ada', '--format', 'csv'));
    for (const { kind, item, value } of rows) expect(known).toContainEqual([`${kind} ${item}`, value]);
    const asked = ['endpoints', '--measure', 'abstinent-days', '--item', '1-7', '--by', 'arm', '--data', data];
    const sums = csvRows((await succeed([...asked, '--format', 'csv'])).stdout);
    expect(sums.map(({ arm, due, n, mean }) => [arm, due, n, Number(mean)])).toEqual([
      ['Ketamine', '1', '1', 5 / 7],
      ['Placebo', '1', '1', 4 / 7],
    ]);
  });

  test('refuses what a value has not', async () => {
    const asked = ['explain', '--data', data, '--measure', 'mood', '--participant', 'Ada'];
    expect((await holdfast([...asked, '--window', '7'])).stderr).toContain('leave --window out');
    expect((await holdfast([...asked, '--day', 'x'])).stderr).toContain('--day x is no study day');
  });
});
