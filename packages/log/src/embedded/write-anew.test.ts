import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventLog } from '../event-log.ts';
import { StoreInUse } from '../log-errors.ts';
import { embeddedEventLog } from './embedded-event-log.ts';
import { otherProcessesOn, writeLogAnew } from './write-anew.ts';

const built = fileURLToPath(new URL('../../dist/embedded/index.js', import.meta.url));
if (!existsSync(built)) throw new Error(`${built} is missing: build first (npx tsc -b packages/log)`);

let root: string;
let other: ChildProcess | undefined;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-anew-'));
});
afterEach(async () => {
  other?.kill('SIGKILL');
  await rm(root, { recursive: true });
});

const folders = () => ({ dir: join(root, 'open'), closedDir: join(root, 'closed') });
const opened = async <T>(work: (log: EventLog) => Promise<T>): Promise<T> => {
  const log = await embeddedEventLog(folders());
  return work(log).finally(() => log.close());
};

const secret = 'a kingfisher by the weir';
const many = (text: string) => Array.from({ length: 500 }, (_, i) => ({ key: `k${i}`, value: Buffer.from(text + i) }));

/** A log of two topics, an open and a closed one, from which two others with a secret were removed. */
const madeLog = () =>
  opened(async (log) => {
    for (const access of ['open', 'closed'] as const)
      for (const name of ['gone', 'kept']) {
        await log.createTopic({ name: `${name}.${access}`, partitions: 2, access });
        await log.append(`${name}.${access}`, many(name === 'gone' ? secret : 'a heron '));
      }
    for (const access of ['open', 'closed']) await log.removeTopic(`gone.${access}`);
  });

const contentOf = () =>
  opened(async (log) => {
    const topics = await log.topics();
    const all = topics.map(async ({ name, partitions }) => {
      const records = Array.from({ length: partitions }, (_, partition) =>
        log.read(name, partition, 0, { records: 1_000, bytes: 1_000_000 }),
      );
      const read = (await Promise.all(records)).flat();
      const texts = read.map(({ partition, offset, value }) => [partition, offset, Buffer.from(value).toString()]);
      return { name, id: await log.topicId(name), ends: await log.ends(name), texts };
    });
    return Promise.all(all);
  });

const holding = async (text: string) => {
  const names = (await readdir(root, { recursive: true })).map((name) => join(root, name));
  const files = await Promise.all(names.map(async (name) => ((await stat(name)).isFile() ? readFile(name) : '')));
  return names.filter((_, i) => files[i]?.includes(text));
};

test('what was removed from a log is in its files until it is written anew; what is in it stays, and so do rights', async () => {
  await madeLog();
  const content = await contentOf();
  const rights = async () =>
    Promise.all(['open', 'closed'].map(async (dir) => (await stat(join(root, dir, 'data.mdb'))).mode & 0o777));
  const before = await rights();
  expect((await holding(secret)).length).toBeGreaterThan(0);
  // What one who was killed at it left.
  await mkdir(join(root, 'open', 'anew'));
  await writeFile(join(root, 'open', 'anew', 'data.mdb'), secret);
  await writeLogAnew(folders());
  expect(await holding(secret)).toEqual([]);
  expect(await contentOf()).toEqual(content);
  expect(await rights()).toEqual(before);
  await opened((log) => log.append('kept.closed', many('a grebe ')));
  expect(await holding(secret)).toEqual([]);
});

test('while another process has the log open, if only to read, it is refused by its pid', async () => {
  await madeLog();
  const reading = `
    const { embeddedEventLog } = await import(${JSON.stringify(built)});
    await embeddedEventLog({ ...${JSON.stringify(folders())}, readOnly: true });
    console.log('open');
    setInterval(() => undefined, 1_000);`;
  other = spawn(process.execPath, ['--input-type=module', '-e', reading], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(other.stdout as NonNullable<typeof other.stdout>, 'data');
  expect(await otherProcessesOn(folders())).toEqual([other.pid]);
  await expect(writeLogAnew(folders())).rejects.toThrow(StoreInUse);
  await expect(writeLogAnew(folders())).rejects.toThrow(`process ${other.pid}`);
  expect((await holding(secret)).length).toBeGreaterThan(0);
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(await otherProcessesOn(folders())).toEqual([]);
  await writeLogAnew(folders());
  expect(await holding(secret)).toEqual([]);
});
