import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalJson } from '@holdfast/events';
import { type EventLog, OffsetOutOfRange, recordsBetween } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import type { ObjectStore } from '@holdfast/objects';
import { folderObjectStore } from '@holdfast/objects/folder';
import { topicsOf } from '@holdfast/trials';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archiveUpTo } from './archive.ts';
import { type ArchiveKeeper, type ArchiveTold, keepArchive } from './archive-keeper.ts';

const trial = { trial: 'KARE-2', partitions: 2 };
const topic = topicsOf(trial).events.name;
const most = { records: 5, bytes: 2_500 };

let folder: string;
let log: EventLog;
let stores = 0;
let told: ArchiveTold[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-archive-'));
  log = await embeddedEventLog({ dir: join(folder, 'log'), closedDir: join(folder, 'closed') });
  await log.createTopic(topicsOf(trial).events);
  told = [];
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

function newStore(): ObjectStore {
  stores += 1;
  return folderObjectStore(join(folder, `objects-${stores}`));
}

const keeperOn = (objects: ObjectStore, everyMs = 3, on = log): ArchiveKeeper =>
  keepArchive(on, { objects, most, everyMs }, trial, (one) => told.push(one));

async function append(partition: number, count: number, { size = 20, isMark = false } = {}): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => ({
    key: isMark ? '' : 'P-1',
    partition,
    value: Buffer.from(
      canonicalJson({
        specversion: '1.0',
        id: `e${n}`,
        source: '/trials/KARE-2/sites/GB-01',
        time: '2026-03-02T10:00:00+00:00',
        type: isMark ? 'org.holdfast.cut-marked.v1' : 'org.holdfast.visit-attended.v1',
        data: { visit: 'x'.repeat(size) },
      }),
    ),
  }));
  await log.append(topic, records);
}

async function everything(store: ObjectStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const key of store.list('')) found.set(key, (await store.head(key))?.sha256 ?? '');
  return found;
}

/** What archiving all of the log at once gives. */
async function archivedAtOnce(): Promise<Map<string, string>> {
  const store = newStore();
  await archiveUpTo(log, store, trial, await log.ends(topic), most);
  return everything(store);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(5);
}

test('whatever comes, in whichever batches and to whichever owners, what is archived is what the log alone decides', async () => {
  const step = fc.record({
    partition: fc.nat({ max: 1 }),
    count: fc.integer({ min: 1, max: 12 }),
    size: fc.constantFrom(5, 900),
    isMarked: fc.boolean(),
    isMoved: fc.boolean(),
    pauseMs: fc.constantFrom(0, 0, 20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      await log.createTopic(topicsOf(trial).events);
      const objects = newStore();
      const began = await log.ends(topic);
      // The former owner goes on: it was not told yet.
      const owners = [keeperOn(objects), keeperOn(objects)];
      for (const owner of owners) for (const [partition, end] of began.entries()) owner.assigned(partition, end);
      let owner = 0;
      for (const { partition, count, size, isMarked, isMoved, pauseMs } of steps) {
        const from = (await log.ends(topic))[partition] ?? 0;
        await append(partition, count, { size });
        if (isMarked) await append(partition, 1, { isMark: true });
        if (isMoved) owner = 1 - owner;
        for await (const records of recordsBetween(log, topic, partition, { from }))
          for (const one of isMoved ? owners : [owners[owner]]) one?.folded(partition, records);
        await pause(pauseMs);
      }
      const next = keeperOn(objects);
      for (const [partition, end] of (await log.ends(topic)).entries()) next.assigned(partition, end);
      const wanted = await archivedAtOnce();
      await until(async () => (await everything(objects)).size >= wanted.size);
      await pause(10);
      expect(await everything(objects)).toEqual(wanted);
      expect(told.filter(({ why }) => why !== undefined)).toEqual([]);
      for (const one of [...owners, next]) for (const partition of [0, 1]) await one.revoked(partition);
    }),
    { numRuns: 3 },
  );
}, 120_000);

test('what has just come is folded first: a shard that is behind archives nothing', async () => {
  const objects = newStore();
  await append(0, 10_020);
  const keeper = keeperOn(objects);
  keeper.assigned(0, 15);
  await pause(50);
  expect(told).toEqual([]);
  for await (const records of recordsBetween(log, topic, 0, { from: 15, end: 25 })) keeper.folded(0, records);
  await until(async () => told.length >= 5);
  await keeper.revoked(0);
  expect(told.map(({ next }) => next)).toEqual([5, 10, 15, 20, 25]);
});

test('a store that takes nothing is told of, and tried again later', async () => {
  const objects = newStore();
  let puts = 0;
  const put: ObjectStore['put'] = () => {
    puts += 1;
    return Promise.reject(new Error('away'));
  };
  const keeper = keeperOn({ ...objects, put });
  keeper.assigned(0, 0);
  await append(0, 5);
  for await (const records of recordsBetween(log, topic, 0)) keeper.folded(0, records);
  await until(async () => told.length > 0);
  await pause(30);
  await keeper.revoked(0);
  expect(told).toEqual([{ trial: 'KARE-2', partition: 0, next: undefined, why: 'Error', isContradicted: false }]);
  expect(puts).toBe(1);
});

/** The log as it is after it was replaced by a copy of its first records, and so many others came. */
const replacedLog = (copied: number, grown: number): EventLog => ({
  ...log,
  ends: async () => [copied + grown, 0],
  async read(name, partition, from, most) {
    if (from > copied + grown) throw new OffsetOutOfRange('past the end');
    return (await log.read(name, partition, from, most))
      .filter(({ offset }) => offset < copied + grown)
      .map((record) => (record.offset < copied ? record : { ...record, value: Buffer.from('another') }));
  },
});

test.each([
  ['ends before it', 12, 0],
  ['has grown beyond it by other records', 12, 10],
])(
  'an archive of which the log has not the end, since it %s, gets no more, and no cut stands on it',
  async (_, copied, grown) => {
    await append(0, 30);
    const objects = newStore();
    await archiveUpTo(log, objects, trial, [20, 0], most);
    const before = await everything(objects);
    const copy = replacedLog(copied, grown);
    const keeper = keeperOn(objects, 3, copy);
    keeper.assigned(0, copied + grown);
    await until(async () => told.length > 0);
    await pause(20);
    await keeper.revoked(0);
    expect(told).toEqual([
      {
        trial: 'KARE-2',
        partition: 0,
        next: undefined,
        why: expect.stringMatching(/what its log has not.*holdfast rewrite/),
        isContradicted: true,
      },
    ]);
    await expect(archiveUpTo(copy, objects, trial, [10, 0], most)).rejects.toMatchObject({
      code: 'HF_ARCHIVE_CONTRADICTED',
    });
    expect(await everything(objects)).toEqual(before);
  },
);
