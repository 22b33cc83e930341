import { availableParallelism, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, type JobQueue, JobQueueUnavailable, openJobs } from '@holdfast/jobs';
import {
  type AskedReport,
  isClosedReport,
  makeReport,
  readReport,
  reportDataOf,
  reportingCode,
  reportJob,
  reportToMake,
  type Shown,
  type StoredReport,
  startReportThreads,
} from '@holdfast/report';
import { type DataCut, lookAtSealed, type PublishedTrial } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import type { Progress } from './output/progress.ts';
import type { Store } from './store.ts';

/** A report that somebody asked for, and what it may show now. */
export type WantedReport = {
  readonly trial: PublishedTrial;
  readonly cut: DataCut;
  readonly asked: AskedReport;
  readonly shown: Shown;
};

/** Opens the queue of a store's jobs and closes it whatever happens. */
export async function withJobs<T>({ places }: Store, work: (queue: JobQueue) => Promise<T>): Promise<T> {
  const queue = await openJobs(places.jobs);
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

/** How far a report is: its partitions are folded first, and that is half of it. */
export function progressOf(job: Job, all: readonly Job[]): number {
  if (job.state === 'completed') return 1;
  const children = all.filter(({ parent }) => parent === job.id);
  const folded = children.reduce((sum, { progress }) => sum + progress, 0) / Math.max(1, children.length);
  return 0.5 * (children.length === 0 ? job.progress : folded) + 0.5 * job.progress;
}

const barWidth = 24;

function inWords(job: Job, all: readonly Job[]): string {
  const done = progressOf(job, all);
  const full = Math.round(barWidth * done);
  const bar = `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${Math.round(100 * done)} %`;
  const why = job.state === 'retrying' ? ` (${job.reason}; next try ${job.nextTryAt?.toISOString() ?? 'soon'})` : '';
  return `${job.id}: ${bar} ${job.state}${why}`;
}

const hasEnded = ({ state }: Job) => ['completed', 'given-up', 'cancelled'].includes(state);

async function reportOf(store: Store, job: Job): Promise<StoredReport | undefined> {
  const id = job.result?.report;
  const { trial, closed } = reportDataOf(job);
  return typeof id === 'string' ? readReport(store, trial, id, closed === 1) : undefined;
}

/** Queues a report, or finds the job of the same report that is queued or done; what had failed is run again. */
async function queued(store: Store, queue: JobQueue, { trial, cut, asked, shown }: WantedReport): Promise<Job> {
  const code = await reportingCode();
  for (let nth = 1; ; nth += 1) {
    const job = reportJob(trial.protocol, cut, asked, shown, { by: userInfo().username, code, nth });
    await queue.add(job);
    const found = await queue.find(job.id);
    if (found === undefined) throw new CommandFailed('the queue was emptied just now; ask for the report again');
    if (found.state === 'given-up' || found.state === 'cancelled') {
      await queue.again(found.id);
      return (await queue.find(found.id)) ?? found;
    }
    if (found.state !== 'completed' || (await reportOf(store, found)) !== undefined) return found;
  }
}

/** Queues a report for whoever runs the report service. */
export function queueReport(store: Store, wanted: WantedReport): Promise<Job> {
  return withJobs(store, async (queue) => {
    const job = await queued(store, queue, wanted);
    if (!hasEnded(job) && !(await queue.isWorked()))
      console.error('no report service runs just now; it is made when one does (`holdfast serve`)');
    return job;
  });
}

const lookMs = 250;

/** Waits until a job has ended, or nothing in the queue has moved for so long. */
async function ended(queue: JobQueue, first: Job, progress: Progress, patienceSeconds: number): Promise<Job> {
  let job = first;
  let [movedAt, before] = [performance.now(), ''];
  while (!hasEnded(job)) {
    await pause(lookMs);
    const all = await queue.list();
    const found = all.find(({ id }) => id === job.id);
    if (found === undefined)
      throw new CommandFailed(`the queue lost ${job.id}: it was emptied; ask for the report again`);
    job = found;
    progress.step(inWords(job, all));
    const now = all.map(({ id, state, progress: done, tries }) => `${id} ${state} ${done} ${tries}`).join();
    if (now !== before) [movedAt, before] = [performance.now(), now];
    if (performance.now() - movedAt > patienceSeconds * 1000)
      throw new CommandFailed(
        `report ${job.id} is still ${job.state}${job.reason === undefined ? '' : ` (${job.reason})`}, and nothing has moved for ${patienceSeconds} s; it stays queued: see \`holdfast report list\`, and /readyz of the report service`,
      );
  }
  return job;
}

async function madeByService(
  store: Store,
  queue: JobQueue,
  wanted: WantedReport,
  progress: Progress,
): Promise<StoredReport> {
  const job = await ended(queue, await queued(store, queue, wanted), progress, store.settings.waitSeconds);
  if (job.state !== 'completed')
    throw new CommandFailed(
      `report ${job.id} was ${job.state === 'cancelled' ? 'cancelled' : 'given up'}: ${job.reason}; \`holdfast report again ${job.id}\` tries anew`,
    );
  const report = await reportOf(store, job);
  if (report === undefined)
    throw new CommandFailed(`report ${job.result?.report} was made and is gone; ask for it again`);
  // Who is handed a closed report looks at it, whoever made it and when.
  if (isClosedReport(wanted.trial.protocol, wanted.asked))
    await lookAtSealed(store, wanted.trial, `report run: handed out ${report.id}`);
  return report;
}

/** Makes a report and keeps it, by threads of this process. */
async function madeHere(store: Store, { cut, asked, trial }: WantedReport, progress: Progress): Promise<StoredReport> {
  const threads = startReportThreads({
    count: Math.min(availableParallelism(), cut.marks.length),
    places: store.places,
  });
  try {
    threads.startAll();
    const toMake = await reportToMake(store, cut, asked);
    const { signal } = new AbortController(); // whoever interrupts the command ends the process
    const id = await makeReport(threads, toMake, signal, (text) => progress.step(text));
    const report = await readReport(store, trial.protocol.trial, id, isClosedReport(trial.protocol, asked));
    if (report === undefined) throw new CommandFailed(`report ${id} was made and is gone; ask for it again`);
    return report;
  } finally {
    await threads.stop();
  }
}

/** Makes a report and keeps it: by the report service, if one runs, else here. */
export async function madeReport(store: Store, wanted: WantedReport, progress: Progress): Promise<StoredReport> {
  const made = await withJobs(store, async (queue) => {
    if (!(await queue.isWorked())) return undefined;
    return madeByService(store, queue, wanted, progress);
  }).catch((error: unknown) => {
    if (!(error instanceof JobQueueUnavailable)) throw error;
    console.error(`${error.message}; the report is made here`);
    return undefined;
  });
  return made ?? madeHere(store, wanted, progress);
}
