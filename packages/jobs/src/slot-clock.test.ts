import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { embeddedJobQueue } from './embedded/index.ts';
import type { JobQueue } from './job-queue.ts';
import type { Schedule } from './schedule.ts';
import { givenUpForMs, type SlotClock, type SlotClockOptions, startSlotClock } from './slot-clock.ts';

const daily: Schedule = { id: 'daily', cron: '0 7 * * *', timeZone: 'UTC', since: new Date('2026-03-01T00:00:00Z') };

let dir: string;
let queue: JobQueue;
let clocks: SlotClock[];
let done: Set<string>;
let now: Date;
let failures: [string | undefined, string][];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-slots-'));
  queue = embeddedJobQueue({ dir });
  clocks = [];
  done = new Set();
  failures = [];
  now = new Date('2026-03-03T12:00:00Z');
});
afterEach(async () => {
  for (const clock of clocks) await clock.stop();
  await queue.close();
  await rm(dir, { recursive: true });
});

async function start(options: Partial<SlotClockOptions> = {}): Promise<SlotClock> {
  const clock = await startSlotClock({
    queue,
    schedules: async () => [daily],
    isDone: async ({ id }) => done.has(id),
    jobOf: ({ schedule }) => ({ kind: 'report', data: { schedule: schedule.id } }),
    now: () => now,
    onFailed: (schedule, error) => failures.push([schedule, (error as Error).message]),
    ...options,
  });
  clocks.push(clock);
  return clock;
}
const queued = async () => (await queue.list()).map(({ id }) => id).sort();
const slots = (...days: readonly number[]) => days.map((day) => `daily-202603${String(day).padStart(2, '0')}T0700Z`);

test('every slot that was missed is queued at the first look, but not what is done, nor what is not yet due', async () => {
  done.add('daily-20260302T0700Z');
  await start();
  expect(await queued()).toEqual(slots(1, 3));
  expect(await queue.find('daily-20260303T0700Z')).toMatchObject({ kind: 'report', data: { schedule: 'daily' } });
});

test('a slot is queued when it falls due, once, by however many clocks', async () => {
  const both = [await start(), await start()];
  now = new Date('2026-03-04T06:59:59Z');
  for (const clock of both) await clock.look();
  expect(await queued()).toEqual(slots(1, 2, 3));
  now = new Date('2026-03-04T07:00:00Z');
  await Promise.all(both.map((clock) => clock.look()));
  expect(await queued()).toEqual(slots(1, 2, 3, 4));
});

test('what is due and not done comes back after the queue was emptied; what is done does not', async () => {
  const clock = await start();
  for (const id of slots(1, 3)) done.add(id);
  await clock.look();
  await rm(dir, { recursive: true });
  await clock.look();
  expect(await queued()).toEqual(slots(2));
});

test('what was seen to be done is not asked for again', async () => {
  const asked: string[] = [];
  for (const id of slots(1, 3)) done.add(id);
  const clock = await start({
    async isDone({ id }) {
      asked.push(id);
      return done.has(id);
    },
  });
  await clock.look();
  await clock.look();
  expect(asked).toEqual([...slots(1, 2, 3), ...slots(2), ...slots(2)]);
});

test('a schedule that cannot be read is named and holds up no other, nor does a store that is away', async () => {
  const broken = { ...daily, id: 'broken', cron: 'whenever' };
  const clock = await start({ schedules: async () => [broken, daily] });
  expect(failures).toEqual([['broken', expect.stringContaining('whenever')]]);
  expect(await queued()).toEqual(slots(1, 2, 3));
  await clock.stop();
  failures = [];
  let isAway = true;
  const other = await start({
    schedules: async () => {
      if (isAway) throw new Error('the log is away');
      return [{ ...daily, id: 'other' }];
    },
  });
  expect(failures).toEqual([[undefined, 'the log is away']]);
  isAway = false;
  await other.look();
  expect((await queued()).filter((id) => id.startsWith('other'))).toHaveLength(3);
});

test('a schedule with more slots than are computed at once has them all queued or done', async () => {
  const hourly: Schedule = { ...daily, cron: '0 * * * *', since: new Date('2026-01-01T00:00:00Z') };
  now = new Date('2026-02-16T00:30:00Z');
  const last = 'daily-20260216T0000Z';
  const asked: string[] = [];
  await start({
    schedules: async () => [hourly],
    async isDone({ id }) {
      asked.push(id);
      return id !== last;
    },
  });
  expect(asked).toHaveLength(46 * 24);
  expect(await queued()).toEqual([last]);
});

test('a slot of which nobody can say whether it is done holds up no later one, and is named', async () => {
  const clock = await start({
    async isDone({ id }) {
      if (id === slots(1)[0] && failures.length === 0) throw new Error('the manifest is damaged');
      return false;
    },
  });
  expect(failures).toEqual([['daily', 'the manifest is damaged']]);
  expect(await queued()).toEqual(slots(2, 3));
  await clock.look();
  expect(await queued()).toEqual(slots(1, 2, 3));
});

test('a slot whose job was given up is run again after six hours, or by a clock that starts; a cancelled one is not', async () => {
  now = new Date();
  const since = new Date(now.getTime() - 3 * 60_000);
  const minutes = [1, 2].map((ago) => new Date(now.getTime() - ago * 60_000).getUTCMinutes());
  const schedules = async () => [{ ...daily, cron: `${minutes.join(',')} * * * *`, since }];
  const clock = await start({ schedules });
  const [failing = '', cancelled = ''] = await queued();
  await queue.cancel(cancelled, 'not needed');
  const report = () => Promise.reject(Object.assign(new Error('no template'), { retryable: false }));
  const worker = await queue.work({ report }, { onTrouble: () => undefined });
  const state = async (id: string) => (await queue.find(id))?.state;
  while ((await state(failing)) !== 'given-up') await pause(10);
  await worker.stop(1_000);
  await clock.look();
  expect(await state(failing)).toBe('given-up');
  now = new Date(now.getTime() + givenUpForMs + 60_000);
  await clock.look();
  expect([await state(failing), await state(cancelled)]).toEqual(['waiting', 'cancelled']);
  const again = await queue.work({ report }, { onTrouble: () => undefined });
  while ((await state(failing)) !== 'given-up') await pause(10);
  await again.stop(1_000);
  now = new Date();
  await start({ schedules });
  expect([await state(failing), await state(cancelled)]).toEqual(['waiting', 'cancelled']);
});

test('a slot whose job completed and that is not done is run again, once a look; one that is under way is left alone', async () => {
  now = new Date();
  const since = new Date(now.getTime() - 2 * 60_000);
  const [minute = 0] = [1].map((ago) => new Date(now.getTime() - ago * 60_000).getUTCMinutes());
  let isUnderWay = false;
  const clock = await start({
    schedules: async () => [{ ...daily, cron: `${minute} * * * *`, since }],
    isDone: async () => isUnderWay && 'under way',
  });
  const [id = ''] = await queued();
  const state = async () => (await queue.find(id))?.state;
  const worker = await queue.work({ report: async () => undefined }, { onTrouble: () => undefined });
  while ((await state()) !== 'completed') await pause(10);
  await worker.stop(1_000);
  await clock.look(); // it may have completed since the clock began to look
  expect(await state()).toBe('completed');
  now = new Date(now.getTime() + 60_000);
  isUnderWay = true;
  await clock.look();
  expect(await state()).toBe('completed');
  isUnderWay = false;
  await clock.look();
  expect(await state()).toBe('waiting');
});
