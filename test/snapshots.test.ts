import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from '@holdfast/access';
import type { Folded } from '@holdfast/aggregate';
import { type EventLog, type GroupMember, OffsetOutOfRange } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import type { ObjectStore } from '@holdfast/objects';
import { folderObjectStore } from '@holdfast/objects/folder';
import { s3ObjectStore, s3Place } from '@holdfast/objects/s3';
import { openShard, shardFile } from '@holdfast/shards';
import { publishProtocol } from '@holdfast/trials';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keeperOf } from '../services/aggregate/src/shard-keeper.ts';
import type { SnapshotTold } from '../services/aggregate/src/snapshot-keeper.ts';
import { removeSnapshots } from '../services/aggregate/src/snapshots.ts';
import { protocol, runningTrial, topic } from '../services/holdfast/src/bench/load-log.ts';
import { s3ForTests } from './native-servers.ts';

const { trial, version } = protocol;

let folder: string;
let log: EventLog;
let end: number;
let undisturbed: Whole;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-snapshots-'));
  log = await embeddedEventLog({ dir: join(folder, 'log'), closedDir: join(folder, 'closed') });
  await publishProtocol(log, protocol);
  // All of a trial in one partition, which moves from hand to hand.
  const records = [...runningTrial({ participants: 12, eventsEach: 25 })].map((one) => ({ ...one, partition: 0 }));
  await log.append(topic, records);
  end = records.length;
  const home = newHome();
  const keeper = keeperIn(home);
  await run(keeper, end);
  await keeper.revoked(0);
  undisturbed = await wholeOf(home);
});
afterAll(async () => {
  await log?.close();
  await rm(folder, { recursive: true, force: true });
});

const newHome = () => join(folder, randomUUID());
const fileIn = (home: string) => shardFile(join(home, trial), 0, version);

type Kept = { readonly objects: ObjectStore; readonly onTold?: (told: SnapshotTold) => void };

function keeperIn(
  home: string,
  kept?: Kept,
  onFolded: (folded: Folded) => void = () => undefined,
  on = log,
): GroupMember {
  const snapshots = kept && { ...kept, pace: () => true, partBytes: 300_000 };
  return keeperOf({
    log: on,
    protocol,
    key: undefined,
    shards: home,
    anew: false,
    onFolded,
    ...(snapshots && { snapshots }),
  });
}

/** Folds from where the shard stands up to an offset, so many records at once; answers where it began. */
async function run(keeper: GroupMember, upTo: number, atOnce = 500, on = log): Promise<number> {
  const from = await keeper.assigned(0);
  for (let at = from; at < upTo; ) {
    const records = await on.read(topic, 0, at, { records: Math.min(atOnce, upTo - at), bytes: 1e9 });
    await keeper.batch(0, records);
    at = (records.at(-1)?.offset ?? at) + 1;
  }
  return from;
}

/** The log as it is after it was replaced by a copy of its first records, and other records came. */
function replacedLog(copied: number, grown: number): EventLog {
  return {
    ...log,
    ends: async (name) => (name === topic ? [copied + grown] : log.ends(name)),
    async read(name, partition, from, most) {
      if (name !== topic) return log.read(name, partition, from, most);
      if (from > copied + grown) throw new OffsetOutOfRange('past the end');
      const records = await log.read(topic, partition, from, most);
      return records
        .filter(({ offset }) => offset < copied + grown)
        .map((record) =>
          record.offset < copied ? record : { ...record, key: '', value: Buffer.from(`another at ${record.offset}`) },
        );
    },
  };
}

type Whole = {
  readonly offset: number;
  readonly chain: string;
  readonly asOf: string | null;
  readonly tallies: object;
};

/** Everything that a shard in a folder says. */
async function wholeOf(home: string): Promise<Whole> {
  const logId = await log.topicId(topic);
  const shard = await openShard({ file: fileIn(home), owner: 'o', logId, logEnd: end, protocol, vault: openVault });
  try {
    const { offset, chain, asOf } = shard.position;
    return { offset, chain, asOf, tallies: await shard.tallies() };
  } finally {
    await shard.close();
  }
}

async function keysOf(objects: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of objects.list('')) keys.push(key);
  return keys;
}

/** Offsets of the snapshots that are there as a whole. */
const offsetsOf = (keys: readonly string[]) =>
  keys.flatMap((key) => (key.endsWith('whole.json') ? [Number(/\/(\d+)-[^/]+\/whole\.json$/.exec(key)?.[1])] : []));

/** A store whose writers die with the put of this number. */
function dyingAfter(objects: ObjectStore, puts: number): ObjectStore {
  let left = puts;
  const living = <T>(work: () => Promise<T>) => (left < 0 ? Promise.reject(new Error('killed')) : work());
  return {
    ...objects,
    put: (key, body) => {
      left -= 1;
      return living(() => objects.put(key, body));
    },
    remove: (key) => living(() => objects.remove(key)),
  };
}

function snapshotsIn(name: string, newStore: () => ObjectStore, { runs }: { readonly runs: number }): void {
  describe(`snapshots in ${name}`, () => {
    let objects: ObjectStore;
    let told: SnapshotTold[];
    const kept = () => ({ objects, onTold: (one: SnapshotTold) => told.push(one) });
    beforeEach(() => {
      objects = newStore();
      told = [];
    });

    test('whoever goes on from whichever snapshot, whenever the ones before were killed, has what an undisturbed shard has', async () => {
      const life = fc.record({
        home: fc.nat({ max: 1 }),
        records: fc.nat({ max: 400 }),
        atOnce: fc.integer({ min: 20, max: 200 }),
        puts: fc.oneof(fc.nat({ max: 12 }), fc.constant(1_000)),
        isWiped: fc.boolean(),
      });
      let restored = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 5 }), async (lives) => {
          objects = newStore();
          told = [];
          const homes = [newHome(), newHome()];
          let reached = 0;
          for (const { home, records, atOnce, puts, isWiped } of lives) {
            const keeper = keeperIn(homes[home] ?? '', { ...kept(), objects: dyingAfter(objects, puts) });
            reached = Math.min(end, reached + records);
            expect(await run(keeper, reached, atOnce)).toBeLessThanOrEqual(reached);
            await keeper.revoked(0);
            if (isWiped) await rm(homes[home] ?? '', { recursive: true });
          }
          const last = keeperIn(homes[0] ?? '', kept());
          await run(last, end);
          await last.revoked(0);
          expect(await wholeOf(homes[0] ?? '')).toEqual(undisturbed);
          expect(told.filter(({ what }) => what === 'passed over')).toEqual([]);
          restored += told.filter(({ what }) => what === 'restored').length;
          for (const home of homes) await rm(home, { recursive: true, force: true });
        }),
        { numRuns: runs },
      );
      expect(restored).toBeGreaterThan(0);
    });

    test('the newest two are kept, and what a killed writer left goes with what is replaced', async () => {
      const killed = keeperIn(newHome(), { objects: dyingAfter(objects, 2) });
      await run(killed, 300, 100);
      await killed.revoked(0);
      expect(offsetsOf(await keysOf(objects))).toEqual([]);
      expect((await keysOf(objects)).length).toBeGreaterThan(0);
      const home = newHome();
      for (const upTo of [400, 500, 600, 700]) {
        const keeper = keeperIn(home, kept());
        await run(keeper, upTo, upTo);
        await keeper.revoked(0);
      }
      const keys = await keysOf(objects);
      expect(offsetsOf(keys)).toEqual([600, 700]);
      expect(new Set(keys.map((key) => key.split('/').slice(0, -1).join('/'))).size).toBe(2);
      expect(keys.length).toBeGreaterThan(4); // in several parts each
      await removeSnapshots(objects, trial, await log.topicId(topic));
      expect(await keysOf(objects)).toEqual([]);
    });

    test('what a former owner stores after the new one changes nothing', async () => {
      const former = keeperIn(newHome(), { objects });
      await run(former, 200, 200);
      const owner = keeperIn(newHome(), { objects });
      for (const upTo of [600, 800]) {
        await run(owner, upTo, 200);
        await owner.revoked(0);
      }
      await former.batch(0, await log.read(topic, 0, 200, { records: 60, bytes: 1e9 }));
      await former.revoked(0);
      expect(offsetsOf(await keysOf(objects))).toEqual([600, 800]);
      const home = newHome();
      const next = keeperIn(home, kept());
      expect(await run(next, end)).toBe(800);
      await next.revoked(0);
      expect(await wholeOf(home)).toEqual(undisturbed);
    });

    describe('of which one cannot be used', () => {
      beforeEach(async () => {
        const home = newHome();
        for (const upTo of [500, 800]) {
          const keeper = keeperIn(home, { objects });
          await run(keeper, upTo, upTo);
          await keeper.revoked(0);
        }
      });

      const ofNewest = async (name: RegExp) =>
        (await keysOf(objects)).filter((key) => key.includes('/000000000800-') && name.test(key));
      const replace = async (key: string, change: (body: Uint8Array) => Uint8Array) => {
        const body = (await objects.get(key)) ?? new Uint8Array();
        await objects.remove(key);
        await objects.put(key, change(body));
      };
      const changedManifest = (change: (manifest: Record<string, unknown>) => object) => async () => {
        for (const key of await ofNewest(/whole/))
          await replace(key, (body) => Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(body).toString())))));
      };
      const damages: [string, () => Promise<void>][] = [
        [
          'a part of other bytes',
          async () => {
            const [part = ''] = await ofNewest(/part-00001/);
            await replace(part, (body) => Buffer.from(body).fill(7, 100, 110));
          },
        ],
        [
          'a part that is gone',
          async () => {
            const [part = ''] = await ofNewest(/part-00000/);
            await objects.remove(part);
          },
        ],
        [
          'a manifest that is none',
          async () => {
            const [manifest = ''] = await ofNewest(/whole/);
            await replace(manifest, () => Buffer.from('{'));
          },
        ],
        ['that of another trial', changedManifest((manifest) => ({ ...manifest, trial: 'OTHER' }))],
        [
          'that of another log',
          changedManifest((manifest) => ({ ...manifest, making: { ...(manifest.making as object), logId: 'other' } })),
        ],
        ['that of a later offset', changedManifest((manifest) => ({ ...manifest, offset: 900 }))],
      ];

      test.each(runs > 2 ? damages : damages.slice(0, 1))(
        '%s: it is passed over, and the one before is used',
        async (_, damage) => {
          await damage();
          const home = newHome();
          const keeper = keeperIn(home, kept());
          expect(await run(keeper, end)).toBe(500);
          await keeper.revoked(0);
          expect(await wholeOf(home)).toEqual(undisturbed);
          expect(told.slice(0, 2)).toMatchObject([
            { what: 'passed over', why: expect.any(String) },
            { what: 'restored', offset: 500 },
          ]);
        },
      );

      test.each([
        ['ends before it', 100, 0, /no record at offset 799/],
        ['has other records there', 100, 250, /another record at offset 799/],
      ])(
        'that is not of the log, which %s: it is given up, and the one before is used',
        async (_, more, grown, why) => {
          const copy = replacedLog(500 + more, grown);
          const upTo = 500 + more + grown;
          const home = newHome();
          const keeper = keeperIn(home, kept(), undefined, copy);
          expect(await run(keeper, upTo, 500, copy)).toBe(500);
          await keeper.revoked(0);
          expect(told.slice(0, 2)).toMatchObject([
            { what: 'passed over', why: expect.stringMatching(why) },
            { what: 'restored', offset: 500 },
          ]);
          // The newest two are of this log again.
          expect(offsetsOf(await keysOf(objects))).toEqual([500, upTo]);
          const fromTheLog = newHome();
          const anew = keeperIn(fromTheLog, undefined, undefined, copy);
          expect(await run(anew, upTo, 500, copy)).toBe(0);
          await anew.revoked(0);
          expect(await wholeOf(home)).toEqual(await wholeOf(fromTheLog));
        },
      );

      test('a file here that is not of the log gives way to a snapshot that is', async () => {
        const home = newHome();
        const former = keeperIn(home);
        await run(former, 700);
        await former.revoked(0);
        const copy = replacedLog(600, 0);
        const keeper = keeperIn(home, kept(), undefined, copy);
        expect(await run(keeper, 600, 500, copy)).toBe(500);
        await keeper.revoked(0);
        expect(await readdir(join(home, trial))).toContainEqual(expect.stringMatching(/\.contradicted$/));
      });

      test('a store that cannot be read is no failure: the log has everything', async () => {
        const list: ObjectStore['list'] = () => {
          throw new Error('the store is away');
        };
        const home = newHome();
        const keeper = keeperIn(home, { objects: { ...objects, list }, onTold: (one) => told.push(one) });
        expect(await run(keeper, end)).toBe(0);
        await keeper.revoked(0);
        expect(await wholeOf(home)).toEqual(undisturbed);
        expect(told[0]).toMatchObject({ what: 'passed over' });
      });
    });

    test('a file that is as far on as the snapshots, but for what is not worth moving, stays', async () => {
      const [home, other] = [newHome(), newHome()];
      for (const at of [home, other]) {
        const keeper = keeperIn(at, { objects });
        await run(keeper, at === home ? 700 : 705, 800);
        await keeper.revoked(0);
      }
      const keeper = keeperIn(home, kept());
      expect(await run(keeper, 700)).toBe(700);
      await keeper.revoked(0);
      expect(told).toEqual([]);
    });

    test('a shard that was restored says nothing before it has come to where the log ended then', async () => {
      const former = keeperIn(newHome(), { objects });
      await run(former, 500);
      await former.revoked(0);
      const folded: Folded[] = [];
      const keeper = keeperIn(newHome(), { objects }, (one) => folded.push(one));
      await run(keeper, end - 1, 100);
      expect(folded).toEqual([]);
      const records = await log.read(topic, 0, end - 1, { records: 1, bytes: 1e9 });
      await keeper.batch(0, records);
      expect(folded.map(({ offset }) => offset)).toEqual([end]);
      await keeper.revoked(0);
    });

    test('shards that are filled anew take no snapshot', async () => {
      const home = newHome();
      const former = keeperIn(home, { objects });
      await run(former, 500);
      await former.revoked(0);
      const snapshots = { ...kept(), pace: () => true };
      const anew = keeperOf({
        log,
        protocol,
        key: undefined,
        shards: home,
        anew: true,
        onFolded: () => undefined,
        snapshots,
      });
      expect(await anew.assigned(0)).toBe(0);
      await anew.revoked(0);
    });
  });
}

snapshotsIn('a folder', () => folderObjectStore(newHome()), { runs: 4 });

const start = s3ForTests();
describe.skipIf(!start)('on a real S3 server', () => {
  let url = '';
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await start?.();
    url = server?.access ?? '';
    stop = server?.stop;
  }, 240_000);
  afterAll(() => stop?.());
  snapshotsIn('S3', () => s3ObjectStore(s3Place(`${url}/${randomUUID()}`)), { runs: 2 });
});
