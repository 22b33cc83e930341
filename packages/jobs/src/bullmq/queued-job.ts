import type { Job as BullJob, JobsOptions } from 'bullmq';
import { deathsSurvived, type Job, type JobState, remembered } from '../job-queue.ts';
import { type CheckedJob, childId, type JobData, type Retry } from '../new-job.ts';

/** What stands in Redis as a job's data. */
export type Queued = {
  readonly data: JobData;
  readonly retry: Retry;
  /** The names of its children. */
  readonly children: readonly string[];
  /** Why and when it was to be cancelled, with its children; only a parent says so for all. */
  readonly cancelled?: { readonly reason: string; readonly at: number };
};
export type QueuedJob = BullJob<Queued, JobData, string>;

export const queueName = 'jobs';
export const backoff = 'declared';

/** A failure says first what it means for the job; nothing else of the job tells. */
const cancelledAs = 'cancelled: ';
const neverRunAs = 'not run: ';
export const cancelledBecause = (reason: string): string => `${cancelledAs}${reason}`;
export const neverRunBecause = (reason: string): string => `${neverRunAs}${reason}`;
/** What BullMQ itself says of a job whose workers died too often. */
const stalled = 'job stalled more than allowable limit';

/** Children are kept in the same lists as their parents, so more are kept than parents are promised. */
const kept = remembered.jobs * 10;
const options = ({ tries }: Retry): JobsOptions => ({
  attempts: tries,
  backoff: { type: backoff },
  removeOnComplete: { count: kept },
  removeOnFail: { count: kept, age: remembered.days * 24 * 60 * 60 },
});

/** A job as BullMQ takes it, with its children as it takes those of a flow. */
export function flowOf({ id, kind, data, retry, children }: CheckedJob) {
  const queued = (of: { data: JobData; retry: Retry }, names: readonly string[]): Queued => ({
    ...of,
    children: names,
  });
  return {
    queueName,
    name: kind,
    data: queued(
      { data, retry },
      children.map(({ name }) => name),
    ),
    opts: { ...options(retry), jobId: id },
    children: children.map((child) => ({
      queueName,
      name: child.kind,
      data: queued({ data: child.data, retry: child.retry }, []),
      // A parent is run at once when a child is given up, to be given up as well: so it says why.
      opts: { ...options(child.retry), jobId: childId(id, child.name), continueParentOnFailure: true },
    })),
  };
}

/** The states of BullMQ, each as ours. */
export const states: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  paused: 'waiting',
  'waiting-children': 'waiting-for-children',
  active: 'running',
  delayed: 'retrying',
  completed: 'completed',
  failed: 'given-up',
};

/** A job as the port shows it. `root` is its parent, or itself; `nextTryAt` that of a job whose state is `delayed`. */
export function shown(job: QueuedJob, state: JobState, root: QueuedJob | undefined, nextTryAt?: number): Job {
  const id = job.id ?? '';
  const failure = job.failedReason ?? '';
  const isUnbegun = ['waiting', 'retrying', 'waiting-for-children'].includes(state);
  const cancelled = isUnbegun ? root?.data.cancelled : undefined;
  const wasCancelled = state === 'given-up' && failure.startsWith(cancelledAs);
  const reason = cancelled?.reason ?? said(failure);
  const endedAt = cancelled?.at ?? (isUnbegun || state === 'running' ? undefined : job.finishedOn);
  const isUncounted = state === 'given-up' && failure.startsWith(neverRunAs);
  const parent = id.split('.', 2).length > 1 ? id.split('.', 1)[0] : undefined;
  return {
    id,
    kind: job.name,
    data: job.data.data,
    retry: job.data.retry,
    children: job.data.children.map((name) => childId(id, name)),
    ...(parent === undefined ? {} : { parent }),
    state: cancelled || wasCancelled ? 'cancelled' : state,
    progress: state === 'completed' ? 1 : typeof job.progress === 'number' ? job.progress : 0,
    tries: job.attemptsMade + (state === 'running' ? 1 : 0) - (isUncounted ? 1 : 0),
    addedAt: new Date(job.timestamp),
    ...(job.processedOn === undefined ? {} : { startedAt: new Date(job.processedOn) }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
    ...(nextTryAt === undefined || cancelled ? {} : { nextTryAt: new Date(nextTryAt) }),
    ...(reason === '' || state === 'completed' ? {} : { reason }),
    ...(state === 'completed' ? { result: job.returnvalue ?? {} } : {}),
  };
}

function said(failure: string): string {
  if (failure === stalled) return `the processes that ran it died ${deathsSurvived + 1} times`;
  for (const prefix of [cancelledAs, neverRunAs]) if (failure.startsWith(prefix)) return failure.slice(prefix.length);
  return failure;
}
