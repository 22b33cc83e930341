import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Handler, Job, JobQueue, JobState, Worker } from './job-queue.ts';
import type { NewJob } from './new-job.ts';

/** An adapter on storage of its own. */
export type JobQueueUnderTest = {
  readonly queue: JobQueue;
  /** Another instance on the same storage, as another process would open it. */
  reopen(): Promise<JobQueue>;
  /** A process that runs jobs of the kind `hang` and says `{"running": ID}`; its standard output is a pipe. */
  startProcess(): ChildProcess;
  dispose(): Promise<void>;
};

const quick = { tries: 3, firstPauseMs: 1 };
const ended: readonly JobState[] = ['completed', 'given-up', 'cancelled'];

/** What can be let go of later. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Runs until its signal says stop, and then throws, as most handlers do. */
const untilStopped: Handler = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** What every adapter promises. */
export function jobQueueContract(name: string, open: () => Promise<JobQueueUnderTest>): void {
  describe(`${name}: job queue contract`, () => {
    let under: JobQueueUnderTest;
    let queue: JobQueue;
    let workers: Worker[];
    let troubles: unknown[];
    beforeEach(async () => {
      under = await open();
      queue = under.queue;
      workers = [];
      troubles = [];
    });
    afterEach(async () => {
      for (const worker of workers) await worker.stop(0);
      await under.dispose();
      expect(troubles).toEqual([]);
    });

    async function work(handlers: Record<string, Handler>, { at = queue, atOnce = 1 } = {}): Promise<Worker> {
      const worker = await at.work(handlers, { atOnce, onTrouble: (error) => troubles.push(error) });
      workers.push(worker);
      return worker;
    }

    async function jobWhen(id: string, holds: (job: Job) => boolean, at = queue): Promise<Job> {
      for (;;) {
        const job = await at.find(id);
        if (job !== undefined && holds(job)) return job;
        await pause(10);
      }
    }
    const endOf = (id: string) => jobWhen(id, ({ state }) => ended.includes(state));
    const whenRunning = (id: string) => jobWhen(id, ({ state }) => state === 'running');

    describe('a job', () => {
      test('whether somebody runs its jobs is seen from anywhere', async () => {
        const other = await under.reopen();
        expect(await other.isWorked()).toBe(false);
        const worker = await work({ one: async () => undefined });
        await vi.waitFor(async () => expect(await other.isWorked()).toBe(true), { timeout: 5_000 });
        await worker.stop(1_000);
        await vi.waitFor(async () => expect(await queue.isWorked()).toBe(false), { timeout: 5_000 });
        await other.close();
      });

      test('waits until somebody works, is run once, and says what became of it', async () => {
        await queue.add({ id: 'a', kind: 'sum', data: { first: 2, second: 'x/3' } });
        expect(await queue.find('a')).toMatchObject({ state: 'waiting', tries: 0, progress: 0, children: [] });
        const seen: Job[] = [];
        await work({
          async sum(job) {
            seen.push(job);
            return { sum: 5 };
          },
        });
        const done = await endOf('a');
        expect(done).toMatchObject({ id: 'a', kind: 'sum', data: { first: 2, second: 'x/3' }, state: 'completed' });
        expect(done).toMatchObject({ result: { sum: 5 }, tries: 1, progress: 1 });
        const [added, started, finished] = [done.addedAt, done.startedAt, done.endedAt].map(Number);
        expect(added).toBeLessThanOrEqual(started ?? 0);
        expect(started).toBeLessThanOrEqual(finished ?? 0);
        expect(seen).toMatchObject([{ id: 'a', state: 'running', tries: 1, data: { first: 2, second: 'x/3' } }]);
      });

      test('of an id is one job, whatever is added again under it, and also when it has been done', async () => {
        const instances = await Promise.all(Array.from({ length: 5 }, () => under.reopen()));
        await Promise.all(instances.map((one, n) => one.add({ id: 'a', kind: 'count', data: { n } })));
        const ran: unknown[] = [];
        const count: Handler = async (job) => {
          ran.push(job.data.n);
          return undefined;
        };
        await work({ count });
        await endOf('a');
        await queue.add({ id: 'a', kind: 'count', data: { n: 100 } });
        await queue.add({ id: 'b', kind: 'count', data: { n: 200 } });
        await endOf('b');
        expect(ran).toHaveLength(2);
        expect(ran[0]).toBeLessThan(5);
        expect((await queue.list()).map(({ id }) => id).sort()).toEqual(['a', 'b']);
      });

      test('is seen by every instance, newest first, also by one that is opened later', async () => {
        for (const id of ['x', 'y', 'z']) {
          await queue.add({ id, kind: 'k', data: {} });
          await pause(2);
        }
        expect((await (await under.reopen()).list()).map(({ id }) => id)).toEqual(['z', 'y', 'x']);
        expect(await queue.find('w')).toBeUndefined();
      });

      test.each<[string, Partial<Record<keyof NewJob, unknown>>]>([
        ['an id with a colon', { id: 'a:b' }],
        ['an id that is a number', { id: '17' }],
        ['an id that is a path', { id: '../a' }],
        ['text of people', { data: { note: 'felt unwell today' } }],
        ['a fraction', { data: { dose: 0.5 } }],
        ['a number that would not survive', { data: { big: 2 ** 53 } }],
        ['nested data', { data: { a: { b: 1 } } }],
        ['a moment', { data: { at: new Date() } }],
        ['no tries', { retry: { tries: 0, firstPauseMs: 1 } }],
        ['an unknown field', { repeat: { every: 1 } } as never],
        ['children of one name', { children: [0, 1].map(() => ({ name: 'p', kind: 'k', data: {} })) }],
      ])('cannot have %s', async (_, wrong) => {
        const job = { id: 'a', kind: 'k', data: {}, ...wrong } as NewJob;
        await expect(queue.add(job)).rejects.toMatchObject({ code: 'HF_INVALID_JOB', retryable: false });
        await expect(queue.add(job)).rejects.not.toThrow(/unwell/);
        expect(await queue.list()).toEqual([]);
      });

      test('says how far it is, to every instance', async () => {
        const { opened, open } = gate();
        const seen = gate();
        await queue.add({ id: 'a', kind: 'k', data: {} });
        await work({
          async k(_, { progress }) {
            for (let done = 0; done <= 500; done += 1) progress(done / 1000);
            await opened;
            progress(0.75);
            await seen.opened;
            return undefined;
          },
        });
        const other = await under.reopen();
        await jobWhen('a', ({ progress }) => progress === 0.5, other);
        open();
        await jobWhen('a', ({ progress }) => progress === 0.75, other);
        seen.open();
        expect(await endOf('a')).toMatchObject({ state: 'completed', progress: 1 });
      });
    });

    describe('a failure', () => {
      test('has the job tried again, after pauses that double', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {}, retry: { tries: 4, firstPauseMs: 150 } });
        const at: number[] = [];
        await work({
          async k() {
            at.push(performance.now());
            if (at.length < 4) throw new Error(`failure ${at.length}`);
            return undefined;
          },
        });
        const waiting = await jobWhen('a', ({ state }) => state === 'retrying');
        expect(waiting.reason).toBe(`failure ${waiting.tries}`);
        const declared = (waiting.nextTryAt?.getTime() ?? 0) - (waiting.startedAt?.getTime() ?? 0);
        expect(declared).toBeGreaterThanOrEqual(150 * 2 ** (waiting.tries - 1));
        expect(declared).toBeLessThan(60_000);
        expect(await endOf('a')).toMatchObject({ state: 'completed', tries: 4 });
        const pauses = at.slice(1).map((time, i) => time - (at[i] ?? 0));
        for (const [i, least] of [150, 300, 600].entries()) expect(pauses[i]).toBeGreaterThan(least - 10);
      });

      test('of every declared try gives the job up, which says why and is not run again', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {}, retry: quick });
        let ran = 0;
        await work({
          async k() {
            ran += 1;
            throw new Error(`the template has no figure ${ran}`);
          },
        });
        expect(await endOf('a')).toMatchObject({ state: 'given-up', tries: 3, reason: 'the template has no figure 3' });
        await queue.add({ id: 'a', kind: 'k', data: {} });
        await pause(100);
        expect(ran).toBe(3);
      });

      test('that no repetition mends gives the job up at once', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {} });
        await queue.add({ id: 'b', kind: 'talks', data: {} });
        await work({
          k: () => Promise.reject(Object.assign(new Error('damaged'), { retryable: false })),
          talks: async () => ({ note: 'felt unwell today' }),
        });
        expect(await endOf('a')).toMatchObject({ state: 'given-up', tries: 1, reason: 'damaged' });
        expect(await endOf('b')).toMatchObject({ state: 'given-up', tries: 1, reason: /not made of ids/ });
      });

      test('is what a job of an unknown kind has', async () => {
        await queue.add({ id: 'a', kind: 'unknown', data: {}, retry: quick });
        await work({});
        expect(await endOf('a')).toMatchObject({ state: 'given-up', tries: 3, reason: /unknown/ });
      });
    });

    describe('a parent', () => {
      const parts = (names: readonly string[]) =>
        names.map((name, n) => ({ name, kind: 'part', data: { n }, retry: quick }));

      test('runs when all its children have completed, and gets what they answered', async () => {
        await queue.add({ id: 'r', kind: 'sum', data: {}, children: parts(['p0', 'p1', 'p2']) });
        expect(await queue.find('r')).toMatchObject({
          state: 'waiting-for-children',
          children: ['r.p0', 'r.p1', 'r.p2'],
        });
        expect(await queue.find('r.p1')).toMatchObject({ state: 'waiting', parent: 'r', data: { n: 1 } });
        const ran: string[] = [];
        await work(
          {
            async part({ id, data }) {
              await pause(10);
              ran.push(id);
              return { tenfold: Number(data.n) * 10 };
            },
            async sum({ id }, { children }) {
              ran.push(id);
              return Object.fromEntries([...children].map(([child, { tenfold }]) => [child, tenfold ?? '']));
            },
          },
          { atOnce: 3 },
        );
        expect(await endOf('r')).toMatchObject({ state: 'completed', result: { p0: 0, p1: 10, p2: 20 } });
        expect(ran.slice(0, 3).sort()).toEqual(['r.p0', 'r.p1', 'r.p2']);
        expect(ran.slice(3)).toEqual(['r']);
        expect((await queue.list()).map(({ id }) => id)).toEqual(['r', 'r.p0', 'r.p1', 'r.p2']);
      });

      test('that is added by many at once is one, and so is each child', async () => {
        const job: NewJob = { id: 'r', kind: 'sum', data: {}, children: parts(['p0', 'p1', 'p2', 'p3']) };
        const ran: string[] = [];
        const note: Handler = async ({ id }) => {
          ran.push(id);
          return undefined;
        };
        await work({ part: note, sum: note }, { atOnce: 2 });
        const instances = await Promise.all(Array.from({ length: 6 }, () => under.reopen()));
        await Promise.all(instances.map((one) => one.add(job)));
        await endOf('r');
        await queue.add(job);
        await pause(50);
        expect(ran.sort()).toEqual(['r', 'r.p0', 'r.p1', 'r.p2', 'r.p3']);
      });

      test('is given up with a child, and children that wait are not run for nothing', async () => {
        await queue.add({ id: 'r', kind: 'sum', data: {}, children: parts(['p0', 'p1', 'p2']) });
        const ran: string[] = [];
        await work({
          async part({ id, data }) {
            ran.push(id);
            if (data.n === 1) throw Object.assign(new Error('no such partition'), { retryable: false });
            return undefined;
          },
          sum: () => expect.unreachable('the parent ran'),
        });
        const parent = await endOf('r');
        expect(parent).toMatchObject({ state: 'given-up', tries: 0, reason: /r\.p1.*no such partition/ });
        expect(await endOf('r.p1')).toMatchObject({ state: 'given-up', reason: 'no such partition' });
        const [first, last] = [await endOf('r.p0'), await endOf('r.p2')];
        for (const { id, state } of [first, last]) expect(state).toBe(ran.includes(id) ? 'completed' : 'cancelled');
        expect([first.state, last.state]).toContain('cancelled');
      });
    });

    describe('cancelling', () => {
      test('keeps from running what waits', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {} });
        await queue.add({ id: 'r', kind: 'k', data: {}, children: [{ name: 'p', kind: 'k', data: {} }] });
        const other = await under.reopen();
        for (const id of ['a', 'r']) await other.cancel(id, 'the cut was wrong');
        for (const id of ['a', 'r', 'r.p'])
          expect(await queue.find(id)).toMatchObject({ state: 'cancelled', reason: 'the cut was wrong' });
        await queue.add({ id: 'b', kind: 'k', data: {} });
        const ran: string[] = [];
        const k: Handler = async ({ id }) => {
          ran.push(id);
          return undefined;
        };
        await work({ k });
        await endOf('b');
        await pause(50);
        expect(ran).toEqual(['b']);
        for (const id of ['a', 'r', 'r.p'])
          expect(await queue.find(id)).toMatchObject({ state: 'cancelled', reason: 'the cut was wrong' });
      });

      test('tells what runs, whoever asks', async () => {
        for (const id of ['a', 'b']) await queue.add({ id, kind: id, data: {} });
        const finish = gate();
        await work(
          {
            a: untilStopped,
            async b(_, { signal }) {
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              await finish.opened;
              return { done: 1 };
            },
          },
          { atOnce: 2 },
        );
        const other = await under.reopen();
        for (const id of ['a', 'b']) {
          await whenRunning(id);
          await other.cancel(id, 'not needed');
        }
        expect(await endOf('a')).toMatchObject({ state: 'cancelled', reason: 'not needed', tries: 1 });
        finish.open();
        expect(await endOf('b')).toMatchObject({ state: 'completed', result: { done: 1 } });
      });

      test('goes through children that run', async () => {
        const children = ['p', 'q'].map((child) => ({ name: child, kind: 'part', data: {} }));
        await queue.add({ id: 'r', kind: 'k', data: {}, children });
        await work({ part: untilStopped, k: () => expect.unreachable('the parent ran') });
        await jobWhen('r', () => true);
        await whenRunning('r.p').catch(() => undefined);
        await queue.cancel('r', 'not needed');
        for (const id of ['r', 'r.p', 'r.q'])
          expect(await endOf(id)).toMatchObject({ state: 'cancelled', reason: expect.stringContaining('not needed') });
      });

      test('changes nothing of what has ended, and needs a job that is there, no child', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {}, children: [{ name: 'p', kind: 'k', data: {} }] });
        await work({ k: async () => undefined });
        await endOf('a');
        await queue.cancel('a', 'too late');
        expect(await queue.find('a')).toMatchObject({ state: 'completed' });
        for (const id of ['a.p', 'b'])
          for (const asked of [queue.cancel(id, 'x'), queue.again(id)])
            await expect(asked).rejects.toMatchObject({ code: 'HF_NO_SUCH_JOB' });
      });
    });

    test('what has ended can be run again, its children too', async () => {
      let isMended = false;
      let ran = 0;
      await queue.add({
        ...{ id: 'r', kind: 'k', data: { a: 1 }, retry: quick },
        children: [{ name: 'p', kind: 'part', data: { b: 2 }, retry: quick }],
      });
      await work({
        async k() {
          ran += 1;
          return undefined;
        },
        async part() {
          if (!isMended) throw new Error('not yet');
          return undefined;
        },
      });
      expect(await endOf('r')).toMatchObject({ state: 'given-up' });
      isMended = true;
      await queue.again('r');
      expect(await jobWhen('r', ({ state }) => state === 'completed')).toMatchObject({ data: { a: 1 }, tries: 1 });
      expect(await queue.find('r.p')).toMatchObject({ state: 'completed', data: { b: 2 }, tries: 1 });
      await queue.again('r');
      while (ran < 2) await pause(10);
      expect(await jobWhen('r', ({ state }) => state === 'completed')).toMatchObject({ tries: 1 });
      await queue.add({ id: 'w', kind: 'k', data: {} });
      await queue.again('w'); // it may wait, or run: it does so once
      await jobWhen('w', ({ state }) => state === 'completed');
    });

    describe('a worker that stops', () => {
      test('puts back what obeys its signal, as if it had not been tried, and others take it up', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {}, retry: { tries: 1, firstPauseMs: 1 } });
        const worker = await work({ k: untilStopped });
        await whenRunning('a');
        await worker.stop(5_000);
        expect(await queue.find('a')).toMatchObject({ state: 'waiting', tries: 0 });
        await work({ k: async () => ({ done: 1 }) }, { at: await under.reopen() });
        expect(await endOf('a')).toMatchObject({ state: 'completed', tries: 1, result: { done: 1 } });
      });

      test('waits for what ends in time, and begins nothing more', async () => {
        for (const id of ['a', 'b']) await queue.add({ id, kind: 'k', data: {} });
        const worker = await work({
          k: (_, { signal }) =>
            new Promise((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 20, undefined))),
        });
        const running = await Promise.race(['a', 'b'].map(whenRunning));
        await worker.stop(10_000);
        expect(await queue.find(running.id)).toMatchObject({ state: 'completed' });
        expect(await queue.find(running.id === 'a' ? 'b' : 'a')).toMatchObject({ state: 'waiting', tries: 0 });
      });

      test('lets go of what does not end, and what that answers later counts for nothing', async () => {
        await queue.add({ id: 'a', kind: 'k', data: {} });
        const late = gate();
        const worker = await work({
          async k() {
            await late.opened;
            return { by: 'first' };
          },
        });
        await whenRunning('a');
        await worker.stop(20);
        const other = await under.reopen();
        await work({ k: async () => ({ by: 'second' }) }, { at: other });
        expect(await endOf('a')).toMatchObject({ state: 'completed', result: { by: 'second' } });
        late.open();
        await pause(50);
        expect(await queue.find('a')).toMatchObject({ result: { by: 'second' } });
      });
    });

    test('what a killed process ran is run again, but not for ever', async () => {
      await queue.add({ id: 'a', kind: 'hang', data: {}, retry: { tries: 1, firstPauseMs: 1 } });
      for (let deaths = 1; deaths <= 4; deaths += 1) {
        const other = under.startProcess();
        if (other.stdout === null) throw new Error('the process says nothing');
        for await (const line of createInterface(other.stdout)) if (line.includes('"running":"a"')) break;
        other.kill('SIGKILL');
        await once(other, 'exit');
        if (deaths === 1) {
          const worker = await work({ hang: untilStopped });
          await jobWhen('a', ({ state, startedAt }) => state === 'running' && startedAt !== undefined);
          await worker.stop(5_000);
        }
      }
      await work({ hang: () => expect.unreachable('run a fifth time') });
      expect(await endOf('a')).toMatchObject({ state: 'given-up', reason: expect.stringContaining('died 4 times') });
    }, 180_000);

    test('a queue that is closed stops its worker, refuses everything and lets go of everything', async () => {
      await queue.add({ id: 'a', kind: 'k', data: {} });
      const worker = await work({ k: untilStopped });
      await whenRunning('a');
      await queue.close();
      await queue.close();
      const { k } = { k: untilStopped };
      const attempts = [
        queue.add({ id: 'b', kind: 'k', data: {} }),
        queue.find('a'),
        queue.list(),
        queue.cancel('a', 'x'),
        queue.again('a'),
        queue.work({ k }, { onTrouble: () => undefined }),
      ];
      for (const outcome of await Promise.allSettled(attempts))
        expect(outcome).toMatchObject({ reason: { code: 'HF_JOB_QUEUE_UNAVAILABLE', message: /closed/ } });
      await worker.stop(0);
      expect(await (await under.reopen()).find('a')).toMatchObject({ state: 'waiting', tries: 0 });
    });

    test('whatever fails how often, every job ends as it is declared', async () => {
      const one = fc.record({
        failures: fc.nat(3),
        tries: fc.integer({ min: 1, max: 3 }),
        children: fc.array(fc.record({ failures: fc.nat(3), tries: fc.integer({ min: 1, max: 3 }) }), { maxLength: 3 }),
      });
      const failed = new Map<string, number>();
      const k: Handler = async ({ id, data }) => {
        const times = failed.get(id) ?? 0;
        if (times >= Number(data.failures)) return undefined;
        failed.set(id, times + 1);
        throw new Error(`failure ${times + 1}`);
      };
      await work({ k }, { atOnce: 4 });
      const jobs = fc.sample(fc.array(one, { minLength: 25, maxLength: 25 }), { numRuns: 1, seed: 20261129 })[0] ?? [];
      const declared = ({ failures, tries }: { failures: number; tries: number }) => ({
        kind: 'k',
        data: { failures },
        retry: { tries, firstPauseMs: 1 },
      });
      const completes = ({ failures, tries }: { failures: number; tries: number }) => failures < tries;
      for (const [n, job] of jobs.entries()) {
        const children = job.children.map((child, i) => ({ name: `c${i}`, ...declared(child) }));
        await queue.add({ id: `j${n}`, ...declared(job), children });
      }
      for (const [n, job] of jobs.entries()) {
        const isDone = completes(job) && job.children.every(completes);
        const end = await endOf(`j${n}`);
        expect(end.state, `job ${n} ${JSON.stringify(job)}`).toBe(isDone ? 'completed' : 'given-up');
        if (isDone) expect(end.tries).toBe(job.failures + 1);
      }
    });
  });
}
