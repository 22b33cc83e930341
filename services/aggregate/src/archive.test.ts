import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import type { ObjectStore } from '@holdfast/objects';
import { folderObjectStore } from '@holdfast/objects/folder';
import { topicsOf } from '@holdfast/trials';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archiveUpTo, checkReach } from './archive.ts';
import { fromArchive, fromLog, type RecordSource } from './record-source.ts';

const trial = { trial: 'KARE-2', partitions: 2 };
const topic = topicsOf(trial).events.name;
const bytes = (event: object) => Buffer.from(canonicalJson(event));

let folder: string;
let log: EventLog;
let stores = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-archive-'));
  log = await embeddedEventLog({ dir: join(folder, 'log'), closedDir: join(folder, 'closed') });
  await log.createTopic(topicsOf(trial).events);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

function newStore(): ObjectStore {
  stores += 1;
  return folderObjectStore(join(folder, `objects-${stores}`));
}

const envelope = (n: number) => ({
  specversion: '1.0',
  id: `e${n}`,
  source: '/trials/KARE-2/sites/GB-01',
  time: '2026-03-02T10:00:00+00:00',
  recordedtime: '2026-03-02T10:00:00+00:00',
  receivedtime: '2026-03-02T11:00:00.000Z',
});

async function append(partition: number, count: number, size = 20): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => ({
    key: `P-${n % 3}`,
    partition,
    value: bytes({
      ...envelope(n),
      subject: `P-${n % 3}`,
      type: 'org.holdfast.visit-attended.v1',
      data: { visit: 'x'.repeat(size) },
    }),
  }));
  await log.append(topic, records);
}

async function mark(cut: string): Promise<number[]> {
  const value = bytes({ ...envelope(0), id: cut, type: 'org.holdfast.cut-marked.v1', data: { cut } });
  return [
    ...(await log.append(
      topic,
      [0, 1].map((partition) => ({ key: '', partition, value })),
    )),
  ];
}

const after = (marks: readonly number[]) => marks.map((offset) => offset + 1);

async function texts(source: RecordSource): Promise<string[][]> {
  return Promise.all(
    source.ends.map(async (_, partition) => {
      const found: string[] = [];
      for await (const records of source.read(partition))
        for (const { key, offset, value } of records) found.push(`${offset} ${key} ${Buffer.from(value).toString()}`);
      return found;
    }),
  );
}

async function everything(store: ObjectStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const key of store.list('')) found.set(key, (await store.head(key))?.sha256 ?? '');
  return found;
}

describe('the archive', () => {
  test('two owners write the same bytes, whenever and in however many goes they archive', async () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }), fc.constantFrom(5, 300)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (all, again) => {
        const [eager, lazy] = [newStore(), newStore()];
        const most = { records: 5, bytes: 2_500 };
        let ends: number[] = [];
        for (const [one, other, size] of all) {
          await append(0, one, size);
          await append(1, other, size);
          ends = after(await mark('a'));
          const segments = await archiveUpTo(log, eager, trial, ends, most);
          checkReach(
            segments,
            ends.map((end) => end - 1),
          );
          if (again) expect(await archiveUpTo(log, eager, trial, ends, most)).toEqual(segments);
        }
        const segments = await archiveUpTo(log, lazy, trial, ends, most);
        expect(await everything(lazy)).toEqual(await everything(eager));
        const marks = ends.map((end) => end - 1);
        const archived = fromArchive(lazy, { trial: trial.trial, name: 'a', marks, segments });
        const logged = (await texts(await fromLog(log, trial))).map((records) => records.slice(0, -1));
        expect(await texts(archived)).toEqual(logged);
      }),
      { numRuns: 6 },
    );
  }, 120_000);

  test('what is not yet followed by a mark, nor enough for a segment, is not archived', async () => {
    const store = newStore();
    await append(0, 7);
    const segments = await archiveUpTo(log, store, trial, await log.ends(topic), { records: 5, bytes: 1_000_000 });
    expect(segments.map(({ from, next }) => [from, next])).toEqual([[0, 5]]);
    expect(() => checkReach(segments, [6, 0])).toThrow('partition 0 ends at offset 5');
  });

  test('a killed archiver leaves whole segments, and who comes next goes on after them', async () => {
    const [store, undisturbed] = [newStore(), newStore()];
    await append(0, 23);
    const ends = after(await mark('a'));
    const most = { records: 5, bytes: 1_000_000 };
    let puts = 0;
    const dying: ObjectStore = {
      ...store,
      put: async (key, body) => {
        puts += 1;
        if (puts === 3) throw new Error('killed');
        return store.put(key, body);
      },
    };
    await expect(archiveUpTo(log, dying, trial, ends, most)).rejects.toThrow('killed');
    expect((await everything(store)).size).toBe(2);
    await archiveUpTo(log, store, trial, ends, most);
    await archiveUpTo(log, undisturbed, trial, ends, most);
    expect(await everything(store)).toEqual(await everything(undisturbed));
  });

  test('a segment that was changed, exchanged or lost is named', async () => {
    const store = newStore();
    const dir = join(folder, `objects-${stores}`);
    await append(0, 3);
    const marks = await mark('a');
    const segments = await archiveUpTo(log, store, trial, after(marks));
    const [first] = segments;
    if (first === undefined) throw new Error('no segment');
    const pinned = { trial: trial.trial, name: 'a', marks, segments };
    const path = join(dir, first.key);
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    await writeFile(path, flipped);
    await expect(texts(fromArchive(store, pinned))).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED' });
    await writeFile(path, whole);
    const other = { ...pinned, segments: [{ ...first, sha256: '0'.repeat(64) }] };
    await expect(texts(fromArchive(store, other))).rejects.toThrow(`${first.key} is not the one that cut a`);
    await rm(path);
    await expect(texts(fromArchive(store, pinned))).rejects.toThrow(`lacks archive segment ${first.key}`);
  });
});
