import { availableParallelism } from 'node:os';
import { type Job, JobQueueError, type JobState, openJobs } from '@holdfast/jobs';
import { startReportService } from '@holdfast/report';
import { type CheckResult, Gauge, type Logger, type Metrics, type Running } from '@holdfast/runtime/server';
import { readTrials } from '@holdfast/trials';
import { givenKeys, publishedKeys, type Store } from '../store.ts';

/** The report service of this process. */
export interface ServedReports extends Running {
  check(): CheckResult;
}

/** More at once would take the memory and the disk of those who fold. */
const mostThreads = 4;
/** A scrape asks for several numbers; a queue with a thousand jobs is read once for all of them. */
const knownForMs = 5_000;

/** Open jobs that have not completed: that closed ones are made, and how long they take, is not for whoever reads metrics. */
const isMeasured = ({ kind, parent, data, state }: Job) =>
  parent === undefined && data.closed !== 1 && kind !== 'unreadable' && state !== 'completed';

/** What may be told of trouble with the queue: errors of its client name jobs, closed ones too, and so do those of the file system. */
function troubleIn(error: unknown): { readonly code: string; readonly why?: string } {
  if (error instanceof JobQueueError) return { code: error.code, why: error.message };
  if (!(error instanceof Error)) return { code: 'unknown' };
  return { code: 'code' in error ? String(error.code) : error.name };
}

const waiting: readonly JobState[] = ['waiting', 'waiting-for-children', 'retrying'];
const measured: readonly JobState[] = [...waiting, 'running', 'given-up', 'cancelled'];

export async function serveReports(
  store: Store,
  { logger, metrics, now }: { readonly logger: Logger; readonly metrics: Metrics; readonly now: () => Date },
): Promise<ServedReports> {
  const queue = await openJobs(store.places.jobs);
  let trouble: string | undefined;
  const service = startReportService({
    queue,
    places: store.places,
    threads: Math.min(mostThreads, availableParallelism()),
    async store() {
      const trials = await readTrials(store.log);
      return { ...store, trials, keys: publishedKeys(await givenKeys(store), trials) };
    },
    onTold({ job, report, failure }) {
      const { id, kind, data } = job;
      const said = { job: id, kind, trial: data.trial };
      const what = kind === 'delivery' ? 'delivery of a report' : 'report';
      if (failure === undefined) logger.info({ ...said, report }, 'report made');
      else if (failure.retryable) logger.warn({ ...said, why: failure.message }, `${what} failed; it is tried again`);
      else logger.error({ ...said, why: failure.message }, `${what} given up (\`holdfast report again\` tries anew)`);
    },
    delivery: store.settings.delivery,
    now,
    onClockFailed({ schedule, isClosed }, error) {
      const told = isClosed ? { code: troubleIn(error).code } : { schedule, err: error };
      logger.warn(told, 'it cannot be seen which reports are due; it is looked at again');
    },
    onTrouble(error) {
      const told = troubleIn(error);
      trouble = told.why ?? told.code;
      logger.warn(told, 'the queue of reports cannot be used now; it is tried again');
    },
  });

  let known: { readonly at: number; readonly jobs: Promise<readonly Job[]> } | undefined;
  const jobs = (): Promise<readonly Job[]> => {
    if (known === undefined || performance.now() - known.at > knownForMs)
      known = { at: performance.now(), jobs: queue.list().then((all) => all.filter(isMeasured)) };
    return known.jobs;
  };
  new Gauge({
    name: 'holdfast_report_jobs',
    help: 'Open reports that are queued, run or did not come about, by state',
    labelNames: ['state'],
    registers: [metrics],
    async collect() {
      const all = await jobs().catch(() => undefined);
      for (const state of measured)
        this.set({ state }, all === undefined ? Number.NaN : all.filter((job) => job.state === state).length);
    },
  });
  new Gauge({
    name: 'holdfast_report_oldest_waiting_seconds',
    help: 'How long the open report that was queued first has been waiting; 0 if none is',
    registers: [metrics],
    async collect() {
      const all = await jobs().catch(() => undefined);
      const since = all?.filter(({ state }) => waiting.includes(state)).map(({ addedAt }) => addedAt.getTime());
      this.set(since === undefined ? Number.NaN : since.length === 0 ? 0 : (Date.now() - Math.min(...since)) / 1000);
    },
  });

  return {
    name: 'report',
    check() {
      const name = 'reports';
      switch (service.state()) {
        case 'running':
          return { name };
        case 'queue-in-use':
          return { name, note: 'another process makes them; this one does when that ends' };
        default:
          return { name, problem: `the queue cannot be used${trouble === undefined ? '' : `: ${trouble}`}` };
      }
    },
    async stop() {
      await service.stop();
      await queue.close();
    },
  };
}
