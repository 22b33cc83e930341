import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { all } from '../../../test/faults/all.ts';
import { ownRedisForTests } from '../../../test/native-servers.ts';
import { bullmqJobQueue, redisPlace } from './bullmq/index.ts';
import { embeddedJobQueue } from './embedded/index.ts';
import type { JobQueue } from './job-queue.ts';
import { dueSlots, type Schedule } from './schedule.ts';
import { startSlotClock } from './slot-clock.ts';

/** A result for each slot, written once by whoever runs its job, however the queue and its workers are treated meanwhile. */
const count = all ? 200 : 10;
/** What is killed and started anew all the time takes long on a busy machine. */
const patience = 15 * 60_000;
const schedule: Schedule = {
  ...{ id: 'report', cron: '0 * * * *', timeZone: 'Europe/London' },
  since: new Date('2026-10-20T00:00:00Z'),
};
const script = fileURLToPath(new URL('test-processes/one.mjs', import.meta.url));

let root: string;
let results: string;
let workers: ChildProcess[];
let said: Record<string, unknown>[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-slots-'));
  results = await mkdtemp(join(root, 'results-'));
  workers = [];
  said = [];
});
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await rm(root, { recursive: true, maxRetries: 10 });
});

/** Resolves when it works: on a busy machine harm would else be done to processes that have not begun. */
async function startWorker(adapter: string, options: unknown): Promise<void> {
  const worker = spawn(process.execPath, [script, adapter, JSON.stringify(options), results], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  workers.push(worker);
  const works = new Promise<void>((resolve) => {
    createInterface(worker.stdout).on('line', (line) => {
      said.push(JSON.parse(line));
      resolve();
    });
  });
  await Promise.race([works, once(worker, 'exit')]);
}

/** Ends a worker in one way or another, and starts the next. */
async function replaceWorker(adapter: string, options: unknown): Promise<void> {
  const one = workers.splice(Math.floor(Math.random() * workers.length), 1)[0];
  if (one !== undefined && one.exitCode === null && one.signalCode === null) {
    one.kill(Math.random() < 0.7 ? 'SIGKILL' : 'SIGTERM');
    await once(one, 'exit');
  }
  await startWorker(adapter, options);
}

const written = async () => (await readdir(results)).filter((name) => name.startsWith('report-')).sort();

/** Makes a slot due now and then and does harm meanwhile, until all results are there. */
async function survives(open: () => JobQueue, harm: () => Promise<void>): Promise<void> {
  const slots = dueSlots(schedule, schedule.since, new Date('2026-12-01T00:00:00Z'), count);
  let due = 0;
  const queue = open();
  const clock = await startSlotClock({
    queue,
    schedules: async () => [schedule],
    isDone: async ({ id }) => existsSync(join(results, id)),
    jobOf: ({ id }) => ({
      ...{ kind: 'report', data: { slot: id }, retry: { tries: 20, firstPauseMs: 20 } },
      children: [0, 1, 2].map((part) => ({
        ...{ name: `p${part}`, kind: 'part', data: { part }, retry: { tries: 20, firstPauseMs: 20 } },
      })),
    }),
    now: () => slots[due]?.at ?? new Date('2026-12-01T00:00:00Z'),
    onFailed: () => undefined, // Redis is away
    pauseMs: 200,
  });
  const schedules = async () => {
    for (; due < slots.length - 1; due += 1) await pause(all ? 50 : 200);
  };
  const adding = schedules();
  const began = performance.now();
  while ((await written()).length < slots.length) {
    await harm();
    await pause(Math.random() * 600);
    if (performance.now() - began > 10 * 60_000)
      expect.unreachable(
        `${(await written()).length} of ${slots.length} results are there: ${JSON.stringify(await queue.list())}`,
      );
  }
  await adding;
  await clock.stop();
  expect(await written()).toEqual(slots.map(({ id }) => id).sort());
  for (const { id } of slots) expect(await readFile(join(results, id), 'utf8')).toBe(`${id}: p0 0, p1 1, p2 2`);
  await queue.close();
}

test(
  'embedded: workers killed over and over lose no slot and double no result',
  async () => {
    const options = { dir: join(root, 'jobs'), pollMs: 25 };
    await startWorker('embedded', options);
    await survives(
      () => embeddedJobQueue(options),
      async () => {
        if (Math.random() < 0.5) await replaceWorker('embedded', options);
        // Emptied while nobody works: whoever works is the only one who may remove a job.
        else if (Math.random() < 0.1) {
          const worker = workers.pop();
          worker?.kill('SIGKILL');
          if (worker && worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
          await rm(options.dir, { recursive: true, force: true, maxRetries: 10 }); // somebody may just be adding
          await startWorker('embedded', options);
        }
      },
    );
  },
  patience,
);

const start = ownRedisForTests();
describe.skipIf(!start)('on a real Redis', () => {
  test(
    'workers killed, Redis restarted and emptied at random lose no slot and double no result',
    async () => {
      const server = await start?.();
      if (!server) throw new Error('no server');
      const place = redisPlace(server.url);
      const options = { place, lockMs: 1_000 };
      await Promise.all([1, 2].map(() => startWorker('bullmq', options)));
      const harms = { emptied: 0, restarted: 0, replaced: 0 };
      await survives(
        () => bullmqJobQueue(options),
        async () => {
          const dice = Math.random();
          if (dice < 0.06) {
            harms.restarted += 1;
            await server.kill();
            await pause(Math.random() * 300);
            await server.restart();
          } else if (dice < 0.12) {
            harms.emptied += 1;
            await server.empty();
          } else if (dice < 0.5) {
            harms.replaced += 1;
            await replaceWorker('bullmq', options);
          }
        },
      );
      console.log(`${count} slots; ${JSON.stringify(harms)}; run twice: ${said.filter(({ again }) => again).length}`);
      await server.stop();
    },
    patience,
  );
});
