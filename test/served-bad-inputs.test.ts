import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvRows, holdfast, succeed } from './acceptance/holdfast.ts';
import {
  participantsEvents,
  pause,
  protocolText,
  type Role,
  type ServedTrial,
  type Serving,
  serve,
  servedTrial,
  trial,
} from './faults/served-trial.ts';

// What can only be seen on the running service; the door's own bad inputs are in `services/ingest/src/http/bad-inputs.test.ts`.

let served: ServedTrial;
let serving: Serving;
let before: string;

const folded = async () => {
  while (!(await served.isFolded())) await pause(20);
};
const post = (role: Role, events: readonly object[]) => served.post(serving.url() ?? '', role, events);
const screens = participantsEvents(0).site;

beforeAll(async () => {
  served = await servedTrial(tmpdir());
  serving = serve(served.data);
  while (serving.url() === undefined) await pause(20);
  for (const { site, arm } of [0, 1, 2].map(participantsEvents)) {
    expect((await post('site', site))?.status).toBe(202);
    expect((await post('randomisation', [arm]))?.status).toBe(202);
  }
  await folded();
  before = await served.digest();
});
afterAll(async () => {
  serving.kill('SIGKILL');
  await serving.ended;
  await served.remove();
});

/** The service goes on, by the tallies that it had. */
async function expectUnmoved(): Promise<void> {
  await folded();
  expect(await served.digest()).toBe(before);
  expect((await fetch(`${serving.url()}/readyz`)).status).toBe(200);
}

test('what is sent again under its ids, in other company and order, is accepted and changes no tally', async () => {
  expect((await post('site', [...screens].reverse()))?.status).toBe(202);
  expect((await post('site', [...screens, ...screens, ...participantsEvents(1).site]))?.status).toBe(202);
  await expectUnmoved();
});

test('an older content under an id that was sent is accepted, and changes no tally', async () => {
  const [conflicting] = screens.slice(-1).map((event) => ({
    ...event,
    // Of two contents the one that was recorded later counts.
    recordedtime: '2025-01-06T08:00:00+00:00',
    data: { results: { cocaine: 'positive' } },
  }));
  expect((await post('site', [conflicting ?? {}]))?.status).toBe(202);
  await expectUnmoved();
});

test.each<[string, Role, object, RegExp]>([
  ['an arm that the protocol has not', 'randomisation', { id: 'x1', data: { arm: 'C' } }, /is no arm of the protocol/],
  ['an arm from a site', 'site', { id: 'x2' }, /source/],
])('%s is rejected, and changes no tally', async (_, role, changes, reason) => {
  const event = { ...participantsEvents(1).arm, ...changes };
  const answer = await post(role, [event]);
  expect(answer).toMatchObject({ status: 422, text: expect.stringMatching(reason) });
  await expectUnmoved();
});

test.each([
  [
    'a cycle of aliases',
    (text: string) => text.replace('measures:', 'measures: &all\n  - *all'),
    'measures[0]: must be',
  ],
  ['an arm without an id', (text: string) => text.replace('{ id: B }', '{ name: B }'), 'arms[1]'],
  ['another number of partitions', (text: string) => text.replace('partitions: 2', 'partitions: 3'), 'partitions'],
])('a protocol with %s is refused beside it, and it goes on by the one before', async (_, change, reason) => {
  const folder = await mkdtemp(join(tmpdir(), 'hf-protocol-'));
  const file = join(folder, 'protocol.yaml');
  await writeFile(file, change(protocolText.replace('version: 1', 'version: 2')));
  const refused = await holdfast(['protocol', 'publish', file, '--data', served.data]);
  await rm(folder, { recursive: true });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) });
  await expectUnmoved();
});

test('all of it is listed', async () => {
  const { stdout } = await succeed(['issues', '--all', '--format', 'csv', '--data', served.data]);
  const listed = csvRows(stdout).map(({ issue, id }) => `${issue} ${id}`);
  for (const expected of [`conflict ${screens.at(-1)?.id}`, 'rejected x1', 'rejected x2'])
    expect(listed).toContain(expected);
});

test('after all of it the next participant counts', async () => {
  const { site, arm } = participantsEvents(3);
  expect((await post('site', site))?.status).toBe(202);
  expect((await post('randomisation', [arm]))?.status).toBe(202);
  await folded();
  expect(await served.digest()).not.toBe(before);
  expect(await served.assessed()).toBe(4);
  const { stdout } = await succeed(['protocol', 'list', '--data', served.data]);
  expect(stdout).toContain(trial);
});
