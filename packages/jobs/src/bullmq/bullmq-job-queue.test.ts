import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownRedisForTests, redisForTests } from '../../../../test/native-servers.ts';
import { jobQueueContract } from '../job-queue.contract.ts';
import type { JobQueue } from '../job-queue.ts';
import { type BullmqJobQueueOptions, bullmqJobQueue } from './bullmq-job-queue.ts';
import { redisPlace } from './redis-place.ts';

const script = fileURLToPath(new URL('../test-processes/one.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../dist/bullmq/index.js', import.meta.url));
if (!existsSync(built)) throw new Error(`${built} is missing: build first (npx tsc -b packages/jobs)`);

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

const start = redisForTests();
const startOwn = ownRedisForTests();

describe.skipIf(!start)('on a real Redis', () => {
  let url: string;
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await start?.();
    url = server?.access ?? '';
    stop = server?.stop;
  });
  afterAll(() => stop?.());

  const options = (): BullmqJobQueueOptions => ({
    place: { ...redisPlace(url), prefix: `t-${randomUUID()}` },
    lockMs: 3_000, // on a busy machine a second may pass without a sign of life
  });

  jobQueueContract('bullmq', async () => {
    const here = options();
    const opened: JobQueue[] = [];
    const open = () => {
      const queue = bullmqJobQueue(here);
      opened.push(queue);
      return queue;
    };
    return {
      queue: open(),
      reopen: async () => open(),
      startProcess: () =>
        spawn(process.execPath, [script, 'bullmq', JSON.stringify(here)], { stdio: ['ignore', 'pipe', 'inherit'] }),
      async dispose() {
        for (const queue of opened) await queue.close();
      },
    };
  });

  test('installations with different prefixes do not see each other', async () => {
    const [one, other] = [bullmqJobQueue(options()), bullmqJobQueue(options())];
    await one.add({ id: 'a', kind: 'k', data: {} });
    expect(await other.list()).toEqual([]);
    for (const queue of [one, other]) await queue.close();
  });

  test('a job that is forgotten before its children can be added again, and waits for none that was given up', async () => {
    const here = options();
    const queue = bullmqJobQueue(here);
    const ended = async (id: string) => {
      while (!['completed', 'given-up'].includes((await queue.find(id))?.state ?? '')) await pause(10);
      return (await queue.find(id))?.state;
    };
    const children = ['p', 'q'].map((name) => ({ name, kind: name, data: {} }));
    await queue.add({ id: 'r', kind: 'k', data: {}, children });
    let isMended = false;
    const fails = async () => {
      if (!isMended) throw Object.assign(new Error('no such partition'), { retryable: false });
      return undefined;
    };
    await queue.work({ k: async () => undefined, p: async () => undefined, q: fails }, { onTrouble: () => undefined });
    expect(await ended('r')).toBe('given-up');
    const { host, port } = here.place;
    const redis = new Redis({ host, port });
    const keys = await redis.keys(`${here.place.prefix}:jobs:r*`);
    await redis.del(...keys.filter((key) => !/:r\.[pq]/.test(key)));
    await redis.zrem(`${here.place.prefix}:jobs:failed`, 'r');
    await redis.quit();
    expect(await queue.find('r')).toBeUndefined();
    isMended = true;
    await queue.add({ id: 'r', kind: 'k', data: {}, children });
    expect(await ended('r')).toBe('completed');
    await queue.close();
  });

  test('a closed queue leaves no connection open, so that its process can end', async () => {
    await until(() => sockets() === 0);
    const queue = bullmqJobQueue(options());
    await queue.add({ id: 'a', kind: 'k', data: {}, children: [{ name: 'p', kind: 'k', data: {} }] });
    await queue.work({ k: async () => undefined }, { onTrouble: () => undefined });
    await until(() => sockets() === 4);
    await queue.close();
    await until(() => sockets() === 0);
  });
});

describe.skipIf(!startOwn)('a Redis of its own', () => {
  test('that would evict keys is refused, by name', async () => {
    const server = await startOwn?.({ policy: 'allkeys-lru' });
    const queue = bullmqJobQueue({ place: redisPlace(server?.url ?? '') });
    for (const attempt of [queue.add({ id: 'a', kind: 'k', data: {} }), queue.work({}, { onTrouble: () => undefined })])
      await expect(attempt).rejects.toMatchObject({
        code: 'HF_JOB_QUEUE_UNAVAILABLE',
        retryable: false,
        message: expect.stringMatching(/allkeys-lru.*noeviction/),
      });
    await queue.close();
    await server?.stop();
  });

  test('that is away, or silent, is said to be so in time, and used again when it is back', async () => {
    const server = await startOwn?.();
    if (!server) throw new Error('no server');
    const queue = bullmqJobQueue({ place: redisPlace(server.url), patienceMs: 500 });
    await queue.add({ id: 'a', kind: 'k', data: {} });
    const away = { code: 'HF_JOB_QUEUE_UNAVAILABLE', retryable: true, message: expect.stringContaining('127.0.0.1') };
    server.freeze();
    await expect(queue.add({ id: 'b', kind: 'k', data: {} })).rejects.toMatchObject(away);
    server.thaw();
    await server.kill();
    await expect(queue.list()).rejects.toMatchObject(away);
    await server.restart();
    const began = performance.now();
    while (!(await queue.list().then(Boolean, () => false))) {
      if (performance.now() - began > 30_000) expect.unreachable('it is not used again');
      await pause(50);
    }
    await queue.add({ id: 'c', kind: 'k', data: {} });
    expect(await queue.find('c')).toMatchObject({ state: 'waiting' });
    await queue.close();
    await server.stop();
  });

  test('that dies under a worker does not keep it from stopping, nor the queue from closing', async () => {
    const server = await startOwn?.();
    if (!server) throw new Error('no server');
    const queue = bullmqJobQueue({ place: redisPlace(server.url), patienceMs: 500 });
    await queue.add({ id: 'a', kind: 'k', data: {} });
    const running = new Promise<void>((resolve) => {
      const k = (_: unknown, { signal }: { signal: AbortSignal }) => {
        resolve();
        return new Promise<undefined>((_resolve, reject) => signal.addEventListener('abort', reject));
      };
      void queue.work({ k }, { onTrouble: () => undefined });
    });
    await running;
    await server.kill();
    await queue.close();
    await until(() => sockets() === 0);
    await server.stop();
  });
});
