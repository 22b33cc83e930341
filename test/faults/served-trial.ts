import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey, serialiseKey } from '@holdfast/access';
import { startAggregate } from '@holdfast/aggregate';
import { type Protocol, parseProtocol, sha256 } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { type CellTally, cellsOf } from '@holdfast/tallies';
import { createToken, publishKey, publishProtocol, readTallies, readTrials } from '@holdfast/trials';
import { root } from '../acceptance/holdfast.ts';

export const trial = 'FAULTS-1';
export const protocolText = `
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial whose machine fails
blinding: open
clock: live
timeZone: UTC
partitions: 2
plannedFollowUp: 28
arms: [{ id: A }, { id: B }]
sites: [S1]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], coverage: { atLeast: 1 }, horizon: 28, policies: [observed-only] }
`;
const parsed = parseProtocol(protocolText);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const protocol = parsed.value;

const bin = join(root, 'services/holdfast/bin/holdfast.js');

/** A process of Holdfast. */
export type Serving = {
  /** Where it listens, while it does. */
  readonly url: () => string | undefined;
  readonly logged: () => string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
};

/** What a test that was given up leaves running ends with it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export type HowToStart = {
  /** A file in `inject` that is put into the process by `node --import`. */
  readonly inject?: string;
  /** Variables that it reads. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A command that runs the process. */
  readonly by?: readonly string[];
};

/** Starts the command line. */
export function start(words: readonly string[], { inject, variables, by = [] }: HowToStart = {}): Serving {
  const injected = inject === undefined ? [] : ['--import', new URL(`./inject/${inject}`, import.meta.url).href];
  const [program = '', ...more] = [...by, process.execPath, ...injected, bin, ...words];
  const child = spawn(program, more, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // They send as fast as they are answered, refusals too.
    env: { ...process.env, HOLDFAST_REQUESTS_PER_MINUTE: '1000000', ...variables },
  });
  running.add(child);
  let logged = '';
  let url: string | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
      url ??= /"url":"([^"]+)"/.exec(logged)?.[1];
    });
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    url = undefined;
    return (signal ?? code) as number | NodeJS.Signals;
  });
  return { url: () => url, logged: () => logged, kill: (signal) => void child.kill(signal), ended };
}

/** Kills the process at a crash point, and which passing of it: `before-commit:3`. */
export const crashAt = (point: string): HowToStart => ({
  inject: 'crash-points.mjs',
  variables: { CRASH_AT: point },
});

export const serve = (data: string, how?: HowToStart): Serving => start(['serve', '--port', '0', '--data', data], how);

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const date = (day: number) => new Date(Date.UTC(2025, 0, 6 + day)).toISOString().slice(0, 10);

type SentEvent = { readonly id: string; readonly source: string; readonly subject: string };

/** What a site, and then the randomisation service, send of a participant: enrolled, randomised, a urine screen a week, and an arm. */
export function participantsEvents(n: number): { readonly site: readonly SentEvent[]; readonly arm: SentEvent } {
  const subject = `P-${n}`;
  const dayZero = n % 30;
  const event = (type: string, day: number, data: object, from = 'sites/S1'): SentEvent => {
    const time = `${date(dayZero + day)}T10:00:00+00:00`;
    const name = `org.holdfast.${type}.v1`;
    const id = `${subject}-${type}-${day}`;
    const source = `/trials/${trial}/${from}`;
    return { specversion: '1.0', id, source, subject, type: name, time, recordedtime: time, data } as SentEvent;
  };
  const screens = [7, 14, 21, 28].map((day) =>
    event('urine-screen', day, { results: { cocaine: (n + day) % 5 === 0 ? 'positive' : 'negative' } }),
  );
  return {
    site: [
      event('participant-enrolled', 0, { consentDate: date(dayZero) }),
      event('participant-randomised', 0, { date: date(dayZero) }),
      ...screens,
    ],
    arm: event('arm-assigned', 0, { arm: n % 2 === 0 ? 'A' : 'B' }, 'randomisation'),
  };
}

export type Answer = { readonly status: number; readonly text: string };

/** Sends participant after participant to wherever `serve` listens, each request until it is acknowledged. */
export type Senders = {
  /** Participants of whom anything was sent. */
  readonly begun: () => number;
  /** By event: how often it was sent until it was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Ends with the participants that have been begun, once all of theirs is acknowledged. */
  finish(): Promise<void>;
  /** Rejects when anything else was answered than that it is durable, or not yet. */
  readonly failed: Promise<never>;
};

export type Role = 'site' | 'randomisation';

export type ServedTrial = {
  readonly data: string;
  /** The folder of its key, if it is double-blind; else it is empty. */
  readonly keys: string;
  /** Sends events with a token; answers undefined if the connection broke. */
  post(url: string, role: Role, events: readonly object[]): Promise<Answer | undefined>;
  startSending(url: () => string | undefined): Senders;
  /** How many participants are assessed on the day on which most are, as a reader sees it now on either side of the blind. */
  assessed(): Promise<number>;
  /** Whether the published tallies include all that is in the log. */
  isFolded(): Promise<boolean>;
  digest(): Promise<string>;
  /** Lets go of the store, and looks at what lies there then. */
  stopReading(): Promise<void>;
  readAnew(): Promise<void>;
  remove(): Promise<void>;
};

/** On the study day on which most are assessed, how many: tallies hold what begins and ends on a day. */
function assessedIn(cells: readonly CellTally[]): number {
  const change = new Array<number>(30).fill(0);
  for (const { kind, axis, days } of cells) {
    if (kind !== 'assessable' || axis !== 'study') continue;
    for (let i = 0; i < days.length; i += 2) change[days[i] ?? 0] = (change[days[i] ?? 0] ?? 0) + (days[i + 1] ?? 0);
  }
  let [now, most] = [0, 0];
  for (const more of change) {
    now += more;
    most = Math.max(most, now);
  }
  return most;
}

/** A store in which the trial is published, and which is read along the whole time; in a folder of its own there. */
export async function servedTrial(there: string, blinding: Protocol['blinding'] = 'open'): Promise<ServedTrial> {
  const folder = await mkdtemp(join(there, 'hf-faults-'));
  const keys = join(folder, 'keys');
  await mkdir(keys);
  const data = join(folder, 'store');
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const publishing = await embeddedEventLog({ dir, closedDir });
  await publishProtocol(publishing, { ...protocol, blinding });
  if (blinding === 'double') {
    const { key, published } = await createTrialKey(trial);
    await writeFile(join(keys, 'key'), serialiseKey(key), { mode: 0o600 });
    await publishKey(publishing, published);
  }
  const tokens: Readonly<Record<Role, string>> = {
    site: (await createToken(publishing, { trial, role: 'site', site: 'S1' })).secret,
    randomisation: (await createToken(publishing, { trial, role: 'randomisation' })).secret,
  };
  await publishing.close();
  const openLog = () => embeddedEventLog({ dir, closedDir, readOnly: true });
  let log = await openLog();
  const tallies = async (side: 'open' | 'closed') => cellsOf((await readTallies(log, protocol, side)).tallies);
  let side: 'open' | 'closed' = 'open';
  const post = async (url: string, role: Role, events: readonly object[]): Promise<Answer | undefined> => {
    const headers = { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/cloudevents-batch+json' };
    const sent = { method: 'POST', headers, body: JSON.stringify(events) };
    const answer = await fetch(`${url}/v1/events`, sent).catch(() => undefined);
    // Whoever is killed amid its answer has given the status all the same.
    return answer && { status: answer.status, text: await answer.text().catch(() => '') };
  };
  return {
    data,
    keys,
    post,
    startSending: (url) => sendingTo(url, post),
    async assessed() {
      side = side === 'open' ? 'closed' : 'open';
      return assessedIn(await tallies(side));
    },
    async isFolded() {
      const ends = await log.ends(`${trial}.events`);
      const { positions } = await readTallies(log, protocol, 'closed');
      return ends.every((end, partition) => positions[partition]?.offset === end);
    },
    digest: async () => sha256(JSON.stringify(await tallies('closed'))),
    stopReading: () => log.close(),
    async readAnew() {
      await log.close();
      log = await openLog();
    },
    async remove() {
      await log.close();
      await rm(folder, { recursive: true });
    },
  };
}

const lanes = 3;

function sendingTo(url: () => string | undefined, post: ServedTrial['post']): Senders {
  let begun = 0;
  let isEnding = false;
  const acknowledged = new Map<string, number>();

  const send = async (role: Role, events: readonly SentEvent[]): Promise<void> => {
    for (let times = 0; ; ) {
      const to = url();
      if (to === undefined) {
        await pause(10);
        continue;
      }
      times += 1;
      const answer = await post(to, role, events);
      if (answer?.status === 202) {
        for (const { id } of events) acknowledged.set(id, times);
        return;
      }
      if (answer !== undefined && answer.status !== 503) throw new Error(`answered ${answer.status}: ${answer.text}`);
      await pause(10);
    }
  };
  const lane = async (): Promise<void> => {
    while (!isEnding) {
      const { site, arm } = participantsEvents(begun);
      begun += 1;
      await send('site', site);
      await send('randomisation', [arm]);
      await pause(30);
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  const failed = new Promise<never>((_, reject) => all.catch(reject));
  failed.catch(() => undefined);
  return {
    begun: () => begun,
    acknowledged,
    failed,
    async finish() {
      isEnding = true;
      await all;
    },
  };
}

/** The digest of the tallies of a store in which nothing ever failed, and which took in the same participants once. */
export async function undisturbedDigest(participants: number, lastDay: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-undisturbed-'));
  const { log: dir, closedLog: closedDir, shards } = storeFolders(folder);
  const log = await embeddedEventLog({ dir, closedDir });
  try {
    await publishProtocol(log, protocol);
    const trials = await readTrials(log);
    const door = await openDoor({ log, trials, now: () => new Date() });
    const events = Array.from({ length: participants }, (_, n) => participantsEvents(n)).flatMap(({ site, arm }) => [
      ...site,
      arm,
    ]);
    await door.admit(
      events.map((event) => {
        const verdict = door.judge(event);
        if (!verdict.accepted) throw new Error(JSON.stringify(verdict.problems));
        return verdict;
      }),
    );
    await door.turnDay(trial, lastDay);
    const aggregate = startAggregate({ log, keys: new Map(), shards, batchRecords: 5_000 });
    const published = trials.get(trial);
    if (published === undefined) throw new Error('not published');
    await aggregate.keep(published);
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
    return sha256(JSON.stringify(cellsOf((await readTallies(log, protocol, 'closed')).tallies)));
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}
