import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrialKey, isClosed, opener, publishedKey, type TrialKey } from '@holdfast/access';
import { type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { publishKey, publishProtocol, readTrials } from '@holdfast/trials';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trialIssues, unattributedIssues } from '../services/holdfast/src/trial-issues.ts';
import { commandsInTurn, csvRows, temporaryFolder } from './acceptance/holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const trial = 'SETTLE-1';
const text = `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial in which everything goes wrong once
blinding: double
clock: imported
plannedParticipants: 2
plannedFollowUp: 28
arms: [{ id: Ketamine }, { id: Placebo }]
sites: [A]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], horizon: 28, policies: [observed-only, missing-is-use] }
`;
const site = `/trials/${trial}/sites/A`;
const service = `/trials/${trial}/randomisation`;

type Data = Record<string, unknown>;
type Rest = { readonly source?: string; readonly recorded?: string; readonly subject?: string };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let protocol: Protocol;
beforeAll(async () => {
  folder = await temporaryFolder();
  const parsed = parseProtocol(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  protocol = parsed.value;
  await writeFile(join(folder.path, 'protocol.yaml'), text);
});
afterAll(() => folder.remove());

function event(type: string, id: string, date: string, data: Data, rest: Rest = {}): Data {
  const { source = site, recorded = `${date}T12:00:00+00:00`, subject = 'P1' } = rest;
  const full = `org.holdfast.${type}.v1`;
  const time = `${date}T10:00:00+00:00`;
  return { specversion: '1.0', id, source, subject, type: full, time, recordedtime: recorded, data };
}
const screen = (id: string, day: number, result: string, rest: Rest = {}) =>
  event('urine-screen', id, `2024-03-${String(day).padStart(2, '0')}`, { results: { cocaine: result } }, rest);
const late = (minute: number) => `2024-06-01T09:${String(minute).padStart(2, '0')}:00+00:00`;
function correction(id: string, target: string, to: Data, minute: number, source = site): Data {
  const { type, time, data } = to;
  const said = { target: { source, id: target }, reason: 'wrong', by: 'DM', event: { type, time, data } };
  return event('correction', id, '2024-06-01', said, { source, recorded: late(minute) });
}
const retraction = (id: string, target: string, minute: number, source = site) =>
  event(
    'retraction',
    id,
    '2024-06-01',
    { target: { source, id: target }, reason: 'wrong', by: 'DM' },
    { recorded: late(minute) },
  );

const enrolled = (date: string, subject = 'P1') =>
  event('participant-enrolled', 'enrolment', '2024-02-01', { consentDate: date }, { subject });
const randomised = (date: string, subject = 'P1') =>
  event('participant-randomised', 'randomisation', '2024-03-01', { date }, { subject });
const arm = (id: string, name: string, subject = 'P1', date = '2024-03-01') =>
  event('arm-assigned', id, date, { arm: name }, { source: service, subject });

const other = [
  enrolled('2024-02-02', 'P2'),
  randomised('2024-03-03', 'P2'),
  arm('arm', 'Placebo', 'P2'),
  ...[5, 9, 12, 18, 25].map((day) => screen(`s${day}`, day, day === 18 ? 'positive' : 'negative', { subject: 'P2' })),
];

/** What happened, told rightly at once. */
const right: readonly Data[] = [
  ...other,
  enrolled('2024-02-03'),
  randomised('2024-03-02'),
  arm('arm', 'Ketamine'),
  screen('s4', 4, 'positive'),
  screen('s7', 8, 'negative'),
  screen('s11', 11, 'negative'),
  event('visit-missed', 's14', '2024-03-14', { visit: 'W2' }),
  screen('s17', 17, 'negative'),
  screen('s20', 20, 'negative'),
  screen('s24', 24, 'negative'),
];

/** The same, told wrongly and in disorder. */
const disorder: readonly (Data | string)[] = [
  // Corrections before what they correct; a chain; one that changes the type.
  correction('c4', 's4', screen('', 4, 'positive'), 1),
  correction('c7b', 'c7a', screen('', 8, 'negative'), 3),
  correction('c7a', 's7', screen('', 7, 'positive'), 2),
  correction('c14', 's14', event('visit-missed', '', '2024-03-14', { visit: 'W2' }), 1),
  ...other.toReversed(),
  screen('s4', 4, 'negative'),
  screen('s7', 7, 'negative'),
  screen('s14', 14, 'positive'),
  // A fork.
  screen('s11', 11, 'positive'),
  correction('c11-right', 's11', screen('', 11, 'negative'), 1),
  correction('c11-wrong', 's11', screen('', 12, 'positive'), 2),
  // A conflict.
  screen('s17', 17, 'negative', { recorded: late(0) }),
  screen('s17', 17, 'positive', { recorded: late(1) }),
  // Taken back, and that taken back.
  retraction('r20', 's20', 1),
  screen('s20', 20, 'negative'),
  retraction('r20-r', 'r20', 2),
  // Corrections that lead nowhere, and in a circle.
  correction('lost', 's99', screen('', 26, 'positive'), 1),
  correction('circle-1', 'circle-2', screen('', 26, 'positive'), 1),
  correction('circle-2', 'circle-1', screen('', 26, 'positive'), 1),
  correction('of-r20', 'r20', screen('', 26, 'positive'), 1),
  // Twice what can be only once; the wrong one of each pair is recorded first where nobody retracts it.
  randomised('2024-03-01'),
  correction('c-randomisation', 'randomisation', randomised('2024-03-02'), 1),
  { ...randomised('2024-03-09'), id: 'randomisation-2', recordedtime: late(0) },
  arm('arm', 'Placebo'),
  correction('c-arm', 'arm', arm('', 'Ketamine'), 1, service),
  arm('arm-2', 'Placebo', 'P1', '2024-03-02'),
  // Rejected.
  screen('s24', 24, 'clean'),
];

const settling: readonly Data[] = [
  enrolled('2024-02-01'),
  correction('c-enrolment', 'enrolment', enrolled('2024-02-03'), 5),
  { ...enrolled('2024-02-05'), id: 'enrolment-2', recordedtime: late(0) },
  retraction('x1', 'enrolment-2', 6),
  retraction('x2', 'c11-wrong', 6),
  correction('x3', 's17', screen('', 17, 'negative'), 6),
  retraction('x4', 'lost', 6),
  retraction('x5', 'circle-1', 6),
  retraction('x6', 'circle-2', 6),
  retraction('x7', 'of-r20', 6),
  retraction('x8', 'randomisation-2', 6),
  retraction('x9', 'arm-2', 6, service),
  screen('s24', 24, 'negative'),
];

async function storeOf(
  name: string,
): Promise<{ ingest(events: readonly (Data | string)[]): ReturnType<typeof holdfast>; args: string[]; key: string[] }> {
  const data = join(folder.path, name);
  const args = ['--data', data];
  await succeed(['protocol', 'publish', join(folder.path, 'protocol.yaml'), ...args]);
  const keyFile = join(folder.path, `${name}.key`);
  await succeed(['keys', 'create', '--trial', trial, '--out', keyFile, ...args]);
  const key = ['--key', keyFile];
  let files = 0;
  return {
    args,
    key,
    async ingest(events) {
      files += 1;
      const file = join(folder.path, `${name}-${files}.ndjson`);
      await writeFile(file, events.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'));
      return holdfast(['ingest', file, ...args, ...key]);
    },
  };
}

describe('from disorder to nothing left to settle', () => {
  test('events told wrongly and in any order are listed, settled, and give the rates of those told rightly', async () => {
    const [messy, clean] = [await storeOf('messy'), await storeOf('clean')];
    expect((await clean.ingest(right)).code).toBe(0);
    expect((await messy.ingest([...disorder, 'no event at all'])).code).toBe(1);
    const kinds = async (...more: string[]) =>
      csvRows((await succeed(['issues', '--trial', trial, '--format', 'csv', ...messy.args, ...more])).stdout).map(
        ({ participant, issue, id, counts }) => `${participant} ${issue} ${id} ${counts}`,
      );
    const open = await kinds();
    expect(open.filter((row) => !row.includes('no-enrolment'))).toEqual([
      'P1 conflict s17 0',
      'P1 conflict s17 1',
      'P1 competing-corrections c11-right 0',
      'P1 competing-corrections c11-wrong 1',
      'P1 target-not-seen lost 0',
      'P1 cycle circle-1 0',
      'P1 cycle circle-2 0',
      'P1 correction-of-retraction of-r20 0',
      'P1 rejected s24 0',
    ]);
    // Without an enrolment everything that would count is set aside: seven screens (one of them a missed visit) and two randomisations.
    expect(open.filter((row) => row.includes('no-enrolment'))).toHaveLength(8);
    expect(await kinds('--issue', 'no-enrolment', ...messy.key)).toHaveLength(10);
    const everywhere = (await succeed(['issues', '--issue', 'rejected', '--format', 'csv', ...messy.args])).stdout;
    expect(csvRows(everywhere).map(({ trial: of }) => of)).toEqual(['', trial]);
    expect(everywhere).not.toContain('no event at all');

    expect(await kinds('--site', 'A')).toEqual(expect.arrayContaining(['P1 conflict s17 0', 'P1 rejected s24 0']));
    expect(await kinds('--site', 'B')).toEqual([]);

    // First only the enrolment: what was set aside comes back by itself, and what can be only once shows.
    expect((await messy.ingest(settling.slice(0, 3))).code).toBe(0);
    expect((await kinds(...messy.key)).filter((row) => /second|no-/.test(row))).toEqual([
      'P1 second-enrolment enrolment-2 0',
      'P1 second-randomisation randomisation-2 0',
      'P1 second-arm arm-2 0',
    ]);
    expect((await messy.ingest(settling.slice(3))).code).toBe(0);
    expect(await kinds()).toEqual([]);
    expect(await kinds(...messy.key)).toEqual([]);
    expect(await kinds('--all')).toEqual(['P1 rejected s24 0']);

    const rates = async ({ args, key }: typeof messy) =>
      (await succeed(['rates', '--measure', 'abstinence', '--by', 'arm,site', '--format', 'csv', ...args, ...key]))
        .stdout;
    expect(await rates(messy)).toBe(await rates(clean));
    expect(await rates(messy)).toContain('Ketamine');
  }, 120_000);
});

type Blind = { readonly rows: string; readonly keyed: string };

/** What is listed of these events without the key, and with it. */
async function listed(
  name: string,
  key: TrialKey,
  events: readonly HoldfastEvent[],
  invalid: readonly Data[],
): Promise<Blind> {
  const dir = join(folder.path, name);
  await mkdir(dir, { recursive: true });
  const log = await embeddedEventLog({ dir: join(dir, 'log'), closedDir: join(dir, 'closed') });
  try {
    await publishProtocol(log, protocol);
    await publishKey(log, publishedKey(key));
    const door = await openDoor({ log, trials: await readTrials(log), now: () => new Date('2024-07-01T00:00:00Z') });
    await door.admit(events.map((one) => ({ accepted: true, event: one, received: one, trial })));
    await door.keepRejected(
      invalid.map((input, index) => {
        const verdict = door.judge(input);
        if (verdict.accepted) throw new Error('accepted');
        return { trial, where: `file:${index}`, problems: verdict.problems, input };
      }),
    );
    const blind = await trialIssues(log, protocol, { opener: undefined, held: 3 });
    const keyed = await trialIssues(log, protocol, { opener: opener(key), held: 1_000 });
    expect(await unattributedIssues(log)).toEqual([]);
    const files = await readdir(dir, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes('sketamine'), file.name).toBe(false);
    }
    const sorted = (rows: readonly object[]) =>
      rows
        .map((row) => JSON.stringify(row))
        .sort()
        .join('\n');
    return { rows: sorted(blind.issues), keyed: sorted(keyed.issues) };
  } finally {
    await log.close();
  }
}

describe('a blinded list is a function of the open events alone', () => {
  test('whatever the boxes hold, not a byte of it changes; the key shows what is wrong among them', async () => {
    const { key } = await createTrialKey(trial);
    const events = disorder.flatMap((one) =>
      typeof one === 'string' || one.id === 's24' ? [] : [one as unknown as HoldfastEvent],
    );
    const closed = (one: HoldfastEvent) => isClosed(one.type, one.data, protocol.closed);
    const invalid = [
      { ...arm('bad-arm', 'Esketamine'), data: { arm: 'Esketamine', Esketamine: 1 } },
      {
        ...screen('bad-screen', 3, 'positive'),
        data: { results: { 'esketamine-0-5': 'positive', Esketamine: 'positive' } },
      },
    ];
    const sealedOnly = [arm('boxed', 'Placebo'), arm('boxed', 'Ketamine'), retraction('r-boxed', 'boxed', 3, service)];
    const all = [...events, ...(sealedOnly as unknown as HoldfastEvent[])];
    const before = await listed('before', key, all, invalid);
    expect(before.rows).not.toMatch(/esketamine|Placebo|second-arm|r-boxed/i);
    expect(before.rows).toContain('data.results.?');
    expect(before.keyed).toContain('"id":"arm-2"');
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('Ketamine', 'Placebo'), { minLength: 20, maxLength: 20 }),
        async (arms) => {
          run += 1;
          let box = 0;
          const exchanged = all.map((one) => {
            if (!closed(one)) return one;
            box += 1;
            return {
              ...one,
              type: 'org.holdfast.arm-assigned.v1',
              data: { arm: arms[box % arms.length] },
            } as HoldfastEvent;
          });
          const after = await listed(`after-${run}`, key, exchanged, invalid);
          expect(after.rows).toBe(before.rows);
        },
      ),
      { numRuns: 5 },
    );
  }, 120_000);
});
