import { userInfo } from 'node:os';
import { type Job, type JobQueue, JobQueueError } from '@holdfast/jobs';
import {
  checkFree,
  listReports,
  mayShowJob,
  recordCancelled,
  rehearsalSeed,
  reportFilesOf,
  type StoredReport,
  shownNow,
  takeBackCancelled,
  writeOut,
} from '@holdfast/report';
import { type ReportKind, reportKinds, templates } from '@holdfast/reports';
import { lookAtSealed, trialOfCut } from '@holdfast/trials';
import { type Command, Option } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { cutLine, cutOption, cutOrNewest, noteOtherFold } from '../known-at.ts';
import { madeReport, progressOf, queueReport, withJobs } from '../made-report.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';
import { reportDeliveriesCommand } from './report-deliveries.ts';

const columns = [
  ...['trial', 'report', 'kind', 'site', 'cut', 'closed', 'dummy', 'state', 'progress', 'files', 'bytes', 'folder'],
  ...['next_try', 'reason'],
] as const;

const yes = (is: boolean) => (is ? 'yes' : 'no');

function rowOf({ id, folder, manifest }: StoredReport) {
  const { trial, kind, site, cut, isClosed, isDummy, files } = manifest;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const head = [trial, id, kind, site ?? undefined, cut.name, yes(isClosed), yes(isDummy)];
  return [...head, 'kept', undefined, files.length + 1, bytes, folder, undefined, undefined];
}

/** Jobs of reports that were asked for, of those that are due by a schedule, and of sending links to these. */
const isOfReports = ({ kind }: Job) => ['report', 'due', 'delivery'].includes(kind);

function jobRow({ id, kind, data, state, nextTryAt, reason }: Job, progress: number) {
  const text = (name: string) => (data[name] === undefined ? undefined : String(data[name]));
  const head = [text('trial'), id, text('report') ?? kind, text('site'), text('cut') ?? text('slot')];
  const sides = [yes(data.closed === 1), kind === 'report' ? yes(data.dummy === 1) : undefined];
  const rounded = Math.round(100 * progress) / 100;
  return [...head, ...sides, state, rounded, undefined, undefined, undefined, nextTryAt?.toISOString(), reason];
}

type RunOptions = {
  readonly trial?: string;
  readonly kind: ReportKind;
  readonly cut?: string;
  readonly site?: string;
  readonly dummy?: boolean;
  readonly out?: string;
  readonly wait: boolean;
  readonly format: Format;
};

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RunOptions>();
  const { kind, site, dummy = false, out, wait, format } = options;
  const { byArm, ofSite } = templates[kind];
  await withStore(command, 'read', async (store) => {
    const { protocol } = chooseTrial(store, options.trial);
    const { trial } = protocol;
    if (ofSite && site === undefined)
      throw new CommandFailed(`a report of kind ${kind} is of one site; name it by --site`);
    if (!ofSite && site !== undefined)
      throw new CommandFailed(`a report of kind ${kind} is of the whole trial; leave --site out`);
    if (site !== undefined && !protocol.sites.includes(site))
      throw new CommandFailed(`${trial} has no site ${site}; it has ${protocol.sites.join(', ')}`);
    if (dummy && !byArm)
      throw new CommandFailed(
        `a report of kind ${kind} tells no arms apart, so there is nothing to rehearse on dummy arms; leave --dummy out`,
      );
    if (dummy && protocol.blinding === 'open')
      throw new CommandFailed(`${trial} is open-label: everybody may see its arms; leave --dummy out`);
    if (out !== undefined && !wait)
      throw new CommandFailed(
        '--out writes what is made by then: leave --no-wait out, or fetch it later by `holdfast report show`',
      );
    if (out !== undefined) await checkFree(out);
    const cut = await cutOrNewest(store, trial, options.cut, 'to report on');
    noteOtherFold(cut);
    const asked = { kind, site, dummySeed: dummy ? rehearsalSeed(cut) : undefined };
    const published = await trialOfCut(store, cut);
    // By the caller's own keys, whoever makes it.
    const wanted = { trial: published, cut, asked, shown: await shownNow(store, published, asked) };
    const progress = progressOn(process.stderr);
    const kept = await (wait ? madeReport(store, wanted, progress) : queueReport(store, wanted)).finally(() =>
      progress.done(),
    );
    if ('state' in kept) await printRows(columns, [jobRow(kept, 0)], format);
    else {
      if (out !== undefined) await writeOut(out, kept.manifest, await reportFilesOf(store, kept));
      await printRows(columns, [rowOf(kept)], format);
    }
    console.error(cutLine(cut));
  });
}

const toldUnread = (why: string) => console.error(why);

async function list(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ trial?: string; format: Format }>();
  await withStore(command, 'read', async (store) => {
    const names =
      options.trial === undefined ? [...store.trials.keys()] : [chooseTrial(store, options.trial).protocol.trial];
    const reports = (await Promise.all(names.map((name) => listReports(store, name, toldUnread)))).flat();
    const jobs = await withJobs(store, (queue) => queue.list()).catch((error: unknown) => {
      if (!(error instanceof JobQueueError)) throw error;
      console.error(`queued reports are not listed: ${error.message}`);
      return [];
    });
    const queued = jobs.filter(
      (job) =>
        isOfReports(job) &&
        job.state !== 'completed' &&
        names.includes(String(job.data.trial)) &&
        mayShowJob(job, store.keys),
    );
    await printRows(
      columns,
      [...queued.map((job) => jobRow(job, progressOf(job, jobs))), ...reports.map(rowOf)],
      options.format,
    );
  });
}

/** Does something with a job of a report, if the caller may know of it. */
async function withReportJob(
  command: Command,
  id: string,
  work: (queue: JobQueue, job: Job, store: Store) => Promise<void>,
): Promise<void> {
  const { format } = command.optsWithGlobals<{ format: Format }>();
  await withStore(command, 'read', (store) =>
    withJobs(store, async (queue) => {
      const job = await queue.find(id);
      if (job === undefined || !isOfReports(job) || !mayShowJob(job, store.keys))
        throw new CommandFailed(
          `no report ${id} is queued here (closed ones are known with the trial’s key); see \`holdfast report list\``,
        );
      await work(queue, job, store);
      const after = await queue.find(id);
      if (after !== undefined) await printRows(columns, [jobRow(after, after.progress)], format);
    }),
  );
}

const cancel = (id: string, command: Command) =>
  withReportJob(command, id, async (queue, job, store) => {
    const { state, kind } = job;
    // What is due comes back by itself after it was given up.
    const comesBack = state === 'given-up' && kind !== 'report';
    if (['completed', 'given-up', 'cancelled'].includes(state) && !comesBack)
      throw new CommandFailed(`report ${id} is ${state}: there is nothing to cancel`);
    const { username } = userInfo();
    await recordCancelled(store, job, username); // first: what is due is added again by whoever sees neither
    if (comesBack) console.error(`${id} was given up, and is not tried again`);
    else await queue.cancel(id, `cancelled by ${username}`);
  });

/** Queues anew what is due, or a delivery of it, that was cancelled and that the queue has forgotten since. */
const addedAnew = (id: string, command: Command): Promise<boolean> =>
  withStore(command, 'read', (store) =>
    withJobs(store, async (queue) => {
      if ((await queue.find(id)) !== undefined) return false;
      for (const trial of store.trials.keys()) {
        const job = await takeBackCancelled(store, trial, id);
        if (job !== undefined) await queue.add(job);
      }
      const job = await queue.find(id);
      const { format } = command.optsWithGlobals<{ format: Format }>();
      if (job !== undefined) await printRows(columns, [jobRow(job, 0)], format);
      return job !== undefined;
    }),
  );

async function again(id: string, command: Command): Promise<void> {
  if (await addedAnew(id, command)) return;
  await withReportJob(command, id, async (queue, { state, data }, store) => {
    if (!['given-up', 'cancelled'].includes(state))
      throw new CommandFailed(`report ${id} is ${state}: only one that was given up or cancelled is run again`);
    await takeBackCancelled(store, String(data.trial), id);
    await queue.again(id);
  });
}

const fileColumns = ['report', 'file', 'bytes', 'sha256', 'key'] as const;

async function show(id: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ trial?: string; out?: string; format: Format }>();
  await withStore(command, 'read', async (store) => {
    const trial = chooseTrial(store, options.trial);
    const { trial: name } = trial.protocol;
    const reports = await listReports(store, name, toldUnread);
    const report = reports.find((one) => one.id === id);
    if (report === undefined)
      throw new CommandFailed(
        `${name} has no report ${id} here${store.keys.has(name) ? '' : ' (closed ones are listed with its key)'}; see \`holdfast report list --trial ${name}\``,
      );
    if (options.out !== undefined) await checkFree(options.out);
    if (report.manifest.isClosed) await lookAtSealed(store, trial, `report show ${id}`);
    if (options.out !== undefined) await writeOut(options.out, report.manifest, await reportFilesOf(store, report));
    const rows = report.manifest.files.map((file) => [
      id,
      file.name,
      file.size,
      file.sha256,
      report.folder + file.name,
    ]);
    await printRows(fileColumns, rows, options.format);
  });
}

export function reportCommand(program: Command): void {
  const report = program
    .command('report')
    .description('reports on data cuts: PDF, HTML, tables and figures, the same bytes each time');
  report
    .command('run')
    .description('render a report of a data cut, and keep it')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .addOption(new Option('--kind <kind>', 'which report').choices(reportKinds).makeOptionMandatory())
    .addOption(cutOption())
    .option('--site <site>', 'of a site report: which site')
    .option('--dummy', 'rehearse a closed report on dummy arms: needs no key, and is marked DUMMY throughout')
    .option('--out <folder>', 'also write the files there: a new folder, or an empty one')
    .option('--no-wait', 'only queue it: whoever runs the report service makes it')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Without --cut the newest data cut is reported on. dsmb-closed and outcome are by arm: of a double-blind trial they need its key, each
is recorded as a look, and while the trial runs only safety is shown by arm. dsmb-open, status and site are of open events alone,
all arms together. docs/reports.md says what stands in which.
While a report service runs (\`holdfast serve\`) it makes the report, and this waits for it; else it is made here.
Columns: ${columns.join(', ')}.`,
    )
    .action((_options, command: Command) => run(command));
  report
    .command('list')
    .description(
      'the reports that are kept, and those that are queued, run or were given up; closed ones with the trial’s key',
    )
    .option('--trial <trial>', 'trial (default: all that are published)')
    .addOption(formatOption())
    .action((_options, command: Command) => list(command));
  report
    .command('cancel <job>')
    .description('take a queued or running report back')
    .addOption(formatOption())
    .action((id: string, _options, command: Command) => cancel(id, command));
  report
    .command('again <job>')
    .description('make a report that was given up or cancelled, as if it were new')
    .addOption(formatOption())
    .action((id: string, _options, command: Command) => again(id, command));
  report
    .command('show <report>')
    .description('the files of a report with their checksums; --out writes them into a folder')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--out <folder>', 'write the files there: a new folder, or an empty one')
    .addOption(formatOption())
    .action((id: string, _options, command: Command) => show(id, command));
  reportDeliveriesCommand(report);
}
