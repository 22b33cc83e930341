import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventLog, GroupMember, LogRecord } from '../event-log.ts';
import { embeddedEventLog } from './embedded-event-log.ts';

const script = fileURLToPath(new URL('test-processes/one.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../dist/embedded/index.js', import.meta.url));
if (!existsSync(built)) throw new Error(`${built} is missing: build first (npx tsc -b packages/log)`);

/** What a test process says; each says some of it. */
type Said = {
  readonly last: number;
  readonly times: number;
  readonly looks: number;
  readonly joined: number;
  readonly acknowledged: number;
  readonly readable: number;
  readonly readableAnew: number;
  readonly after: number;
  readonly message: string;
};

/** A process of a test and what it says, line by line. */
type Other = {
  readonly process: ChildProcess;
  next(): Promise<Said>;
  /** Undefined when it has ended. */
  more(): Promise<Said | undefined>;
  readonly ended: Promise<unknown>;
};

let root: string;
let logs: EventLog[];
let others: ChildProcess[];
beforeEach(async () => {
  // In memory, where there is such a place: commits are so quick there that what races does race.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hf-log-'));
  logs = [];
  others = [];
});
afterEach(async () => {
  for (const other of others) if (other.exitCode === null && other.signalCode === null) other.kill('SIGKILL');
  for (const log of logs) await log.close();
  await rm(root, { recursive: true });
});

async function open(mapBytes = 64 * 2 ** 30): Promise<EventLog> {
  const log = await embeddedEventLog({ dir: join(root, 'open'), closedDir: join(root, 'closed'), mapBytes });
  logs.push(log);
  return log;
}

async function withTopic(mapBytes?: number): Promise<EventLog> {
  const log = await open(mapBytes);
  await log.createTopic({ name: 't', partitions: 2, access: 'open' });
  return log;
}

function start(work: string, ...more: readonly (string | number)[]): Other {
  return listen(
    spawn(process.execPath, [script, work, root, ...more.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

function listen(child: ChildProcess): Other {
  others.push(child);
  if (!child.stdout) throw new Error('the process must speak');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function more(): Promise<Said | undefined> {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value);
  }
  return {
    process: child,
    ended: once(child, 'exit'),
    more,
    async next() {
      const said = await more();
      if (!said) throw new Error('the process ended without a word');
      return said;
    },
  };
}

/** The number of a record that `append` of a test process wrote. */
function numberOf({ value, key }: LogRecord): number {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const number = Number(/^\d+/.exec(bytes.toString('latin1', 4, 20))?.[0]);
  if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4)) || key !== `k${number % 50}`)
    throw new Error(`record ${number} is not as it was written`);
  return number;
}

/** All numbers in the log, in order; fails unless each partition has them in order, without gaps in its offsets. */
async function numbersIn(log: EventLog): Promise<number[]> {
  const all: number[] = [];
  for (const partition of [0, 1]) {
    const before = all.length;
    for (;;) {
      const records = await log.read('t', partition, all.length - before, { records: 5_000, bytes: 1e7 });
      if (records.length === 0) break;
      for (const record of records) {
        const number = numberOf(record);
        if (record.offset !== all.length - before || (all.length > before && number <= (all.at(-1) ?? 0)))
          throw new Error(`record ${number} at offset ${record.offset} of partition ${partition} is out of order`);
        all.push(number);
      }
    }
  }
  return all.sort((a, b) => a - b);
}

describe('kill -9 of an appending process at any moment, five times over', () => {
  test.each([
    ['while another process has the log open', true],
    ['when nobody else has it open', false],
  ])('%s: what was acknowledged is there, in order, and nothing is torn', async (_, isOpen) => {
    const open1 = await withTopic();
    if (!isOpen) await open1.close();
    let from = 0;
    for (let round = 0; round < 5; round += 1) {
      const child = start('append', from);
      let acknowledged = (await child.next()).last;
      setTimeout(() => child.process.kill('SIGKILL'), Math.random() * 200);
      for (let said = await child.more(); said; said = await child.more())
        acknowledged = Math.max(acknowledged, said.last);
      await child.ended;
      // Whoever opens the log anew may find a last commit that was on disk but not yet announced to those who have it open.
      const anew = await open();
      for (const log of isOpen ? [open1, anew] : [anew]) {
        const numbers = await numbersIn(log);
        expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i));
        expect(numbers.length).toBeGreaterThan(acknowledged);
        from = numbers.length;
      }
      await anew.close();
    }
  });
});

test.each([
  ['from the start', 64 * 2 ** 30],
  ['growing from 1 MiB', 2 ** 20],
])('another process reads along while 200 MB are appended, address space %s', async (_, mapBytes) => {
  const log = await withTopic(mapBytes);
  const reader = start('read', 200_000, mapBytes);
  const next = [0, 0];
  for (let call = 0; call < 100; call += 1) {
    const records = Array.from({ length: 2_000 }, (_, i) => {
      const partition = i % 2;
      const offset = next[partition] ?? 0;
      next[partition] = offset + 1;
      return { key: 'k', value: new Uint8Array(1_000).fill(offset % 251), partition };
    });
    await log.append('t', records);
  }
  const said = await reader.next();
  expect(said).toMatchObject({ seen: 200_000, wrong: 0 });
  expect(said.looks).toBeGreaterThan(1);
  expect((await stat(join(root, 'open', 'data.mdb'))).size).toBeGreaterThan(200e6);
});

test('other processes opening and closing all the time neither lose nor damage what is appended meanwhile', async () => {
  const log = await withTopic();
  const openers = [start('reopen', 3_000, 'true'), start('reopen', 3_000, 'false')];
  let appended = 0;
  let isOver = false;
  const times = Promise.all(openers.map(async (opener) => (await opener.next()).times)).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const [offset] = await log.append('t', [{ key: 'k', value: Buffer.from(`${appended}`), partition: 0 }]);
    expect(offset).toBe(appended);
    appended += 1;
  }
  for (const opened of await times) expect(opened).toBeGreaterThan(10);
  expect(appended).toBeGreaterThan(100);
  for (let from = 0; from < appended; ) {
    const records = await log.read('t', 0, from, { records: 1_000, bytes: 1e6 });
    expect(records.length).toBeGreaterThan(0);
    for (const { value } of records) expect(Buffer.from(value).toString()).toBe(`${from++}`);
  }
});

test('several processes and threads append at once: nothing is lost or doubled', async () => {
  const log = await withTopic();
  const processes = [start('some', 100), start('some', 100)];
  const threads = [0, 1].map(() => new Worker(script, { workerData: ['some', root, 100], execArgv: [] }));
  const own = Array.from({ length: 100 }, () => log.append('t', [{ key: 'k', value: Buffer.from('x') }]));
  await Promise.all([
    ...own,
    ...processes.map((other) => other.next()),
    ...threads.map((thread) => once(thread, 'message')),
  ]);
  await Promise.all(threads.map((thread) => thread.terminate()));
  const ends = await log.ends('t');
  expect((ends[0] ?? 0) + (ends[1] ?? 0)).toBe(500);
  let readable = 0;
  for (const partition of [0, 1]) readable += (await log.read('t', partition, 0, { records: 1e6, bytes: 1e9 })).length;
  expect(readable).toBe(500);
});

describe('a group', () => {
  const member: GroupMember = { assigned: async () => 0, batch: async () => undefined, revoked: async () => undefined };

  test('in another process is left alone while that lives, and taken over when it was killed', async () => {
    const log = await withTopic();
    const holder = start('member');
    expect(await holder.next()).toEqual({ joined: holder.process.pid });
    await expect(log.join('g', 't', member)).rejects.toMatchObject({
      code: 'HF_STORE_IN_USE',
      retryable: true,
      message: expect.stringContaining(`process ${holder.process.pid}:`),
    });
    holder.process.kill('SIGKILL');
    await holder.ended;
    await (await log.join('g', 't', member)).leave();
  });

  test('in this process is left alone by another one and by a worker thread', async () => {
    const log = await withTopic();
    const membership = await log.join('g', 't', member);
    const thread = new Worker(script, { workerData: ['member', root], execArgv: [] });
    const said = once(thread, 'message');
    const refused = { code: 'HF_STORE_IN_USE', message: expect.stringContaining(`process ${process.pid}`) };
    expect(await start('member').next()).toMatchObject(refused);
    expect((await said)[0]).toMatchObject(refused);
    await thread.terminate();
    await membership.leave();
    expect(await start('member').next()).toMatchObject({ joined: expect.any(Number) });
  });
});

// A container, as far as this matters: processes that cannot see each other, the first one with pid 1.
const contained = ['-pf', '-rpf'].find(
  (how) => spawnSync('unshare', [how, '--kill-child', '--mount-proc', 'true']).status === 0,
);
if (!contained) console.warn('SKIPPED: the test with two containers, as this user may not make pid name spaces');

test.skipIf(!contained)(
  'a group in another container is left alone while that lives, and taken over when it was killed',
  async () => {
    const inContainer = () => {
      const args = [contained ?? '', '--kill-child', '--mount-proc', 'sh', '-c', '"$@" & wait', 'sh', process.execPath];
      return listen(spawn('unshare', [...args, script, 'member', root], { stdio: ['ignore', 'pipe', 'inherit'] }));
    };
    const member: GroupMember = {
      assigned: async () => 0,
      batch: async () => undefined,
      revoked: async () => undefined,
    };
    const log = await withTopic();
    for (let life = 0; life < 2; life += 1) {
      const holder = inContainer(); // the second time with the same pid as the first, which left its claim behind
      const { joined } = await holder.next();
      await expect(log.join('g', 't', member)).rejects.toMatchObject({
        code: 'HF_STORE_IN_USE',
        message: expect.stringContaining(`process ${joined}:`),
      });
      holder.process.kill('SIGKILL');
      await holder.ended;
      await new Promise((resolve) => setTimeout(resolve, 50)); // until the kernel has ended what was inside
    }
    await (await log.join('g', 't', member)).leave();
  },
);

test('a process that has used everything and closed ends by itself, with no file left open', async () => {
  const other = start('once');
  expect(await other.next()).toEqual({ left: [] });
  expect(await other.ended).toEqual([0, null]);
});

test.skipIf(process.getuid?.() !== 0)('a user who may not is told so', async () => {
  await (await withTopic()).close();
  expect(await start('openAsNobody').next()).toMatchObject({
    code: 'HF_LOG_UNAVAILABLE',
    message: expect.stringMatching(/not allowed to open the log in .*give this user the right/),
  });
});

// A file system of its own for the process, gone with it: as root, or as a user who may have name spaces.
const apart = ['-m', '-rm'].find(
  (how) => spawnSync('unshare', [how, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
);
if (!apart) console.warn('SKIPPED: the test with a full disk, as this user may not mount a small file system');

test.skipIf(!apart)(
  'a full disk is named, nothing of the call is in the log, and the log stays readable and usable',
  async () => {
    const mounted = 'mount -t tmpfs -o size=10m none "$1" && exec "$2" "$3" fill "$1"';
    const args = [apart ?? '', 'sh', '-c', mounted, 'sh', root, process.execPath, script];
    const said = await listen(spawn('unshare', args, { stdio: ['ignore', 'pipe', 'ignore'] })).next(); // lmdb writes to stderr itself
    expect(said).toMatchObject({ code: 'HF_LOG_FULL', retryable: true, again: 'HF_LOG_FULL' });
    expect(said.message).toMatch(new RegExp(`no room for the log in ${join(root, 'open')}.*make room`));
    expect(said.acknowledged).toBeGreaterThan(1_000);
    expect(said.readable).toBe(said.acknowledged);
    expect(said.readableAnew).toBe(said.acknowledged);
    expect(said.after).toBe(said.acknowledged);
  },
);
