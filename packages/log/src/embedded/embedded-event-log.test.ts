import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventLogContract } from '../event-log.contract.ts';
import type { EventLog, GroupMember } from '../event-log.ts';
import { type EmbeddedLogOptions, embeddedEventLog } from './embedded-event-log.ts';
import { metaKey, segmentKey } from './keys.ts';

eventLogContract('embedded', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hf-log-'));
  const opened: EventLog[] = [];
  const open = async () => {
    const log = await embeddedEventLog({ dir: join(root, 'open'), closedDir: join(root, 'closed') });
    opened.push(log);
    return log;
  };
  return {
    log: await open(),
    reopen: open,
    async dispose() {
      for (const log of opened) await log.close();
      await rm(root, { recursive: true });
    },
  };
});

describe('embedded event log', () => {
  let root: string;
  let opened: EventLog[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hf-log-'));
    opened = [];
  });
  afterEach(async () => {
    for (const log of opened) await log.close();
    await rm(root, { recursive: true });
  });

  async function open(options: Partial<EmbeddedLogOptions> = {}): Promise<EventLog> {
    const log = await embeddedEventLog({ dir: join(root, 'open'), closedDir: join(root, 'closed'), ...options });
    opened.push(log);
    return log;
  }

  async function withTopic(): Promise<EventLog> {
    const log = await open();
    await log.createTopic({ name: 't', partitions: 1, access: 'open' });
    return log;
  }

  async function editStore(edit: (db: ReturnType<typeof openLmdb<Uint8Array, Uint8Array>>) => void): Promise<void> {
    const path = join(root, 'open');
    const db = openLmdb<Uint8Array, Uint8Array>({
      path,
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
    });
    edit(db);
    await db.close();
  }

  test('offsets have no gaps and begin at 0', async () => {
    const log = await withTopic();
    expect(await log.append('t', [some, some])).toEqual([0, 1]);
    expect(await log.append('t', [some])).toEqual([2]);
    expect(await log.ends('t')).toEqual([3]);
  });

  test('reading and batches give as much as the bounds allow', async () => {
    const log = await withTopic();
    await log.append(
      't',
      Array.from({ length: 500 }, (_, i) => ({ key: 'key7', value: new Uint8Array(93).fill(i) })), // 97 bytes each
    );
    const sizes = await Promise.all(
      [
        { records: 7, bytes: 1e9 },
        { records: 1e9, bytes: 97 * 3 },
        { records: 1e9, bytes: 97 * 3 - 1 },
        { records: 1e9, bytes: 1e9 },
      ].map(async (most) => (await log.read('t', 0, 0, most)).length),
    );
    expect(sizes).toEqual([7, 3, 2, 500]);
  });

  test('a call is appended all or nothing', async () => {
    const log = await withTopic();
    const tooLarge = { key: 'k', value: new Uint8Array(2_000_000) };
    await expect(log.append('t', [some, some, tooLarge])).rejects.toMatchObject({ code: 'HF_INVALID_REQUEST' });
    expect(await log.ends('t')).toEqual([0]);
  });

  test('calls under way at once share commits but not fates', async () => {
    const log = await withTopic();
    await log.createTopic({ name: 'u', partitions: 2, access: 'open' });
    const calls = Array.from({ length: 50 }, (_, i) =>
      log.append(i % 2 ? 't' : 'u', [{ ...some, partition: i % 10 === 0 ? 7 : 0 }]),
    );
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(5);
    expect(await log.ends('t')).toEqual([25]);
    expect(await log.ends('u')).toEqual([20, 0]);
  });

  test('closed topics lie in their own folder, which only this user can enter', async () => {
    const log = await open();
    await log.createTopic({ name: 'arms', partitions: 1, access: 'closed' });
    await log.append('arms', [{ key: 'k', value: Buffer.from('ketamine') }]);
    const modes = await Promise.all(
      ['', ...(await readdir(join(root, 'closed')))].map(
        async (file) => (await stat(join(root, 'closed', file))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
    const inOpen = await Promise.all((await readdir(join(root, 'open'))).map((file) => Buffer.from(file)));
    expect(inOpen.map(String).sort()).toEqual(['data.mdb', 'lock.mdb']);
    await log.close();
    await rm(join(root, 'closed'), { recursive: true });
    const without = await open();
    expect(await without.topics()).toEqual([]);
  });

  test('open and closed topics cannot share a folder', async () => {
    await symlink('open', join(root, 'link'));
    for (const closedDir of [join(root, 'open', '.'), join(root, 'link')])
      await expect(open({ closedDir })).rejects.toMatchObject({ code: 'HF_INVALID_REQUEST' });
  });

  describe('read-only', () => {
    test('needs a log that exists, and makes nothing', async () => {
      await expect(open({ readOnly: true })).rejects.toMatchObject({
        code: 'HF_LOG_UNAVAILABLE',
        message: expect.stringContaining(join(root, 'open')),
      });
      expect(await readdir(root)).toEqual([]);
      await mkdir(join(root, 'open'));
      await expect(open({ readOnly: true })).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE' });
      expect(await readdir(join(root, 'open'))).toEqual([]);
    });

    test('reads, also what comes later, but changes nothing', async () => {
      const log = await withTopic();
      const reader = await open({ readOnly: true });
      await log.append('t', [some]);
      expect(await reader.ends('t')).toEqual([1]);
      const member: GroupMember = {
        assigned: async () => 0,
        batch: async () => undefined,
        revoked: async () => undefined,
      };
      const attempts = [
        reader.append('t', [some]),
        reader.createTopic({ name: 'u', partitions: 1, access: 'open' }),
        reader.join('g', 't', member),
      ];
      for (const outcome of await Promise.allSettled(attempts))
        expect(outcome).toMatchObject({
          reason: { code: 'HF_LOG_UNAVAILABLE', message: expect.stringContaining('readOnly') },
        });
    });

    test('may come before a writer of the same process', async () => {
      await (await withTopic()).close();
      const reader = await open({ readOnly: true });
      const log = await open();
      await log.append('t', [some]);
      expect(await reader.ends('t')).toEqual([1]);
    });
  });

  describe('what cannot be opened is named', () => {
    test.each([
      ['a file in place of the folder', () => writeFile(join(root, 'open'), 'x'), 'open'],
      ['a store of something else', () => foreignStore(), 'not a Holdfast log'],
      ['a damaged file', () => garbage(Buffer.alloc(16_384, 7)), 'data.mdb'],
      ['a folder in place of the file', () => mkdir(join(root, 'open', 'data.mdb'), { recursive: true }), 'data.mdb'],
      ['a lock that names nobody', () => strangeLock(), 'write-lock'],
    ])('%s', async (_, prepare, named) => {
      await prepare();
      await expect(open()).rejects.toMatchObject({
        code: 'HF_LOG_UNAVAILABLE',
        message: expect.stringContaining(named),
      });
    });

    async function garbage(bytes: Buffer): Promise<void> {
      await mkdir(join(root, 'open'));
      await writeFile(join(root, 'open', 'data.mdb'), bytes);
    }

    async function strangeLock(): Promise<void> {
      await mkdir(join(root, 'open'));
      await symlink('nobody', join(root, 'open', 'write-lock'));
    }

    async function foreignStore(): Promise<void> {
      await mkdir(join(root, 'open'));
      await editStore((db) => db.transactionSync(() => db.putSync(Buffer.from('x'), Buffer.from('y'))));
    }

    test('a newer format, and the log stays as it is', async () => {
      await (await withTopic()).close();
      const newer = Buffer.from(JSON.stringify({ format: 2, id: 'x' }));
      await editStore((db) => db.transactionSync(() => db.putSync(metaKey, newer)));
      for (const readOnly of [false, true])
        await expect(open({ readOnly })).rejects.toMatchObject({
          code: 'HF_LOG_UNAVAILABLE',
          message: expect.stringMatching(/format 2.*format 1/),
        });
      await editStore((db) => expect(Buffer.from(db.get(metaKey) ?? [])).toEqual(newer));
    });

    test('a closed store that fails leaves the open one free', async () => {
      await (await withTopic()).close();
      await rm(join(root, 'closed'), { recursive: true });
      await writeFile(join(root, 'closed'), 'x');
      await expect(open()).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE' });
      await rm(join(root, 'closed'));
      expect(await (await open()).ends('t')).toEqual([0]);
    });
  });

  test('a log whose making was cut short is made again', async () => {
    await mkdir(join(root, 'open'));
    await writeFile(join(root, 'open', 'data.mdb'), Buffer.alloc(100));
    const log = await withTopic();
    expect(await log.append('t', [some])).toEqual([0]);
  });

  test('damage in the middle is found when it is read, not passed on', async () => {
    const log = await withTopic();
    await log.append('t', [some]);
    await log.append('t', [some]);
    await log.close();
    await editStore((db) => {
      const segment = Buffer.from(db.get(segmentKey(0, 0, 1)) ?? []);
      segment[segment.length - 1] = (segment.at(-1) ?? 0) ^ 1;
      db.transactionSync(() => db.putSync(segmentKey(0, 0, 1), segment));
    });
    const again = await open();
    expect(await again.read('t', 0, 0, { records: 1, bytes: 1 })).toHaveLength(1);
    await expect(again.read('t', 0, 1, { records: 1, bytes: 1 })).rejects.toMatchObject({
      code: 'HF_LOG_UNAVAILABLE',
      message: expect.stringMatching(/topic t, partition 0 .* offset 1/),
    });
  });

  describe('groups', () => {
    const member: GroupMember = {
      assigned: async () => 0,
      batch: async () => undefined,
      revoked: async () => undefined,
    };

    test('belong to one instance at a time; leaving frees them', async () => {
      const [log, other] = [await withTopic(), await open()];
      const membership = await log.join('g', 't', member);
      await expect(other.join('g', 't', member)).rejects.toMatchObject({
        code: 'HF_STORE_IN_USE',
        message: expect.stringMatching(new RegExp(`process ${process.pid} \\(this one`)),
      });
      await (await other.join('g2', 't', member)).leave();
      await membership.leave();
      await (await other.join('g', 't', member)).leave();
      await (await log.join('g', 't', member)).leave();
    });

    test('are freed by closing, and by a failure', async () => {
      const [log, other] = [await withTopic(), await open()];
      await log.join('g', 't', member);
      await log.close();
      const failing: GroupMember = {
        ...member,
        async assigned() {
          throw new Error('boom');
        },
      };
      const membership = await other.join('g', 't', failing);
      await membership.failed.catch(() => undefined);
      await membership.leave();
      const third = await open();
      await (await third.join('g', 't', member)).leave();
    });

    test('joining and leaving at once, over and over, keeps one owner per partition', async () => {
      const log = await withTopic();
      await log.createTopic({ name: 'many', partitions: 5, access: 'closed' });
      const owners = new Map<number, number>();
      const wrong: string[] = [];
      const memberships = Array.from({ length: 30 }, async (_, n) => {
        await new Promise((resolve) => setTimeout(resolve, (n * 7) % 20));
        const membership = await log.join('g', 'many', {
          async assigned(partition) {
            if (owners.has(partition)) wrong.push(`${n} and ${owners.get(partition)} have ${partition}`);
            owners.set(partition, n);
            await new Promise((resolve) => setTimeout(resolve, n % 3));
            return 0;
          },
          batch: async () => undefined,
          async revoked(partition) {
            if (owners.get(partition) !== n) wrong.push(`${n} loses ${partition} of ${owners.get(partition)}`);
            await new Promise((resolve) => setTimeout(resolve, n % 2));
            owners.delete(partition);
          },
        });
        await new Promise((resolve) => setTimeout(resolve, (n * 11) % 25));
        await membership.leave();
      });
      await Promise.all(memberships);
      expect(wrong).toEqual([]);
      expect([...owners]).toEqual([]);
      const other = await open();
      await (await other.join('g', 'many', member)).leave();
    });
  });

  test('closing works when the folder is gone', async () => {
    const log = await withTopic();
    await rm(join(root, 'open'), { recursive: true });
    await log.close();
  });
});

const some = { key: 'k', value: Buffer.from('some') };
