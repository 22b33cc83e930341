import { Worker as BullWorker, type RedisOptions, UnrecoverableError, WaitingError } from 'bullmq';
import { deathsSurvived, type Handler, type Worker, type WorkOptions } from '../job-queue.ts';
import { checkedResult, isWorthRetrying, type JobData, pauseAfter, reasonOf, rootOf } from '../new-job.ts';
import { Stopping } from '../stopping.ts';
import { cancelledBecause, neverRunBecause, type Queued, type QueuedJob, queueName, shown } from './queued-job.ts';

export type BullmqWorkerOptions = WorkOptions & {
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly connection: RedisOptions;
  readonly prefix: string;
  readonly lockMs: number;
  readonly jobAt: (id: string) => Promise<QueuedJob | undefined>;
};

/** Progress is written no more often; whether what runs is to be cancelled is asked as often. */
const progressMs = 250;
const cancelMs = 1_000;
/** How long Redis may take to hear that this worker is gone; after that its locks tell. */
const farewellMs = 3_000;

/** Runs jobs through a worker of BullMQ, which keeps their locks; what becomes of a job is said by what its processor throws. */
export async function startBullmqWorker(options: BullmqWorkerOptions): Promise<Worker> {
  const { handlers, connection, prefix, lockMs, jobAt, atOnce = 1, onTrouble } = options;
  const running = new Map<string, AbortController>();
  const processing = new Set<Promise<unknown>>();
  let letGo = (): void => undefined;
  const hasLetGo = new Promise<never>((_, reject) => {
    letGo = () => reject(new Stopping('the worker has stopped'));
  });
  hasLetGo.catch(() => undefined);
  let isStopping = false;

  async function process(job: QueuedJob, token: string | undefined): Promise<JobData> {
    const id = job.id ?? '';
    const root = job.parent === undefined ? job : await jobAt(rootOf(id));
    const cancelled = root?.data.cancelled;
    if (cancelled) throw new UnrecoverableError(cancelledBecause(cancelled.reason));
    const failed = await failedChild(root);
    if (failed !== undefined && root === job) throw new UnrecoverableError(neverRunBecause(failed.reason));
    if (failed !== undefined) throw new UnrecoverableError(cancelledBecause(`${failed.id}, beside it, was given up`));
    const stop = new AbortController();
    running.set(id, stop);
    const progress = throttled((done) => job.updateProgress(done));
    try {
      return await Promise.race([handle(job, root, stop.signal, progress.say), hasLetGo]);
    } catch (error) {
      if (stop.signal.reason instanceof Stopping) {
        await withinMs(farewellMs, job.moveToWait(token)); // else its lock tells, when it is no longer renewed
        throw new WaitingError();
      }
      const asked = (await jobAt(rootOf(id)))?.data.cancelled;
      if (asked) throw new UnrecoverableError(cancelledBecause(asked.reason));
      throw isWorthRetrying(error) ? new Error(reasonOf(error)) : new UnrecoverableError(reasonOf(error));
    } finally {
      running.delete(id);
      await progress.end();
    }
  }

  async function handle(job: QueuedJob, root: QueuedJob | undefined, signal: AbortSignal, say: (done: number) => void) {
    const handler = handlers[job.name];
    if (handler === undefined) throw new Error(`nobody here knows how to do jobs of kind ${job.name}`);
    const answers = Object.entries(job.parent ? {} : await job.getChildrenValues<JobData>());
    const children = new Map(answers.map(([key, answer]) => [key.slice(key.lastIndexOf('.') + 1), answer]));
    return checkedResult(await handler(shown(job, 'running', root), { signal, progress: say, children }));
  }

  /** The child that has its parent given up, and why. */
  async function failedChild(root: QueuedJob | undefined) {
    if (root === undefined || root.data.children.length === 0) return undefined;
    const [first] = Object.entries(await root.getFailedChildrenValues());
    if (first === undefined) return undefined;
    const [id, why] = [first[0].slice(first[0].lastIndexOf(':') + 1), String(first[1])];
    return { id, reason: `its child ${id} was given up: ${why}` };
  }

  /** Writes the newest, and the last before the job ends. */
  function throttled(write: (done: number) => Promise<void>) {
    let newest: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    let writing: Promise<void> = Promise.resolve();
    const flush = (): void => {
      timer = undefined;
      const done = newest;
      newest = undefined;
      if (done !== undefined) writing = writing.then(() => write(done)).catch(onTrouble);
    };
    return {
      say(done: number): void {
        newest = Math.min(1, Math.max(0, done));
        timer ??= setTimeout(flush, progressMs);
      },
      async end(): Promise<void> {
        clearTimeout(timer);
        await writing;
      },
    };
  }

  const tracked = async (job: QueuedJob, token: string | undefined): Promise<JobData> => {
    const processed = process(job, token);
    processing.add(processed);
    try {
      return await processed;
    } finally {
      processing.delete(processed);
    }
  };

  const worker = new BullWorker<Queued, JobData, string>(queueName, tracked, {
    connection,
    prefix,
    concurrency: atOnce,
    lockDuration: lockMs,
    stalledInterval: lockMs,
    maxStalledCount: deathsSurvived,
    settings: { backoffStrategy: (tries, _type, _error, job) => pauseAfter(tries, (job as QueuedJob).data.retry) },
  });
  worker.on('error', (error) => {
    if (!isStopping) onTrouble(error);
  });

  /** Whoever cancels writes it down; whoever runs the job reads it. */
  async function hearCancels(): Promise<void> {
    for (const [id, stop] of running) {
      const cancelled = (await jobAt(rootOf(id)))?.data.cancelled;
      if (cancelled) stop.abort(new Error(`cancelled: ${cancelled.reason}`));
    }
  }
  let timer: NodeJS.Timeout;
  const hearLater = () => {
    timer = setTimeout(async () => {
      await hearCancels().catch(onTrouble);
      if (!isStopping) hearLater();
    }, cancelMs);
  };
  hearLater();

  /** The connections, if they were ever made and are up just now. */
  async function connections() {
    const made = Promise.all([worker.getBackend().client, worker.getBackend().blockingClient]);
    const clients = (await withinMs(farewellMs, made)) ?? [];
    return clients.flatMap((client) => (client?.status === 'ready' ? [client] : []));
  }

  async function stopWithin(graceMs: number): Promise<void> {
    isStopping = true;
    clearTimeout(timer);
    const connected = await connections();
    for (const stop of running.values()) stop.abort(new Stopping('the worker stops'));
    const grace = setTimeout(letGo, graceMs);
    if (connected.length === 2) {
      const closed = worker.close().then(() => true);
      // Redis has gone silent meanwhile: cut off, all that waits for its answers fails, and the worker with it.
      if (!(await withinMs(graceMs + farewellMs, closed))) {
        connected.forEach(cutOff);
        await withinMs(farewellMs, closed);
      }
    } else {
      // Redis is away: nobody can be told anything, and an orderly end would wait for it.
      await withinMs(graceMs, Promise.allSettled(processing));
      await withinMs(farewellMs, worker.close(true));
    }
    clearTimeout(grace);
  }

  let stopped: Promise<void> | undefined;
  return {
    lost: new Promise(() => undefined), // any number of processes share the work
    stop(graceMs) {
      stopped ??= stopWithin(graceMs);
      return stopped;
    },
  };
}

/** Ends a connection at once; one that is not up is not sought any more. */
export function cutOff(client: { on(event: 'error', listener: () => void): unknown; disconnect(): unknown }): void {
  client.on('error', () => undefined);
  client.disconnect();
}

/** What comes of it in time, else undefined. */
async function withinMs<T>(most: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, most, undefined);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
