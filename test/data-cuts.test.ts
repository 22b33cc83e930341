import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveUpTo } from '@holdfast/aggregate';
import { civilDay, dateOf } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { folderObjectStore } from '@holdfast/objects/folder';
import { storeFolders } from '@holdfast/runtime';
import { listCuts, readTrials } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, csvRows, killAfter, temporaryFolder } from './acceptance/holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const trial = 'CUTS-1';
const weeks = 8;
const protocol = (clock: 'live' | 'imported', version = 1) => `
format: holdfast-protocol/1
trial: ${trial}
version: ${version}
title: Data cuts, tested
blinding: open
clock: ${clock}
timeZone: America/New_York
partitions: 3
plannedFollowUp: 56
entryLag: 2
arms: [{ id: ketamine }, { id: midazolam, control: true }]
sites: [US-01, US-02]
substances: [{ id: cocaine }]
visits:
${Array.from({ length: weeks }, (_, w) => `  - { id: W${w + 1}, day: ${7 * (w + 1)}, closes: 1, collects: [urine] }`).join('\n')}
measures:
  - id: abstinence
    kind: rolling-abstinence
    title: No cocaine in the last 14 days
    substances: [cocaine]
    evidence: urine-only
    windows: [14]
    coverage: { atLeast: 1 }
    horizon: 56
    policies: [observed-only, missing-is-use]
    controlledDays: exclude
    death: exclude
  - id: first-use
    kind: first-use
    title: First cocaine
    substances: [cocaine]
    evidence: urine-only
    windows: [14]
    horizon: 56
    controlledDays: exclude
    death: exclude
`;

type Event = Record<string, unknown> & { time: string; receivedtime: string };
const firstDay = civilDay('2026-01-05');

/** An event of a day, received at noon (UTC) so many days later. */
function event(type: string, id: string, subject: string, day: number, data: object, delay = 1): Event {
  const date = dateOf(day);
  const source = type === 'arm-assigned' ? 'randomisation' : `sites/US-0${1 + (subject.charCodeAt(2) % 2)}`;
  return {
    specversion: '1.0',
    id,
    source: `/trials/${trial}/${source}`,
    subject,
    type: `org.holdfast.${type}.v1`,
    time: `${date}T10:00:00-05:00`,
    recordedtime: `${date}T18:00:00-05:00`,
    receivedtime: `${dateOf(day + delay)}T12:00:00.000Z`,
    data,
  };
}

const people = Array.from({ length: 10 }, (_, n) => ({ subject: `P-${n}`, dayZero: firstDay + 2 * n, n }));
const history = people.flatMap(({ subject, dayZero, n }) => [
  event('participant-enrolled', `${subject}-e`, subject, dayZero, { consentDate: dateOf(dayZero) }),
  event('participant-randomised', `${subject}-r`, subject, dayZero, { date: dateOf(dayZero) }),
  event('arm-assigned', `${subject}-a`, subject, dayZero, { arm: n % 2 === 0 ? 'ketamine' : 'midazolam' }),
  ...Array.from({ length: weeks }, (_, w) => {
    const result = n === 3 && w >= 4 ? 'positive' : 'negative';
    return event(
      'urine-screen',
      `${subject}-u${w + 1}`,
      subject,
      dayZero + 7 * (w + 1),
      { visit: `W${w + 1}`, results: { cocaine: result } },
      1 + ((3 * n + w) % 9),
    );
  }),
]);
const dayTurned = (date: string) => ({
  specversion: '1.0',
  id: `day-turned-${date}`,
  source: `/trials/${trial}/holdfast`,
  type: 'org.holdfast.day-turned.v1',
  time: `${date}T00:00:00+00:00`,
  recordedtime: `${date}T00:00:00+00:00`,
  data: { date },
});

/** The fourth screen of a participant was positive after all. */
const correction = {
  ...event('correction', 'c-1', 'P-0', firstDay + 70, {
    target: { source: `/trials/${trial}/sites/US-01`, id: 'P-0-u4' },
    reason: 'transcription error',
    by: 'site coordinator',
    event: {
      type: 'org.holdfast.urine-screen.v1',
      time: `${dateOf(firstDay + 28)}T10:00:00-05:00`,
      data: { visit: 'W4', results: { cocaine: 'positive' } },
    },
  }),
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function ingest(data: string, events: readonly object[], ...more: string[]): Promise<void> {
  const file = join(folder.path, 'events.ndjson');
  await writeFile(file, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
  await succeed(['ingest', file, '--data', data, ...more]);
}

async function publish(name: string, clock: 'live' | 'imported'): Promise<string> {
  const data = join(folder.path, name);
  const file = join(folder.path, `${name}.yaml`);
  await writeFile(file, protocol(clock));
  await succeed(['protocol', 'publish', file, '--data', data]);
  return data;
}

const rates = (data: string, ...more: string[]) =>
  succeed(['rates', '--measure', 'abstinence', '--by', 'arm,site', '--format', 'csv', '--data', data, ...more]);
const numbers = async (data: string, ...more: string[]) => (await rates(data, ...more)).stdout;
const survival = async (data: string, ...more: string[]) =>
  (await succeed(['survival', '--by', 'arm', '--format', 'csv', '--data', data, ...more])).stdout;
const cut = (data: string, ...args: string[]) => succeed(['cut', ...args, '--format', 'csv', '--data', data]);

describe('a data cut', () => {
  let data: string;
  let before: string;
  let survivalBefore: string;
  beforeAll(async () => {
    data = await publish('corrected', 'imported');
    await ingest(data, history);
    before = await numbers(data);
    survivalBefore = await survival(data);
    await cut(data, 'create', '--name', 'before');
    await ingest(data, [correction]);
    await cut(data, 'create', '--name', 'after', '--trial', trial);
  });

  test('changes no fact, and leaves the log wholly folded', async () => {
    const { stdout, stderr } = await succeed(['verify', '--format', 'csv', '--data', data]);
    expect(csvRows(stdout).map(({ verdict }) => verdict)).toEqual(['intact', 'intact', 'intact']);
    expect(stderr).toBe('');
  });

  test('gives the numbers of when it was made: before a correction the old ones, after it the new ones', async () => {
    const after = await numbers(data);
    expect(after).not.toBe(before);
    expect(await numbers(data, '--cut', 'before')).toBe(before);
    expect(await numbers(data, '--cut', 'after')).toBe(after);
    const survivalAfter = await survival(data);
    expect(survivalAfter).not.toBe(survivalBefore);
    expect(await survival(data, '--cut', 'before')).toBe(survivalBefore);
    expect(await survival(data, '--cut', 'after')).toBe(survivalAfter);
  });

  test('gives the same bytes twice, on standard error too', async () => {
    expect(await rates(data, '--cut', 'before')).toEqual(await rates(data, '--cut', 'before'));
  });

  test('compared with a later one names the rates that moved and the event that moved them', async () => {
    const rows = csvRows((await cut(data, 'diff', 'before', 'after')).stdout);
    const events = rows.filter(({ what }) => what === 'event');
    expect(events).toMatchObject([
      {
        change: 'corrected',
        participant: 'P-0',
        type: 'org.holdfast.urine-screen.v1',
        source: `/trials/${trial}/sites/US-01`,
        id: 'P-0-u4',
        by_id: 'c-1',
      },
      { change: 'added', participant: 'P-0', type: 'org.holdfast.correction.v1', id: 'c-1' },
    ]);
    const moved = rows.filter(
      ({ what, measure, missing }) => what === 'rate' && measure === 'abstinence' && missing === 'observed-only',
    );
    // The screen of day 28 lies in the windows that end on days 28 to 41.
    expect(moved.map(({ from_day, to_day }) => [Number(from_day), Number(to_day)])).toEqual(
      expect.arrayContaining([expect.arrayContaining([28])]),
    );
    expect(Math.min(...moved.map(({ from_day }) => Number(from_day)))).toBe(28);
    expect(Math.max(...moved.map(({ to_day }) => Number(to_day)))).toBe(41);
    for (const { before: was = '', after: is = '' } of moved) {
      const [[a, n], [b, m]] = [was.split('/').map(Number), is.split('/').map(Number)] as [number[], number[]];
      expect([b, m]).toEqual([(a ?? 0) - 1, n]);
    }
    expect(rows.some(({ what, measure }) => what === 'rate' && measure === 'first-use')).toBe(true);
    expect(rows.some(({ what }) => what === 'setting')).toBe(false);
    const byArm = csvRows((await cut(data, 'diff', 'before', 'after', '--by', 'arm')).stdout);
    expect(new Set(byArm.filter(({ what }) => what === 'rate').map(({ arm }) => arm))).toEqual(new Set(['ketamine']));
    expect(csvRows((await cut(data, 'diff', 'after', 'after')).stdout)).toEqual([]);
  });

  test('is listed, immutable, and its name is used once', async () => {
    const rows = csvRows((await cut(data, 'list')).stdout);
    expect(rows.map((row) => row.cut)).toEqual(['before', 'after']);
    expect(rows.map(({ events }) => Number(events))).toEqual([history.length, history.length + 1]);
    const again = await holdfast(['cut', 'create', '--name', 'before', '--data', data]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('a cut named before already');
    expect(csvRows((await cut(data, 'list')).stdout)).toEqual(rows);
    const wrong = await holdfast(['cut', 'create', '--name', '../x', '--data', data]);
    expect(wrong.stderr).toMatch(/\.\.\/x cannot name a cut/);
  });

  test('that is not there, or asked for with other dates, is refused in one line', async () => {
    const unknown = await holdfast(['rates', '--cut', 'none', '--measure', 'abstinence', '--data', data]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr.trim()).toBe(`holdfast: ${trial} has no data cut named none; it has before, after`);
    const both = await holdfast([
      'rates',
      '--cut',
      'after',
      '--as-of',
      '2026-03-01',
      '--measure',
      'abstinence',
      '--data',
      data,
    ]);
    expect(both.stderr).toContain('a cut has its own dates');
    const date = await holdfast(['rates', '--as-of', '2026-02-30', '--measure', 'abstinence', '--data', data]);
    expect(date.stderr).toContain('2026-02-30 is not a calendar date');
  });

  test('needs nothing but archive and protocol: its numbers stand without shards', async () => {
    await rm(storeFolders(data).shards, { recursive: true });
    expect(await numbers(data, '--cut', 'before')).toBe(before);
  });

  test('with its own dates says which settings differ', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const dates = ['--cut-off', dateOf(firstDay + 40), '--as-of', today];
    await cut(data, 'create', '--name', 'bounded', ...dates);
    const rows = csvRows((await cut(data, 'diff', 'after', 'bounded')).stdout);
    const settings = rows.filter(({ what }) => what === 'setting');
    expect(settings.map(({ change }) => change)).toEqual(['as_of', 'cut_off']);
    const removed = rows.filter(({ what }) => what === 'event');
    expect(new Set(removed.map(({ change }) => change))).toEqual(new Set(['removed']));
    expect(removed).toHaveLength(history.filter(({ time }) => time.slice(0, 10) > dateOf(firstDay + 40)).length);
    expect(await numbers(data, '--cut', 'bounded')).toBe(await numbers(data, ...dates));
  });

  test('whose archive was changed gives no number', async () => {
    const objects = storeFolders(data).objects;
    const [first] = (await readdir(join(objects, 'archive'), { recursive: true })).filter((name) =>
      name.endsWith('.parquet'),
    );
    const file = join(objects, 'archive', first ?? '');
    const whole = await readFile(file);
    const flipped = Buffer.from(whole);
    flipped[60] = (flipped[60] ?? 0) ^ 4;
    await writeFile(file, flipped);
    const refused = await holdfast(['rates', '--cut', 'before', '--measure', 'abstinence', '--data', data]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('is damaged');
    await writeFile(file, whole);
  });

  test('keeps the protocol version that it was made with', async () => {
    const file = join(folder.path, 'amended.yaml');
    await writeFile(file, protocol('imported', 2).replaceAll('horizon: 56', 'horizon: 28'));
    await succeed(['protocol', 'publish', file, '--data', data]);
    expect(await numbers(data, '--cut', 'before')).toBe(before);
  });
}, 120_000);

describe('as of a date', () => {
  test('a live trial says what it said then; of an event sent again the first coming counts', async () => {
    const data = await publish('live', 'live');
    const last = dateOf(firstDay + 120);
    const again = history.slice(0, 40).map((one) => ({ ...one, receivedtime: '2026-06-01T12:00:00.000Z' }));
    await ingest(data, [...history, ...again, dayTurned(last)], '--replay');
    const date = dateOf(firstDay + 40);
    const then = await publish('then', 'live');
    // Noon in UTC is in the morning in New York: received by the end of that day is what was received on it.
    const known = history.filter(({ receivedtime }) => receivedtime.slice(0, 10) <= date);
    await ingest(then, [...known, dayTurned(date)], '--replay');
    const expected = await numbers(then);
    expect(await numbers(data, '--as-of', date)).toBe(expected);
    await cut(data, 'create', '--name', `as-of-${date}`, '--as-of', date);
    expect(await numbers(data, '--cut', `as-of-${date}`)).toBe(expected);
    expect(await numbers(data)).not.toBe(expected);
    const [one, other] = [await cut(data, 'list'), await cut(then, 'create')];
    const digestOf = ({ stdout }: { stdout: string }) => csvRows(stdout).at(-1)?.digest;
    expect(digestOf(one)).toBe(digestOf(other));
  });
}, 120_000);

describe('a cut that was killed midway', () => {
  test('between marks and manifest: repeated, it gives one cut, of what was there when it was repeated', async () => {
    const data = await publish('killed', 'imported');
    await ingest(data, history.slice(0, 60));
    const { log: dir, closedLog: closedDir, objects } = storeFolders(data);
    const log = await embeddedEventLog({ dir, closedDir });
    const trials = await readTrials(log);
    const published = trials.get(trial);
    if (published === undefined) throw new Error('not published');
    const door = await openDoor({ log, trials, now: () => new Date() });
    const { marks } = await door.markCut(trial, 'midway');
    // It had archived a part, too.
    const ends = marks.map((mark, partition) => (partition === 0 ? mark + 1 : 0));
    await archiveUpTo(log, folderObjectStore(objects), published.protocol, ends);
    await log.close();
    await ingest(data, history.slice(60));
    const now = await numbers(data);
    await cut(data, 'create', '--name', 'midway');
    expect(csvRows((await cut(data, 'list')).stdout).map((row) => row.cut)).toEqual(['midway']);
    expect(await numbers(data, '--cut', 'midway')).toBe(now);
  });

  test('at any instant: there is no half cut, and the same numbers in the end', async () => {
    const data = await publish('kills', 'imported');
    await ingest(data, history);
    const now = await numbers(data);
    const objects = folderObjectStore(storeFolders(data).objects);
    let killed = 0;
    for (const after of [500, 800, 1_100, 1_500]) {
      if (await killAfter(['cut', 'create', '--name', 'killed', '--data', data], after)) killed += 1;
      expect((await listCuts(objects, trial)).length).toBeLessThanOrEqual(1);
    }
    expect(killed).toBeGreaterThan(0);
    const last = await holdfast(['cut', 'create', '--name', 'killed', '--data', data]);
    if (last.code !== 0) expect(last.stderr).toContain('a cut named killed already');
    expect((await listCuts(objects, trial)).map(({ name }) => name)).toEqual(['killed']);
    expect(await numbers(data, '--cut', 'killed')).toBe(now);
    expect(await numbers(data)).toBe(now);
  });
}, 120_000);
