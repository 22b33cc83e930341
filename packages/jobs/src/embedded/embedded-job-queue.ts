import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { thisHolder } from '@holdfast/processes';
import { JobQueueUnavailable, NoSuchJob } from '../job-errors.ts';
import { closingGraceMs, type Job, type JobQueue } from '../job-queue.ts';
import { checkedJob, rootOf, usualRetry } from '../new-job.ts';
import { type Asked, afterAsked, type Flow, jobsOf, newFlow } from './flow.ts';
import { jobFolder, Unreadable } from './job-folder.ts';
import { holdWorkLock, isWorkLockHeld } from './work-lock.ts';
import { type EmbeddedWorker, startEmbeddedWorker } from './worker.ts';

export type EmbeddedJobQueueOptions = {
  /** The folder of the queue, its own; made when the first job is added. */
  readonly dir: string;
  readonly now?: () => Date;
  /** How often a worker looks for what other processes have added or asked. */
  readonly pollMs?: number;
};

/**
 * A queue in a folder. Any process may add, look, cancel and run again; one at a time runs jobs (`JobQueueInUse` for a second). What was
 * acknowledged survives the death of every process and a power cut.
 */
export function embeddedJobQueue({ dir, now = () => new Date(), pollMs = 500 }: EmbeddedJobQueueOptions): JobQueue {
  const folder = jobFolder(dir);
  let worker: EmbeddedWorker | undefined;
  let closing: Promise<void> | undefined;

  function refuseIfClosed(): void {
    if (closing !== undefined)
      throw new JobQueueUnavailable(`the job queue in ${dir} was closed by this process: open it again to use it`);
  }

  /** A flow with what was asked of it, seen or not: so what was asked shows at once, also where nobody works. */
  async function flowNow(id: string, asks: readonly Asked[]): Promise<Flow | undefined> {
    const flow = await folder.read(id);
    return flow && asks.filter((asked) => asked.id === id).reduce((was, asked) => afterAsked(was, asked, now()), flow);
  }

  const pending = async () => (await folder.asks()).flatMap((ask) => (ask instanceof Unreadable ? [] : [ask.asked]));

  /** A file that cannot be read is shown under its name: whoever works next sets it aside. */
  function shownUnreadable(id: string, { message }: Unreadable): Flow {
    const flow = newFlow({ id, kind: 'unreadable', data: {}, retry: usualRetry, children: [] }, new Date(0));
    return { ...flow, root: { ...flow.root, state: 'given-up', reason: message, endedAt: 0 } };
  }

  async function ask(asked: Asked): Promise<void> {
    refuseIfClosed();
    if (rootOf(asked.id) !== asked.id)
      throw new NoSuchJob(`${asked.id} is a child: it can only be cancelled or run again with ${rootOf(asked.id)}`);
    if ((await folder.read(asked.id)) === undefined)
      throw new NoSuchJob(`the queue in ${dir} knows no job ${asked.id}: list its jobs`);
    await folder.ask(asked, now());
    await worker?.look();
  }

  return {
    async add(job) {
      refuseIfClosed();
      await mkdir(dir, { recursive: true });
      if (await folder.add(newFlow(checkedJob(job), now()))) worker?.nudge();
    },

    async find(id) {
      refuseIfClosed();
      const flow = await flowNow(rootOf(id), await pending());
      return flow && jobsOf(flow).find((job) => job.id === id);
    },

    async list() {
      refuseIfClosed();
      const asks = await pending();
      const flows: Flow[] = [];
      for (const id of await folder.ids()) {
        const flow = await flowNow(id, asks).catch((error: unknown) => {
          if (error instanceof Unreadable) return shownUnreadable(id, error);
          throw error;
        });
        if (flow !== undefined) flows.push(flow);
      }
      return flows
        .sort((a, b) => b.addedAt - a.addedAt || (a.root.id < b.root.id ? -1 : 1))
        .flatMap((flow): readonly Job[] => jobsOf(flow));
    },

    cancel: (id, reason) => ask({ ask: 'cancel', id, reason }),
    again: (id) => ask({ ask: 'again', id }),

    async work(handlers, options) {
      refuseIfClosed();
      await mkdir(dir, { recursive: true });
      const me = thisHolder(randomUUID().replaceAll('-', '').slice(0, 12));
      const lock = holdWorkLock(dir, me);
      try {
        worker = await startEmbeddedWorker({ folder, handlers, lock, now, pollMs, ...options });
      } catch (error) {
        lock.giveBack();
        throw error;
      }
      return worker;
    },

    async isWorked() {
      refuseIfClosed();
      return isWorkLockHeld(dir);
    },

    close() {
      closing ??= Promise.resolve(worker?.stop(closingGraceMs));
      return closing;
    },
  };
}
