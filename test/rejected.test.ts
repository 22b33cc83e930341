import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrialKey, serialiseKey } from '@holdfast/access';
import { parseProtocol } from '@holdfast/events';
import { contentOf, eventInputs, openDoor, readRejections, takeEvents } from '@holdfast/ingest';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { checkStoreFormat, storeFolders } from '@holdfast/runtime';
import { publishKey, publishProtocol, readTrials } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonsNotToResend, toResend } from '../services/holdfast/src/resend.ts';
import { commandsInTurn, csvRows, temporaryFolder } from './acceptance/holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const protocolText = (trial: string, blinding: string) => `format: holdfast-protocol/1
trial: ${trial}
version: 1
title: What is rejected
blinding: ${blinding}
clock: imported
timeZone: UTC
partitions: 2
plannedFollowUp: 28
arms: [{ id: Ketamine }, { id: Placebo }]
sites: [A, B]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], horizon: 28, policies: [observed-only] }
`;

type Data = Record<string, unknown>;
function event(trial: string, from: string, id: string, data: Data, type = 'urine-screen', subject = 'P1'): Data {
  const time = '2024-03-04T10:00:00+00:00';
  const source = `/trials/${trial}/${from}`;
  return {
    ...{ specversion: '1.0', id, source, subject, type: `org.holdfast.${type}.v1` },
    ...{ time, recordedtime: time, data },
  };
}
const wrong = { results: { cocaine: 'clean' } };
const right = { results: { cocaine: 'negative' } };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** Runs with the log of a store, and closes it. */
async function withLog<T>(data: string, use: (log: EventLog) => Promise<T>): Promise<T> {
  const folders = storeFolders(data);
  const log = await embeddedEventLog({ dir: folders.log, closedDir: folders.closedLog });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

/** A store with one trial; a double-blind one has its key in the file `key`. */
async function storeWith(name: string, trial: string, blinding: 'open' | 'double') {
  const data = join(folder.path, name);
  const args = ['--data', data];
  const path = (file: string) => join(folder.path, `${name}-${file}`);
  const parsed = parseProtocol(protocolText(trial, blinding));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const protocol = parsed.value;
  await withLog(data, async (log) => {
    await publishProtocol(log, protocol);
    if (blinding === 'open') return;
    const { key, published } = await createTrialKey(trial);
    await publishKey(log, published);
    await writeFile(path('key'), serialiseKey(key));
  });
  checkStoreFormat(data, 'write');
  return {
    ...{ data, args, path, protocol },
    rows: async (command: string, ...more: readonly string[]) =>
      csvRows((await succeed([command, ...more, '--format', 'csv', ...args])).stdout),
    /** Takes in a file of these lines. */
    async ingest(lines: readonly (Data | string)[]) {
      const file = path('events.ndjson');
      await writeFile(file, lines.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'));
      return withLog(data, async (log) => {
        const trials = await readTrials(log);
        const door = await openDoor({ log, trials, now: () => new Date() });
        return takeEvents(eventInputs(file, process.stdin), door, { trials });
      });
    },
  };
}

describe('what is rejected of an open-label trial', () => {
  test('is listed by site and counted by reason, written out, mended, sent again, and then listed no longer', async () => {
    const { args, path, rows, ingest } = await storeWith('open', 'T-1', 'open');
    const [a1, a2, b1] = [
      event('T-1', 'sites/A', 'a1', wrong),
      event('T-1', 'sites/A', 'a2', { ...wrong, colour: 1 }, 'urine-screen', 'P2'),
      event('T-1', 'sites/B', 'b1', wrong, 'urine-screen', 'P3'),
    ];
    const twice = JSON.stringify(event('T-1', 'sites/B', 'b2', right)).replace('"subject"', '"id":"b3","subject"');
    const fine = event('T-1', 'sites/A', 'a3', right);
    expect(await ingest([a1, fine, a2, b1, twice, 'not an event'])).toEqual({ accepted: 1, rejected: 5 });

    const listed = await rows('rejected', '--trial', 'T-1');
    expect(listed.map(({ site, participant, id, state }) => [site, participant, id, state])).toEqual([
      ['A', 'P1', 'a1', 'open'],
      ['A', 'P2', 'a2', 'open'],
      ['B', 'P3', 'b1', 'open'],
      ['B', 'P1', 'b3', 'open'],
    ]);
    expect(listed[1]).toMatchObject({
      ...{ trial: 'T-1', type: 'urine-screen', source: '/trials/T-1/sites/A' },
      ...{
        where: expect.stringMatching(/events\.ndjson:3$/),
        reason: expect.stringMatching(/cocaine.*; also data\.colour/),
      },
    });
    expect((await rows('rejected')).map(({ trial, site }) => [trial, site])).toContainEqual(['', '']);
    expect(await rows('rejected', '--site', 'B', '--since', '2024-01-01')).toHaveLength(2);
    expect(await rows('rejected', '--since', '2099-01-01')).toEqual([]);
    const counts = await rows('rejected', '--trial', 'T-1', '--counts');
    expect(counts[0]).toMatchObject({
      site: 'A',
      inputs: '2',
      reason: expect.stringContaining('data.results.cocaine'),
    });
    expect(counts.reduce((sum, { inputs }) => sum + Number(inputs), 0)).toBe(5);

    const out = path('mend.ndjson');
    const { stderr } = await succeed(['rejected', '--out', out, ...args]);
    expect(
      (await readFile(out, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([a1, a2, b1]);
    expect((await lstat(out)).mode & 0o777).toBe(0o600);
    expect(stderr).toContain('3 rejected events are in');
    expect(stderr).toContain(`2 not among them: ${reasonsNotToResend.ambiguous}`);
    expect(await holdfast(['rejected', '--out', out, ...args])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not overwritten'),
    });

    const mended = (await readFile(out, 'utf8')).replaceAll('clean', 'negative').replace(',"colour":1', '');
    expect(await ingest(mended.trim().split('\n'))).toEqual({ accepted: 3, rejected: 0 });
    expect((await rows('rejected', '--trial', 'T-1')).map(({ id }) => id)).toEqual(['b3']);
    const all = await rows('rejected', '--trial', 'T-1', '--all');
    expect(all.map(({ id, state }) => [id, state])).toEqual([
      ['a1', 'mended'],
      ['a2', 'mended'],
      ['b1', 'mended'],
      ['b3', 'open'],
    ]);
    // The list of issues says the same of them.
    const inIssues = async (...more: readonly string[]) =>
      (await rows('issues', '--trial', 'T-1', '--issue', 'rejected', ...more)).map(({ id }) => id);
    expect(await inIssues('--site', 'B')).toEqual(['b3']);
    expect((await inIssues('--all')).sort()).toEqual(all.map(({ id }) => id));
  }, 120_000);
});

describe('what is rejected of a double-blind trial', () => {
  test('is kept sealed: without the key nothing of it can be written out, and no content changes what is listed', async () => {
    const secret = 'Ketamine';
    const outputs: string[] = [];
    for (const [name, value] of [
      ['blind-1', secret],
      ['blind-2', 'Placebo'],
    ] as const) {
      const { args, path, ingest } = await storeWith(name, 'T-2', 'double');
      const arm = event('T-2', 'sites/A', 'arm', { arm: value }, 'arm-assigned');
      expect(await ingest([arm, event('T-2', 'sites/A', 'a1', wrong)])).toEqual({ accepted: 0, rejected: 2 });
      const withoutKey = await succeed(['rejected', '--out', path('blind.ndjson'), '--format', 'json', ...args]);
      expect(await readFile(path('blind.ndjson'), 'utf8')).toBe('');
      expect(withoutKey.stderr).toContain(`2 not among them: ${reasonsNotToResend.sealed}`);
      outputs.push(
        `${withoutKey.stdout}${withoutKey.stderr}`.replaceAll(name, 'STORE').replaceAll(/"received": ".*"/g, ''),
      );

      expect(JSON.parse(withoutKey.stdout)).toMatchObject([
        { type: 'sealed', id: 'arm' },
        { type: 'urine-screen', id: 'a1' },
      ]);

      const withKey = await succeed(['rejected', '--out', path('open.ndjson'), ...args, '--key', path('key')]);
      expect(withKey.stderr).toContain('2 rejected events are in');
      expect((await readFile(path('open.ndjson'), 'utf8')).split('\n')[0]).toBe(JSON.stringify(arm));
      expect(withKey.stdout).not.toContain(value);
    }
    expect(outputs[0]).toBe(outputs[1]);
    expect(outputs[0]).not.toContain(secret);
  }, 120_000);
});

describe('what may be sent again from a file', () => {
  test('is nothing that its sender’s token could not send: the file needs none', async () => {
    const { data, path, args, protocol } = await storeWith('scope', 'T-3', 'open');
    const own = '/trials/T-3/sites/A';
    const target = { source: '/trials/T-3/sites/B', id: 'b1' };
    const inputs: Readonly<Record<string, unknown>> = {
      own: event('T-3', 'sites/A', 'own', wrong),
      'other site': event('T-3', 'sites/B', 'other', wrong),
      arm: event('T-3', 'randomisation', 'arm', { arm: 'Ketamine' }, 'arm-assigned'),
      'other’s event': event('T-3', 'sites/A', 'back', { target, reason: 'wrong', by: 'A' }, 'retraction'),
      text: 'no JSON',
      large: event('T-3', 'sites/A', 'large', { results: { cocaine: 'x'.repeat(500_000) } }),
    };
    await withLog(data, async (log) => {
      const door = await openDoor({ log, trials: await readTrials(log), now: () => new Date() });
      const problems = [{ path: '', message: 'is rejected' }];
      await door.keepRejected(
        Object.entries(inputs).map(([where, input]) => ({ trial: 'T-3', where, problems, input, from: own })),
      );
      await door.keepRejected([
        { trial: 'T-3', where: 'tables', problems, input: inputs.own, mapping: 'm' },
        { trial: 'T-3', where: 'file', problems, input: inputs.arm },
        { trial: 'T-3', where: 'twice', problems, input: inputs.own, isAmbiguous: true },
        { trial: 'T-3', where: 'whole', problems, input: undefined },
      ]);
      const outcomes: Record<string, unknown> = {};
      for (const rejection of await readRejections(log, protocol)) {
        const content = await contentOf(log, protocol, rejection, new Map());
        const outcome = toResend({ ...rejection, state: 'open' }, content);
        outcomes[rejection.where] = 'not' in outcome ? outcome.not : outcome.event;
      }
      expect(outcomes).toEqual({
        own: inputs.own,
        'other site': 'scope',
        arm: 'scope',
        'other’s event': 'scope',
        text: 'ambiguous',
        large: 'not kept',
        tables: 'tables',
        file: inputs.arm,
        twice: 'ambiguous',
        whole: 'not kept',
      });
    });
    const { stderr } = await succeed(['rejected', '--site', 'A', '--out', path('mend'), ...args]);
    expect(stderr).toContain(`3 not among them: ${reasonsNotToResend.scope}`);
  }, 120_000);
});
