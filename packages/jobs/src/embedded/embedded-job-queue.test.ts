import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { lutimes, mkdtemp, readdir, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { thisHolder, wordOf } from '@holdfast/processes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jobQueueContract } from '../job-queue.contract.ts';
import type { JobQueue, Worker } from '../job-queue.ts';
import { embeddedJobQueue } from './embedded-job-queue.ts';

const script = fileURLToPath(new URL('../test-processes/one.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../dist/embedded/index.js', import.meta.url));
if (!existsSync(built)) throw new Error(`${built} is missing: build first (npx tsc -b packages/jobs)`);

jobQueueContract('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hf-jobs-'));
  const options = { dir, pollMs: 25 };
  const opened = [embeddedJobQueue(options)] as const;
  const others = [...opened];
  return {
    queue: opened[0],
    async reopen() {
      const other = embeddedJobQueue(options);
      others.push(other);
      return other;
    },
    startProcess: () =>
      spawn(process.execPath, [script, 'embedded', JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] }),
    async dispose() {
      for (const queue of others) await queue.close();
      await rm(dir, { recursive: true });
    },
  };
});

describe('embedded job queue', () => {
  let dir: string;
  const opened: JobQueue[] = [];
  const k = { id: 'a', kind: 'k', data: {} };
  const nothing = { onTrouble: () => undefined };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hf-jobs-'));
  });
  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
    await rm(dir, { recursive: true });
  });
  function open(): JobQueue {
    const queue = embeddedJobQueue({ dir, pollMs: 25 });
    opened.push(queue);
    return queue;
  }

  test('is worked on by one at a time, who is named; stopping frees it', async () => {
    const [queue, other] = [open(), open()];
    const worker = await queue.work({}, nothing);
    for (const second of [queue, other])
      await expect(second.work({}, nothing)).rejects.toMatchObject({
        code: 'HF_JOB_QUEUE_IN_USE',
        message: expect.stringContaining(`process ${process.pid}`),
      });
    await worker.stop(0);
    await (await other.work({}, nothing)).stop(0);
    await (await queue.work({}, nothing)).stop(0);
  });

  test('passes from a dead process at once, and from one that cannot be seen when it has shown no life for long', async () => {
    const lock = join(dir, 'work-lock');
    const me = thisHolder('aaaaaaaaaaaa');
    await symlink(wordOf({ ...me, started: '1' }), lock);
    await (await open().work({}, nothing)).stop(0);
    await symlink(wordOf({ ...me, namespace: '42' }), lock);
    await expect(open().work({}, nothing)).rejects.toMatchObject({ code: 'HF_JOB_QUEUE_IN_USE' });
    await lutimes(lock, 1, 1);
    await (await open().work({}, nothing)).stop(0);
  });

  test('whose lock was taken by another process ends its work, and leaves everything to that one', async () => {
    const queue = open();
    let worker: Worker | undefined;
    const lost = new Promise<unknown>((resolve) => {
      void queue
        .work({ k: (_, { signal }) => stopped(signal, resolve) }, { onTrouble: () => undefined })
        .then((begun) => {
          worker = begun;
        });
    });
    await queue.add(k);
    while ((await queue.find('a'))?.state !== 'running') await pause(10);
    await rm(join(dir, 'work-lock'));
    await symlink(wordOf({ ...thisHolder('b'), pid: 1 }), join(dir, 'work-lock'));
    expect(await lost).toMatchObject({ code: 'HF_JOB_QUEUE_IN_USE', message: expect.stringContaining('process 1:') });
    expect(await worker?.lost).toBe(await lost);
    await queue.close();
    expect(await open().find('a')).toMatchObject({ state: 'running' });
    expect(await readlink(join(dir, 'work-lock'))).toContain('-b');
  });

  async function stopped(signal: AbortSignal, tell: (reason: unknown) => void): Promise<never> {
    await once(signal, 'abort');
    tell(signal.reason);
    throw signal.reason;
  }

  test('lists a file that it cannot read, sets it aside when it works, and goes on; what it says names no job', async () => {
    await open().add(k);
    await writeFile(join(dir, 'b.json'), '{"format":2}');
    expect(await open().list()).toMatchObject([
      { id: 'a', state: 'waiting' },
      { id: 'b', state: 'given-up', reason: expect.stringContaining('damaged') },
    ]);
    await writeFile(join(dir, 'asked', 'x.json'), '{');
    const queue = open();
    const troubles: string[] = [];
    await queue.work({ k: async () => undefined }, { onTrouble: (error) => troubles.push((error as Error).message) });
    while ((await queue.find('a'))?.state !== 'completed') await pause(10);
    expect(troubles).toEqual([
      expect.stringMatching(/^a file in \S+ is not a job .* now lies at .*unreadable/),
      expect.stringMatching(/^a file in \S+asked is not a job .* now lies at .*unreadable/),
    ]);
    expect(troubles.join()).not.toMatch(/\b(b|x)(\.json|-)/);
    expect(await readdir(join(dir, 'unreadable'))).toHaveLength(2);
    await queue.add({ ...k, id: 'b' });
    while ((await queue.find('b'))?.state !== 'completed') await pause(10);
  });

  test('begins no child whose brother was given up while others were begun', async () => {
    const queue = open();
    const children = Array.from({ length: 30 }, (_, n) => ({ name: `p${n}`, kind: n === 0 ? 'fails' : 'k', data: {} }));
    await queue.add({ id: 'r', kind: 'k', data: {}, children });
    const fails = () => Promise.reject(Object.assign(new Error('no such partition'), { retryable: false }));
    await queue.work({ fails, k: async () => undefined }, { ...nothing, atOnce: 30 });
    while ((await queue.find('r'))?.state !== 'given-up') await pause(10);
    await pause(200);
    const [parent, ...parts] = await queue.list();
    const late = parts.filter(({ startedAt }) => startedAt !== undefined && startedAt > (parent?.endedAt ?? 0));
    expect(late).toEqual([]);
    expect(parts.filter(({ state }) => state === 'cancelled').length).toBeGreaterThan(0);
  });

  test('sweeps what writers left that died, not what is being written', async () => {
    await open().add(k);
    for (const name of ['old', 'new']) await writeFile(join(dir, 'drafts', name), '{');
    await utimes(join(dir, 'drafts', 'old'), 1, 1);
    await (await open().work({}, nothing)).stop(0);
    expect(await readdir(join(dir, 'drafts'))).toEqual(['new']);
  });

  test('a queue that nobody has added to is empty, and looking makes nothing', async () => {
    const nowhere = join(dir, 'jobs');
    const queue = embeddedJobQueue({ dir: nowhere });
    expect(await queue.list()).toEqual([]);
    expect(existsSync(nowhere)).toBe(false);
  });
});
