import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { contentsOf, fromArchive, fromLog, startAggregate } from '@holdfast/aggregate';
import { openLog } from '@holdfast/log';
import { openObjects } from '@holdfast/objects';
import { readCut, readTrials, topicsOf } from '@holdfast/trials';
import { expect } from 'vitest';
import { holdfast, succeed } from '../../acceptance/holdfast.ts';
import { crashAt, pause } from '../served-trial.ts';
import { mayMount } from '../small-disk.ts';
import type { Chance } from './chance.ts';
import type { S3Trouble } from './failing-s3.ts';
import type { Machine } from './machine.ts';
import type { Stage, Strike } from './stage.ts';

/** Longer than the group waits for a member (10 s): others have its shards by then. */
const beyondSession = (chance: Chance) => chance.whole(11_000, 15_000);

const anyMachine = ({ door, workers }: Stage, chance: Chance): Machine => chance.oneOf([...workers, door]);

/** The process must end as a crash point ends it: a point that nobody passes any more is a failure, and not a wait without end. */
async function crashes(one: Machine, point: string): Promise<void> {
  await one.stop();
  const serving = one.start(crashAt(point));
  const timer = setTimeout(() => serving.kill('SIGTERM'), 120_000);
  const how = await serving.ended;
  clearTimeout(timer);
  expect(how, `${one.name} at ${point}`).toBe('SIGKILL');
  one.start();
}

const doorsPoints = ['append', 'acknowledgement'] as const;
const workersPoints = ['commit', 'publication', 'claim', 'snapshot'] as const;

/** Killed at a named point: before or after an append, an acknowledgement, a commit, a publication, a snapshot; amid a claim, of whose two sides one is out. */
const atCrashPoint: Strike = async ({ door, workers }, { chance }) => {
  const [one, what] = chance.percent(35)
    ? [door, chance.oneOf(doorsPoints)]
    : [chance.oneOf(workers), chance.oneOf(workersPoints)];
  // Of snapshots there is one of each shard to begin with.
  const passing = what === 'snapshot' ? 1 : chance.whole(1, 3);
  await crashes(one, `${chance.oneOf(['before', 'after'])}-${what}:${passing}`);
};

const killed: Strike = async (stage, { chance, senders }) => {
  for (let times = chance.whole(1, 3); times > 0; times -= 1) {
    const one = anyMachine(stage, chance);
    await one.kill();
    if (chance.percent(40) && one !== stage.door) await one.loseDisk();
    await pause(chance.whole(0, 2_000));
    one.start();
    await pause(chance.whole(0, 4_000));
  }
  await senders.more(10);
};

const brokerRestarted: Strike = async ({ cluster: { kafka } }, { chance }) => {
  const node = chance.whole(0, kafka.brokers.length - 1);
  if (chance.percent(30)) {
    // It stands still and comes back as if nothing had been.
    kafka.freeze(node);
    await pause(chance.whole(2_000, 12_000));
    kafka.thaw(node);
    return;
  }
  await kafka.kill(node);
  await pause(chance.whole(0, 3_000));
  await kafka.restart(node);
};

/** All of them, for longer than a request waits (30 s): no service ends over it, and all go on by themselves. */
const brokersAway: Strike = async ({ cluster: { kafka }, door, workers }, { chance, senders }) => {
  const nodes = kafka.brokers.map((_, node) => node);
  const away = pause(chance.whole(61_000, 80_000));
  if (chance.percent(50)) {
    for (const node of nodes) kafka.freeze(node);
    await away;
    for (const node of nodes) kafka.thaw(node);
  } else {
    await Promise.all(nodes.map((node) => kafka.kill(node)));
    await away;
    // None is ready before most of them are there.
    await Promise.all(nodes.map((node) => kafka.restart(node)));
  }
  await senders.more(20);
  for (const { name, now } of [door, ...workers])
    expect(await Promise.race([now()?.ended, 'runs']), `${name} through the outage`).toBe('runs');
};

const leaderKilled: Strike = async ({ cluster, protocol }, { chance, senders }) => {
  const partition = chance.whole(0, protocol.partitions - 1);
  const leader = await cluster.leaderOf(topicsOf(protocol).events.name, partition);
  await cluster.kafka.kill(leader);
  // Without it all goes on.
  await senders.more(chance.whole(30, 120));
  await cluster.kafka.restart(leader);
};

/** A worker that is parted from the brokers, or stands still, for so long that others have its shards; then it comes back, knowing nothing of it. */
const parted: Strike = async ({ cluster: { lines }, workers: [worker] }, { chance, senders }) => {
  const ms = beyondSession(chance);
  switch (chance.oneOf(['cut', 'silent', 'standing still'])) {
    case 'cut':
      await Promise.all(lines.map((line) => line.cut()));
      await pause(ms);
      await Promise.all(lines.map((line) => line.heal()));
      break;
    case 'silent':
      await Promise.all(lines.map((line) => line.silence()));
      await pause(ms);
      await Promise.all(lines.map((line) => line.heal()));
      break;
    case 'standing still':
      worker.now()?.kill('SIGSTOP');
      await pause(ms);
      worker.now()?.kill('SIGCONT');
      break;
  }
  await senders.more(20);
};

const s3Troubles: readonly [S3Trouble['does'], ...S3Trouble['does'][]] = [
  'answers 500',
  'answers 503',
  'is slow',
  'truncates answers',
  'truncates requests',
];

let cuts = 0;

/**
 * A cut that is made while the store fails is made right or not at all; in the second case that is said, and it can be made again. A worker
 * that lost its disk has its shards all the same, by a snapshot or by the log.
 */
const s3Failing: Strike = async ({ cluster, log, protocol, settings, workers: [, worker] }, { chance }) => {
  cuts += 1;
  const { trial } = protocol;
  const name = `cut-${cuts}`;
  const words = ['cut', 'create', '--trial', trial, '--name', name];
  const objects = await openObjects(cluster.objects);
  const does = chance.oneOf(s3Troubles);
  cluster.s3.trouble({ does, percent: chance.oneOf([15, 50, 100]) }, chance);
  if (chance.percent(40)) {
    await worker.kill();
    await worker.loseDisk();
    worker.start();
  }
  const tried = await holdfast(words, settings).finally(() => cluster.s3.trouble(undefined, chance));
  const isThere = async () => (await readCut(objects, trial, name)) !== undefined;
  if (tried.code === 0) expect(await isThere()).toBe(true);
  else expect(tried.stderr, 'says why').toMatch(/object|store|S3|cut/);
  if (!(await isThere())) await succeed(words, settings);
  const cut = await readCut(objects, trial, name);
  if (cut === undefined) throw new Error(`${name} was made and is not there`);
  const archived = await contentsOf(fromArchive(objects, cut), protocol, { asOf: undefined, cutOff: undefined });
  const marked = { ...(await fromLog(log, protocol)), ends: cut.marks };
  const logged = await contentsOf(
    { ...marked, read: (partition) => upTo(marked.read(partition), cut.marks[partition] ?? 0) },
    protocol,
    { asOf: undefined, cutOff: undefined },
  );
  expect(archived).toEqual(logged);
  expect(cut.digest).toBe(logged.digest);
};

async function* upTo<T extends { readonly offset: number }>(batches: AsyncIterable<readonly T[]>, end: number) {
  for await (const records of batches) yield records.filter(({ offset }) => offset < end);
}

const diskFull: Strike = async ({ disk }, { chance, senders }) => {
  if (disk === undefined) throw new Error('there is no small disk');
  disk.fill();
  await senders.more(chance.whole(20, 60));
  await pause(chance.whole(0, 4_000));
  disk.makeRoom();
};

const day = 86_400_000;

/** A machine whose clock is wrong by a day, or leaps between wrong and right. */
const clockSkewed: Strike = async (stage, { chance, senders }) => {
  const one = anyMachine(stage, chance);
  await one.stop();
  const error = chance.oneOf([day, -day, 3_600_000, -3_600_000]);
  const leaping = { CLOCK_IS_OFF_BY: `0,${error}`, CLOCK_JUMPS_EVERY: '1500' };
  one.start({
    inject: 'skewed-clock.mjs',
    variables: chance.percent(50) ? leaping : { CLOCK_IS_OFF_BY: `${error}` },
  });
  await one.ready();
  await senders.more(chance.whole(50, 150));
  await pause(chance.whole(0, 3_000));
  if (chance.percent(50)) await one.kill();
  else await one.stop();
  one.start();
};

/** What somebody else wrote to the trial's log: no event, or one of a type that there is not. */
const poisoned: Strike = async ({ cluster, log, protocol, wroteForeign }, { chance, senders }) => {
  const topic = topicsOf(protocol).events.name;
  const partition = () => chance.whole(0, protocol.partitions - 1);
  const bytes = (size: number) => Buffer.from(Array.from({ length: size }, () => chance.whole(0, 255)));
  const unknown = (type: string, id: string) => ({
    data: { what: 'ever' },
    id,
    recordedtime: '2025-01-06T10:00:00+00:00',
    source: `/trials/${protocol.trial}/sites/S1`,
    specversion: '1.0',
    subject: 'P-0',
    time: '2025-01-06T10:00:00+00:00',
    type,
  });
  for (let times = chance.whole(1, 5); times > 0; times -= 1) {
    const id = `poison-${chance.whole(0, 1_000_000_000)}`;
    const values: readonly [Buffer, ...Buffer[]] = [
      bytes(chance.whole(1, 200)),
      Buffer.alloc(0),
      Buffer.from('null'),
      Buffer.from('{"data":'),
      Buffer.from('[1,2,3]'),
      Buffer.from('{"type":7}'),
      Buffer.from(JSON.stringify(unknown('org.holdfast.no-such-thing.v1', id))),
      Buffer.from(JSON.stringify(unknown('com.example.other.v1', id))),
      Buffer.from(JSON.stringify({ ...unknown('org.holdfast.urine-screen.v1', id), subject: undefined })),
      Buffer.from(JSON.stringify(unknown('org.holdfast.urine-screen.v1', id))),
      Buffer.alloc(900_000, 'x'),
    ];
    const value = chance.oneOf(values);
    const isForeign = chance.percent(50);
    if (isForeign) await cluster.sendForeign(topic, partition(), [value, null]);
    else await log.append(topic, [{ key: chance.oneOf(['', 'P-0', 'x']), value, partition: partition() }]);
    wroteForeign(isForeign ? 2 : 1, [id]);
    await senders.more(10);
  }
};

/** Workers that come and go every second or two. */
const stormed: Strike = async ({ cluster, protocol, folder }, { chance, senders }) => {
  const comeAndGo = async (times: number): Promise<void> => {
    for (; times > 0; times -= 1) {
      const log = await openLog(cluster.log);
      const shards = await mkdtemp(join(folder, 'passing-'));
      const aggregate = startAggregate({ log, keys: new Map(), shards, batchRecords: 5_000 });
      const published = (await readTrials(log)).get(protocol.trial);
      if (published === undefined) throw new Error('not published');
      await aggregate.keep(published);
      await pause(chance.whole(200, 2_000));
      await aggregate.stop();
      await log.close();
      await pause(chance.whole(0, 1_000));
    }
  };
  await Promise.all([comeAndGo(chance.whole(2, 5)), comeAndGo(chance.whole(2, 5))]);
  await senders.more(10);
};

/** All kinds of faults; of what needs more than one broker, or a disk of its own, that is said. */
export const kinds = {
  'crash points': { strike: atCrashPoint },
  'kill -9': { strike: killed },
  'broker restart': { strike: brokerRestarted, brokers: 3 },
  'brokers away': { strike: brokersAway, brokers: 3 },
  'leader killed': { strike: leaderKilled, brokers: 3 },
  'network parted': { strike: parted },
  's3 failing': { strike: s3Failing },
  'disk full': { strike: diskFull, onSmallDisk: true, isPossible: mayMount },
  'clock skewed': { strike: clockSkewed },
  poison: { strike: poisoned },
  'rebalance storm': { strike: stormed },
} satisfies Record<string, { strike: Strike; brokers?: number; onSmallDisk?: boolean; isPossible?: boolean }>;

export type Kind = keyof typeof kinds;
