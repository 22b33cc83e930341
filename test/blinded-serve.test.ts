import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrialKey, isClosed, serialiseKey } from '@holdfast/access';
import { type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { ofSize, simulateTrial } from '@holdfast/simulate';
import { createToken, publishKey, publishProtocol, readTallies, readTrials } from '@holdfast/trials';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdfast, root, talliesDigest, temporaryFolder } from './acceptance/holdfast.ts';
import { pause, type Serving, start } from './faults/served-trial.ts';
import { otherContents, scenarioNamed } from './simulated-trial.ts';

const trial = 'DEMO-2X2';
const now = '2027-06-01T12:00:00.000Z';
const perRequest = 20;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let protocol: Protocol;
/** A store with the trial, its key and its tokens, from which both runs begin. */
let begun: string;
/** Tokens by source. */
const tokens = new Map<string, string>();

beforeAll(async () => {
  folder = await temporaryFolder();
  const parsed = parseProtocol(await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  protocol = parsed.value;
  begun = join(folder.path, 'begun');
  const { key, published } = await createTrialKey(trial);
  await writeFile(join(folder.path, 'key'), serialiseKey(key), { mode: 0o600 });
  const { log: dir, closedLog: closedDir } = storeFolders(begun);
  const log = await embeddedEventLog({ dir, closedDir });
  await publishProtocol(log, protocol);
  await publishKey(log, published);
  const grants = protocol.sites.map((site) => ({ trial, role: 'site' as const, site }));
  for (const grant of grants)
    tokens.set(`/trials/${trial}/sites/${grant.site}`, (await createToken(log, grant)).secret);
  tokens.set(`/trials/${trial}/randomisation`, (await createToken(log, { trial, role: 'randomisation' })).secret);
  // Else it would depend on who is first whether the day is in a shard's first claim.
  const door = await openDoor({ log, trials: await readTrials(log), now: () => new Date(now) });
  await door.turnDay(trial, now.slice(0, 10));
  await log.close();
});
afterAll(() => folder.remove());

type Sent = Record<string, unknown> & { readonly source: string };

/** What senders send, in order, several events of one source a request: some of it is rejected. */
function requestsOf(events: readonly HoldfastEvent[]): readonly (readonly Sent[])[] {
  const bySource = new Map<string, Sent[]>();
  const requests: Sent[][] = [];
  for (const event of events as readonly (HoldfastEvent & Sent)[]) {
    const waiting = bySource.get(event.source) ?? [];
    bySource.set(event.source, [...waiting, event]);
    if (waiting.length + 1 < perRequest) continue;
    requests.push([...waiting, event]);
    bySource.delete(event.source);
  }
  requests.push(...bySource.values());
  const arm = events.find(({ type }) => type === 'org.holdfast.arm-assigned.v1') as HoldfastEvent & Sent;
  const dose = events.find(({ type }) => type === 'org.holdfast.dose-given.v1') as HoldfastEvent & Sent;
  const site = { source: dose.source };
  return [
    ...requests,
    // Again, under the same ids.
    ...requests.slice(0, 2),
    // An arm from a site, what is sealed under a wrong type, and for a visit that there is none of.
    [{ ...arm, ...site }],
    [
      { ...dose, id: 'x1', type: 'org.holdfast.urine-screen.v1' },
      { ...dose, id: 'x2', data: { ...(dose.data as object), visit: 'W99' } },
      { ...dose, id: 'x3', time: 'yesterday' },
    ],
  ];
}

/** The same events, while every sealed box holds something else. */
function exchanged(events: readonly HoldfastEvent[]): HoldfastEvent[] {
  let index = 0;
  return events.map((event) => {
    if (!isClosed(event.type, event.data, protocol.closed)) return event;
    index += 1;
    return { ...event, data: otherContents(event, index, protocol, () => `d${index}`) } as HoldfastEvent;
  });
}

/** What anybody can see without the key. */
type Outside = Readonly<Record<string, readonly string[]>>;

/** What a box is made of is left out, but for how long it is: ciphertext is drawn anew each time. */
function outsideTheBoxes(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('box' in value && 'nonce' in value && 'enc' in value))
    return value;
  return { ...value, enc: String(value.enc).length, nonce: String(value.nonce).length, box: String(value.box).length };
}

async function openTopics(data: string): Promise<readonly string[]> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
  const lines: string[] = [];
  for (const { name, access } of await log.topics()) {
    if (access !== 'open') continue;
    for (const [partition, end] of (await log.ends(name)).entries()) {
      const records = await log.read(name, partition, 0, { records: Math.max(1, end), bytes: 1e9 });
      for (const { offset, key, value } of records) {
        const text = Buffer.from(value).toString();
        lines.push(
          `${name} ${partition} ${offset} ${key} ${text.includes('"box"') ? JSON.stringify(JSON.parse(text, outsideTheBoxes)) : text}`,
        );
      }
    }
  }
  await log.close();
  return lines;
}

/** Whether what came in is folded and published, so that each request is a batch of its own in either run. */
async function folded(data: string, serving: Serving): Promise<void> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
  for (;;) {
    const ends = await log.ends(`${trial}.events`);
    const { positions } = await readTallies(log, protocol, 'open');
    if (serving.url() !== undefined && ends.every((end, p) => positions[p]?.offset === end)) break;
    await pause(10);
  }
  await log.close();
}

async function answerOf(answer: Response): Promise<string> {
  const headers = [...answer.headers].filter(([name]) => name !== 'date');
  return JSON.stringify([answer.status, headers, await answer.text()]);
}

/** Drops what came last once more as a file, with an arm from a site, and waits until it is taken in. */
async function dropped(drop: string, events: readonly HoldfastEvent[]): Promise<void> {
  const arm = events.find(({ type }) => type === 'org.holdfast.arm-assigned.v1');
  const lines = [...events.slice(-40), { ...arm, source: `/trials/${trial}/sites/${protocol.sites[0]}` }];
  const unfinished = join(drop, 'incoming', 'events.part');
  await writeFile(unfinished, lines.map((one) => JSON.stringify(one)).join('\n'));
  await rename(unfinished, join(drop, 'incoming', 'events.ndjson'));
  while ((await readdir(join(drop, 'failed'))).length === 0) await pause(10);
}

/** Serves a trial in which this is sent, and keeps all that comes out of it. */
async function served(name: string, events: readonly HoldfastEvent[]): Promise<Outside> {
  const data = join(folder.path, name);
  await cp(begun, data, { recursive: true });
  const key = join(folder.path, 'key');
  const drop = join(folder.path, `${name}-drop`);
  const words = ['serve', '--port', '0', '--log-level', 'debug', '--drop', drop, '--data', data, '--key', key];
  const serving = start(words, { inject: 'nothing-by-chance.mjs', variables: { NOW: now } });
  await folded(data, serving);
  const answers: string[] = [];
  for (const request of requestsOf(events)) {
    const authorization = `Bearer ${tokens.get(request[0]?.source ?? '')}`;
    const headers = { authorization, 'content-type': 'application/cloudevents-batch+json' };
    const sent = { method: 'POST', headers, body: JSON.stringify(request) };
    answers.push(await answerOf(await fetch(`${serving.url()}/v1/events`, sent)));
    await folded(data, serving);
  }
  await dropped(drop, events);
  await folded(data, serving);
  for (const route of ['/healthz', '/readyz', '/nowhere', '/v1/events'])
    answers.push(await answerOf(await fetch(`${serving.url()}${route}`)));
  const metrics = await (await fetch(`${serving.url()}/metrics`)).text();
  const printed: string[] = [];
  for (const command of [
    ['rates', '--measure', 'alcohol-abstinence', '--by', 'site', '--format', 'csv'],
    ['rates', '--measure', 'alcohol-abstinence', '--by', 'arm'],
    ['issues', '--all', '--format', 'json'],
    ['rejected', '--all', '--format', 'json'],
    ['rejected', '--counts', '--format', 'csv'],
    ['verify', '--format', 'csv'],
  ])
    printed.push(JSON.stringify(await holdfast([...command, '--data', data])));
  const { port } = new URL(serving.url() ?? '');
  serving.kill('SIGTERM');
  expect(await serving.ended, serving.logged()).toBe(0);
  return {
    answers,
    printed: printed.map((text) => text.replaceAll(data, 'DATA')),
    // Of the process itself (memory, processor, event loop) nothing is the same twice.
    metrics: metrics.split('\n').filter((line) => line.includes('holdfast_')),
    // Threads and services write side by side.
    logged: serving
      .logged()
      .split('\n')
      .map((line) =>
        line
          .replace(/"pid":\d+/, '"pid":0')
          .replaceAll(data, 'DATA')
          .replaceAll(`:${port}`, ':PORT'),
      )
      .sort(),
    topics: await openTopics(data),
  };
}

test('served, a double-blind trial shows the same whatever its boxes hold: answers, logs, metrics, open topics, commands', async () => {
  const demo = await scenarioNamed('demo', protocol);
  const scenario = { ...ofSize(demo, 12), seed: 11, firstDay: '2026-03-02' };
  const events = simulateTrial(protocol, scenario).map(({ event }) => event);
  const [before, after] = await Promise.all([served('before', events), served('after', exchanged(events))]);
  for (const what of ['answers', 'metrics', 'logged', 'topics', 'printed']) {
    expect(before[what]?.length, what).toBeGreaterThan(3);
    expect(after[what], what).toEqual(before[what]);
  }
  const [open, other] = [join(folder.path, 'before'), join(folder.path, 'after')];
  expect(await talliesDigest(other, trial, 'closed')).not.toBe(await talliesDigest(open, trial, 'closed'));
}, 300_000);
