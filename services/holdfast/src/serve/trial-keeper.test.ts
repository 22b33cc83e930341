import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aggregate, Folded, ShardListener } from '@holdfast/aggregate';
import { parseProtocol } from '@holdfast/events';
import { type EventLog, StoreInUse } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { openLogger } from '@holdfast/runtime/server';
import { type PublishedTrial, publishProtocol, readTrials } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keepTrial } from './trial-keeper.ts';

const protocolText = (version: number) => `
format: holdfast-protocol/1
trial: T
version: ${version}
title: A trial whose shards fail
blinding: open
clock: live
timeZone: UTC
partitions: 2
plannedFollowUp: 28
arms: [{ id: A }]
sites: [S1]
substances: [{ id: cocaine }]
measures:
  - { id: m, kind: first-use, substances: [cocaine], evidence: any-positive, windows: [7], horizon: 28 }
`;

let root: string;
let log: EventLog;
let trial: PublishedTrial;
async function published(version: number): Promise<PublishedTrial> {
  const parsed = parseProtocol(protocolText(version));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  await publishProtocol(log, parsed.value);
  const found = (await readTrials(log)).get('T');
  if (found === undefined) throw new Error('not published');
  return found;
}
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-keeper-'));
  log = await embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
  trial = await published(1);
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await log.close();
  await rm(root, { recursive: true });
});

/** What becomes of an aggregate when it is opened. */
type Fate = 'kept' | 'without key' | Error;

/** Aggregates as they are opened and stopped, one fate after the other, and the last one for ever. */
function keeperWith(...fates: readonly [Fate, ...Fate[]]) {
  return keeperOn({ isShared: false }, fates);
}

function keeperOn({ isShared }: { isShared: boolean }, fates: readonly [Fate, ...Fate[]]) {
  const diary: string[] = [];
  const failures: string[] = [];
  let failLast: (error: Error) => void = () => undefined;
  let told: ShardListener = {};
  const openAggregate = async (
    { protocol }: PublishedTrial,
    listener: ShardListener,
  ): Promise<Aggregate | undefined> => {
    const opened = diary.filter((what) => what.startsWith('open')).length;
    const fate = fates[Math.min(opened, fates.length - 1)];
    diary.push(`open ${protocol.version}`);
    if (fate === 'without key') return undefined;
    told = listener;
    const failed = new Promise<never>((_, reject) => {
      failLast = reject;
    });
    failed.catch(() => undefined);
    return {
      async keep() {
        if (fate instanceof Error) throw fate;
      },
      caughtUp: () => failed,
      failed,
      async stop() {
        diary.push('stop');
      },
    };
  };
  const keeper = keepTrial(trial, {
    log,
    isShared,
    logger: openLogger({ level: 'silent' }),
    openAggregate,
    onFolded: () => undefined,
    onFailed: (name) => failures.push(name),
    retryMs: 100,
  });
  const claimed = (partition: number): Folded => ({
    trial: 'T',
    partition,
    offset: 0,
    owner: 'o',
    sequence: 1,
    batch: undefined,
  });
  return {
    keeper,
    diary,
    failures,
    fail: (error: Error) => failLast(error),
    claim: (...partitions: readonly number[]) => {
      for (const partition of partitions) told.onFolded?.(claimed(partition));
    },
    take: (partition: number) => told.onTaken?.('T', partition),
    giveBack: (partition: number) => told.onGiven?.('T', partition),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

const broken = Object.assign(new Error('a batch failed'), { code: 'HF_SHARD_UNREADABLE' });

describe('a trial’s keeper', () => {
  test('is ready when every shard has claimed, and not before', async () => {
    const { keeper, claim } = keeperWith('kept');
    expect(keeper.check().problem).toBe('are being opened');
    await keeper.keep(trial);
    expect(keeper.check().problem).toBe('2 of 2 are being refilled from the log by version 1');
    claim(1);
    expect(keeper.check().problem).toBe('1 of 2 are being refilled from the log by version 1');
    claim(0);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    await keeper.stop();
  });

  test('on a log shared with other machines answers for the shards that it has, as they come and go', async () => {
    const { keeper, claim, take, giveBack } = keeperOn({ isShared: true }, ['kept']);
    await keeper.keep(trial);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    take(1);
    expect(keeper.check().problem).toBe('1 of 1 are being refilled from the log by version 1');
    claim(1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    expect((await keeper.standing()).partitions).toEqual([{ partition: 1, offset: 0, end: 0 }]);
    take(0);
    expect(keeper.check().note).toMatch(/^1 of 2 are being refilled/);
    giveBack(0);
    giveBack(1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    expect((await keeper.standing()).partitions).toEqual([]);
    await keeper.stop();
  });

  test('opens shards that failed again, after a pause that doubles until they are folded', async () => {
    const { keeper, diary, failures, pass, claim } = keeperWith(broken, broken, broken, 'kept', broken, 'kept');
    await keeper.keep(trial);
    expect(keeper.check().problem).toBe('failed (HF_SHARD_UNREADABLE); the log says more');
    const opened = () => diary.filter((what) => what.startsWith('open')).length;
    await pass(99);
    expect(opened()).toBe(1);
    await pass(1);
    expect(opened()).toBe(2);
    await pass(199);
    expect(opened()).toBe(2);
    await pass(1);
    expect(opened()).toBe(3);
    await pass(400);
    expect(opened()).toBe(4);
    claim(0, 1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    expect(failures).toEqual(['T', 'T', 'T']);
    await keeper.stop();
    // Each was closed before the next was opened.
    expect(diary.join()).toMatch(/^(open 1,stop,?)+$/);
  });

  test('what fails while it folds is opened again as well, and says so meanwhile', async () => {
    const { keeper, diary, failures, fail, claim, pass } = keeperWith('kept');
    await keeper.keep(trial);
    claim(0, 1);
    fail(broken);
    await pass(0);
    expect(keeper.check().problem).toMatch(/^failed/);
    await pass(100);
    claim(0, 1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    expect([failures.length, diary]).toEqual([1, ['open 1', 'stop', 'open 1']]);
    await keeper.stop();
  });

  test('shards that another process keeps are no failure: they are taken over when it lets go', async () => {
    const inUse = new StoreInUse('group aggregate on topic T.events belongs to process 7');
    const { keeper, failures, claim, pass } = keeperWith(inUse, inUse, 'kept');
    await keeper.keep(trial);
    expect(keeper.check().problem).toBe('another process keeps them');
    await pass(500);
    expect(keeper.check().problem).toBe('another process keeps them');
    await pass(500);
    claim(0, 1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    expect(failures).toEqual([]);
    await keeper.stop();
  });

  test('without its key a trial is taken in and not folded, until the key is given', async () => {
    const { keeper, claim, pass } = keeperWith('without key', 'without key', 'kept');
    await keeper.keep(trial);
    expect(keeper.check()).toEqual({ name: 'shards of T', note: expect.stringMatching(/its key is not given/) });
    await pass(10_000);
    claim(0, 1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    await keeper.stop();
  });

  test('a version that is published is built while the one before answers', async () => {
    const { keeper, diary, claim } = keeperWith('kept');
    await keeper.keep(trial);
    claim(0, 1);
    await keeper.keep(await published(2));
    expect(diary).toEqual(['open 1', 'stop', 'open 2']);
    claim(0);
    const note = '1 of 2 are being refilled from the log by version 2; the one before it answers';
    expect(keeper.check()).toEqual({ name: 'shards of T', note });
    claim(1);
    expect(keeper.check()).toEqual({ name: 'shards of T' });
    await keeper.stop();
  });

  test('says how far it is, and since when it is behind', async () => {
    const { keeper, claim } = keeperWith('kept');
    await keeper.keep(trial);
    claim(0, 1);
    const standing = (...ends: readonly number[]) => ends.map((end, partition) => ({ partition, offset: 0, end }));
    expect(await keeper.standing()).toEqual({ trial: 'T', partitions: standing(0, 0), behindForMs: 0 });
    await log.append('T.events', [{ key: 'P-1', value: Buffer.from('{}'), partition: 1 }]);
    expect(await keeper.standing()).toMatchObject({ partitions: standing(0, 1) });
    vi.setSystemTime(Date.now() + 60_000);
    expect((await keeper.standing()).behindForMs).toBeGreaterThanOrEqual(60_000);
    await keeper.stop();
  });

  test('once it is stopped nothing is opened any more', async () => {
    const { keeper, diary, pass } = keeperWith(broken);
    await keeper.keep(trial);
    await keeper.stop();
    await pass(120_000);
    expect(diary).toEqual(['open 1', 'stop']);
  });
});
