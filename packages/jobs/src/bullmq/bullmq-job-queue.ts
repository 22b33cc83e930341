import { FlowProducer, Queue, type RedisOptions } from 'bullmq';
import { JobQueueError, JobQueueUnavailable, NoSuchJob } from '../job-errors.ts';
import { closingGraceMs, type Job, type JobQueue, type Worker } from '../job-queue.ts';
import { checkedJob, type JobData, type NewJob, rootOf } from '../new-job.ts';
import { flowOf, type Queued, type QueuedJob, queueName, shown, states } from './queued-job.ts';
import { named, type RedisPlace } from './redis-place.ts';
import { cutOff, startBullmqWorker } from './worker.ts';

export type BullmqJobQueueOptions = {
  readonly place: RedisPlace;
  /** After how long without a sign of life of its worker a job is run again. */
  readonly lockMs?: number;
  /** How long Redis may take to answer until a caller is told that it is not there. */
  readonly patienceMs?: number;
};

type Access = { readonly queue: Queue<Queued, JobData, string>; readonly flows: FlowProducer };

/**
 * A queue in Redis, through BullMQ: any number of processes on any number of machines add, look and run jobs. Nothing is lost that is not made
 * again: Redis may be emptied or restarted at any time.
 *
 * Redis must not evict what it has no room for (`maxmemory-policy noeviction`): a queue that loses some of its keys is refused, not worked with.
 */
export function bullmqJobQueue({ place, lockMs = 30_000, patienceMs = 5_000 }: BullmqJobQueueOptions): JobQueue {
  const where = named(place);
  const workers = new Set<Worker>();
  let access: Access | undefined;
  let isSafe: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const connection: RedisOptions = {
    host: place.host,
    port: place.port,
    db: place.database,
    ...(place.username === undefined ? {} : { username: place.username }),
    ...(place.password === undefined ? {} : { password: place.password }),
    ...(place.isEncrypted ? { tls: {} } : {}),
    connectTimeout: patienceMs,
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 6), 3_000),
  };

  /** Connections are options, never clients of our own: so BullMQ closes them. Callers are told at once that Redis is away. */
  function opened(): Access {
    if (access === undefined) {
      const options = {
        prefix: place.prefix,
        connection: { ...connection, maxRetriesPerRequest: 1, enableOfflineQueue: false },
      };
      access = { queue: new Queue(queueName, options), flows: new FlowProducer(options) };
      access.queue.on('error', () => undefined); // who calls is told
      access.flows.on('error', () => undefined);
    }
    return access;
  }

  async function refuseEviction({ queue }: Access): Promise<void> {
    const about = await (await queue.getBackend().client).info();
    const policy = /^maxmemory_policy:(.*?)\r?$/m.exec(about)?.[1];
    if (policy === undefined || policy === 'noeviction') return;
    throw new JobQueueUnavailable(
      `${where} evicts keys when memory is short (maxmemory-policy ${policy}), and jobs would vanish: set maxmemory-policy to noeviction`,
    );
  }

  function safe(from: Access): Promise<void> {
    isSafe ??= refuseEviction(from).catch((error: unknown) => {
      isSafe = undefined; // who comes next looks again
      throw error;
    });
    return isSafe;
  }

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        work,
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does something with Redis, which answers in time or is said to be away. */
  async function about<T>(what: string, work: (access: Access) => Promise<T>): Promise<T> {
    if (closing !== undefined)
      throw new JobQueueUnavailable(`the job queue in ${where} was closed by this process: open it again to use it`);
    const using = opened();
    try {
      return await inTime(safe(using).then(() => work(using)));
    } catch (cause) {
      if (cause instanceof JobQueueError) throw cause;
      throw new JobQueueUnavailable(`cannot ${what} in ${where}: ${(cause as Error).message}; look whether it runs`, {
        cause,
        retryable: true,
      });
    }
  }

  const jobAt = ({ queue }: Access, id: string): Promise<QueuedJob | undefined> => queue.getJob(id);

  async function put(from: Access, job: NewJob): Promise<void> {
    const flow = flowOf(checkedJob(job));
    if (flow.children.length === 0) await from.queue.add(flow.name, flow.data, flow.opts);
    // A flow whose parent is there would have children added anew that are forgotten already.
    else if ((await jobAt(from, job.id)) === undefined) {
      await removeGivenUp(
        from,
        flow.children.map(({ opts }) => opts.jobId),
      );
      await from.flows.add(flow);
    }
  }

  /** Children that are remembered longer than their parent: a new one would wait for ever for those that were given up, and takes the answers of the others. */
  async function removeGivenUp(from: Access, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const child = await jobAt(from, id);
      if (child !== undefined && (await from.queue.getJobState(id)) === 'failed') await child.remove();
    }
  }

  async function nextTryOf({ queue }: Access, job: QueuedJob): Promise<number | undefined> {
    const score = await (await queue.getBackend().client).zscore(queue.toKey('delayed'), job.id ?? '');
    return score === null ? undefined : Math.floor(Number(score) / 0x1000); // the lower bits only keep order
  }

  async function asShown(from: Access, job: QueuedJob, state: string, root: QueuedJob | undefined): Promise<Job> {
    const ours = states[state] ?? 'waiting';
    if (ours !== 'retrying') return shown(job, ours, root);
    const nextTryAt = await nextTryOf(from, job);
    return shown(job, nextTryAt === undefined ? 'waiting' : ours, root, nextTryAt); // its pause has just ended
  }

  /** The job, if it can be cancelled or run again by itself. */
  async function rootAt(from: Access, id: string): Promise<QueuedJob> {
    if (rootOf(id) !== id)
      throw new NoSuchJob(`${id} is a child: it can only be cancelled or run again with ${rootOf(id)}`);
    const job = await jobAt(from, id);
    if (job === undefined) throw new NoSuchJob(`the queue in ${where} knows no job ${id}: list its jobs`);
    return job;
  }

  return {
    async add(job) {
      checkedJob(job);
      await about(`add the job ${job.id}`, (from) => put(from, job));
    },

    find: (id) =>
      about(`read the job ${id}`, async (from) => {
        const job = await jobAt(from, id);
        if (job === undefined) return undefined;
        const state = await from.queue.getJobState(id);
        const again = state === 'unknown' ? undefined : await jobAt(from, id); // as it is in that state
        const root = rootOf(id) === id ? again : await jobAt(from, rootOf(id));
        return again && asShown(from, again, state, root);
      }),

    list: () =>
      about('list jobs', async (from) => {
        // A job moves while states are read one after the other: in this order it is not missed.
        const found = new Map<string, { readonly job: QueuedJob; readonly state: string }>();
        const order = ['active', 'waiting-children', 'waiting', 'delayed', 'active', 'completed', 'failed'] as const;
        for (const state of order)
          for (const job of await from.queue.getJobs([state], 0, -1))
            if (job?.id !== undefined) found.set(job.id, { job, state });
        const jobs: Job[] = [];
        for (const { job, state } of found.values())
          jobs.push(await asShown(from, job, state, found.get(rootOf(job.id ?? ''))?.job));
        const byId = new Map(jobs.map((job) => [job.id, job]));
        return jobs
          .filter(({ parent }) => parent === undefined || !byId.has(parent))
          .sort((a, b) => b.addedAt.getTime() - a.addedAt.getTime() || (a.id < b.id ? -1 : 1))
          .flatMap((job) => [job, ...job.children.flatMap((id) => byId.get(id) ?? [])]);
      }),

    cancel: (id, reason) =>
      about(`cancel the job ${id}`, async (from) => {
        const job = await rootAt(from, id);
        if (job.finishedOn === undefined && job.data.cancelled === undefined)
          await job.updateData({ ...job.data, cancelled: { reason, at: Date.now() } });
      }),

    again: (id) =>
      about(`run the job ${id} again`, async (from) => {
        const job = await rootAt(from, id);
        const { state } = await asShown(from, job, await from.queue.getJobState(id), job);
        if (!['given-up', 'cancelled', 'completed'].includes(state)) return;
        const { data, retry, children } = job.data;
        const parts = await Promise.all(
          children.map(async (name) => ({ name, part: await jobAt(from, `${id}.${name}`) })),
        );
        const known = parts.flatMap(({ name, part }) =>
          part === undefined ? [] : [{ name, kind: part.name, data: part.data.data, retry: part.data.retry }],
        );
        if (known.length < children.length)
          throw new NoSuchJob(`children of ${id} are forgotten: add it under another id`);
        await job.remove({ removeChildren: true });
        await put(from, { id, kind: job.name, data, retry, children: known });
      }),

    work: (handlers, options) =>
      about('run jobs', async (from) => {
        const worker = await startBullmqWorker({
          handlers,
          connection: { ...connection, maxRetriesPerRequest: null },
          prefix: place.prefix,
          lockMs,
          jobAt: (id) => inTime(jobAt(from, id)),
          ...options,
        });
        const tracked: Worker = {
          lost: worker.lost,
          async stop(graceMs) {
            await worker.stop(graceMs);
            workers.delete(tracked);
          },
        };
        workers.add(tracked);
        return tracked;
      }),

    isWorked: () => about('see who runs jobs', async ({ queue }) => (await queue.getWorkersCount()) > 0),

    close() {
      closing ??= (async () => {
        await Promise.all([...workers].map((worker) => worker.stop(closingGraceMs)));
        if (access === undefined) return;
        for (const one of [access.queue, access.flows]) {
          await inTime(one.close()).catch(() => undefined); // it says goodbye, which nobody may answer
          await inTime(one.getBackend().client.then(cutOff)).catch(() => undefined);
        }
      })();
      return closing;
    },
  };
}
