import type { Handler, Job, JobQueue, Worker } from '@holdfast/jobs';
import { JobQueueError } from '@holdfast/jobs';
import type { ObjectsPlace } from '@holdfast/objects';
import { type DataCut, readCut, trialOfCut } from '@holdfast/trials';
import { foldingCode } from './code-that-runs.ts';
import type { CutSide } from './cut-of-report.ts';
import type { DeliverySettings } from './delivery/deliver.ts';
import { type DueClockOptions, startDueClock } from './due/due-clock.ts';
import { dueHandlers } from './due/due-jobs.ts';
import { makeReport } from './make-report.ts';
import { rehearsalSeed } from './rehearsal-seed.ts';
import { foldDataOf, reportDataOf } from './report-job.ts';
import { ReportRefused } from './report-refused.ts';
import type { ReportStore } from './report-store.ts';
import { type ReportThreads, startReportThreads } from './report-threads.ts';
import { reportToMake } from './report-to-make.ts';
import { isClosedReport } from './sight.ts';
import { type Failure, ReportFailed, whatFailed } from './what-failed.ts';

/** What became of a try of an open job. Of closed ones nothing is told but to who lists them with the key. */
export type JobTold = {
  readonly job: Job;
  readonly report?: string;
  readonly failure?: Failure;
};

export type ReportServiceOptions = {
  readonly queue: JobQueue;
  /** The store as it stands now: trials, versions and keys that were added meanwhile count. */
  readonly store: () => Promise<ReportStore>;
  readonly places: { readonly objects: ObjectsPlace; readonly closedObjects: ObjectsPlace };
  readonly threads: number;
  readonly delivery: DeliverySettings;
  readonly now: () => Date;
  readonly onTold: (told: JobTold) => void;
  readonly onTrouble: (error: unknown) => void;
  /** Told when it could not be seen what is due; that is looked at again. */
  readonly onClockFailed: DueClockOptions['onFailed'];
};

/** How a service stands: `running`; or why it cannot run jobs now, which it tries again. */
export type ReportServiceState = 'running' | 'waiting-for-queue' | 'queue-in-use' | 'stopped';

export interface ReportService {
  state(): ReportServiceState;
  /** Stops in time: what runs is interrupted, and run again by whoever starts next. */
  stop(): Promise<void>;
}

async function cutOf(store: ReportStore, trial: string, name: string): Promise<DataCut> {
  const cut = await readCut(store.objects, trial, name);
  if (cut === undefined)
    throw new ReportRefused(`${trial} has no data cut named ${name}; see \`holdfast cut list --trial ${trial}\``);
  return cut;
}

function keyFor({ keys }: ReportStore, trial: string) {
  const key = keys.get(trial);
  if (key === undefined)
    throw new ReportRefused(
      `a closed report of ${trial} needs its key, which the report service was not given (or another than the trial published); start that with --key FILE, then \`holdfast report again\``,
    );
  return key;
}

/** How far a report is when it says so, of all the work of its own. */
const fractions: readonly (readonly [RegExp, number])[] = [
  [/^folding/, 0.1],
  [/^writing/, 0.3],
  [/^rendering/, 0.5],
];

/** The failure of a handler as it may be told; an interruption is none. */
function telling(handler: Handler, onTold: (told: JobTold) => void): Handler {
  return async (job, running) => {
    const isOpen = job.data.closed !== 1;
    try {
      const result = await handler(job, running);
      if (isOpen && typeof result?.report === 'string') onTold({ job, report: result.report });
      return result;
    } catch (error) {
      if (running.signal.aborted) throw error;
      const failure = whatFailed(error);
      if (isOpen) onTold({ job, failure });
      throw new ReportFailed(failure, { cause: error });
    }
  };
}

type HandlersOptions = Pick<ReportServiceOptions, 'store' | 'delivery' | 'now' | 'onTold'> & {
  readonly threads: ReportThreads;
};

/** What does the jobs about reports, on a store as it stands when they run. */
export function reportHandlers({
  store,
  threads,
  delivery,
  now,
  onTold,
}: HandlersOptions): Readonly<Record<string, Handler>> {
  const fold: Handler = async (job, { signal }) => {
    const { trial, cut: name, partition, side: is } = foldDataOf(job);
    const current = await store();
    const cut = await cutOf(current, trial, name);
    const { protocol } = await trialOfCut(current, cut);
    const key = is === 'closed' ? keyFor(current, trial) : undefined;
    const side: CutSide = is === 'dummy' ? { is, seed: rehearsalSeed(cut) } : { is };
    await threads.fold({ cut, protocol, key, code: await foldingCode() }, side, partition, signal);
    return { partition };
  };

  const report: Handler = async (job, { signal, progress }) => {
    const { trial, cut: name, report: kind, site, dummy, closed, by } = reportDataOf(job);
    const current = await store();
    const cut = await cutOf(current, trial, name);
    if (closed === 1) keyFor(current, trial);
    const asked = { kind, site, dummySeed: dummy === 1 ? rehearsalSeed(cut) : undefined };
    const toMake = await reportToMake(current, cut, asked, by ?? 'nobody');
    const id = await threads.render(toMake, signal, (text) => {
      const found = fractions.find(([words]) => words.test(text));
      if (found !== undefined) progress(found[1]);
    });
    return { report: id };
  };

  const slots = dueHandlers({
    ...{ store, delivery, now },
    async make(current, cut, asked, signal) {
      if (isClosedReport((await trialOfCut(current, cut)).protocol, asked)) keyFor(current, cut.trial);
      const toMake = await reportToMake(current, cut, asked, 'its schedule');
      return { id: await makeReport(threads, toMake, signal, () => undefined) };
    },
  });
  const handlers = { fold, report, ...slots };
  return Object.fromEntries(Object.entries(handlers).map(([kind, handler]) => [kind, telling(handler, onTold)]));
}

const tryAgainMs = 2_000;
const graceMs = 6_000;

/** Runs the jobs of a queue that make reports, in threads of its own, as soon as the queue lets it. */
export function startReportService(options: ReportServiceOptions): ReportService {
  const { queue, store, places, now, onTrouble, onClockFailed } = options;
  const threads = startReportThreads({ count: options.threads, places });
  const handlers = reportHandlers({ ...options, threads });
  let state: ReportServiceState = 'waiting-for-queue';
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  const beginLater = (): void => {
    timer = setTimeout(() => {
      beginning = begin();
    }, tryAgainMs);
  };
  const begin = async (): Promise<void> => {
    try {
      const begun = await queue.work(handlers, { atOnce: options.threads, onTrouble });
      if (state === 'stopped') {
        await begun.stop(0);
        return;
      }
      [worker, state] = [begun, 'running'];
      void begun.lost.then(() => {
        if (state === 'stopped') return;
        [worker, state] = [undefined, 'queue-in-use'];
        beginLater();
      });
    } catch (error) {
      if (state === 'stopped') return;
      const before = state;
      const isInUse = error instanceof JobQueueError && error.code === 'HF_JOB_QUEUE_IN_USE';
      state = isInUse ? 'queue-in-use' : 'waiting-for-queue';
      if (!isInUse || before !== state) onTrouble(error);
      beginLater();
    }
  };
  let beginning = begin();
  // Any number of clocks may run beside each other; whoever runs the jobs is another question.
  const stopping = new AbortController();
  const clock = startDueClock({ queue, store, now, onFailed: onClockFailed, signal: stopping.signal });
  clock.catch((error: unknown) => onClockFailed({ schedule: undefined, isClosed: false }, error));
  return {
    state: () => state,
    async stop() {
      state = 'stopped';
      clearTimeout(timer);
      stopping.abort(); // its first look may take long where the queue is away
      await (await clock.catch(() => undefined))?.stop();
      await beginning;
      await worker?.stop(graceMs);
      await threads.stop();
    },
  };
}
