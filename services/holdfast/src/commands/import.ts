import { writeFile } from 'node:fs/promises';
import { type Door, openDoor, type Rejection, type Verdict } from '@holdfast/ingest';
import { type Judge, openImport, type Reconciliation, type RejectedRow, type TableImport } from '@holdfast/tables';
import { readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { CommandFailed } from '../command-failed.ts';
import { type Intake, withIntake } from '../intake.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows, type Value } from '../output/print-rows.ts';
import { type Progress, progressOn } from '../output/progress.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

type ImportOptions = {
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly rejected?: string;
  readonly format: Format;
};

type Accepted = Extract<Verdict, { accepted: true }>;

const rejectionsShown = 20;
/** Events made durable at once: each append costs a sync here, and a transaction per partition where they are folded. */
const eventsPerAppend = 16_000;

/** The door's judgement, in the shape that a table import asks for; what it refuses is also told to `onRefused`, once per event. */
function judgeOf(door: Door, onRefused: (rejection: Rejection) => void): Judge<Accepted> {
  const refused = new Set<string>();
  return (event, trial) => {
    const verdict = door.judge(event);
    if (verdict.accepted) return { ok: true, value: verdict };
    const { problems } = verdict;
    // An event is judged again when the refused part of it has been taken out.
    if (!refused.has(event.id)) onRefused({ trial, where: `${event.type} ${event.id}`, problems, input: event });
    refused.add(event.id);
    return { ok: false, problems };
  };
}

function tell(progress: Progress, tables: TableImport, started: number): void {
  const share = tables.total === 0 ? 1 : tables.judged / tables.total;
  const seconds = (Date.now() - started) / 1000;
  const left = share > 0.05 ? `, about ${Math.ceil((seconds / share) * (1 - share))} s left` : '';
  progress.step(`${tables.judged} of ${tables.total} events (${Math.floor(100 * share)} %)${left} …`);
}

function showRejected(rows: readonly RejectedRow[]): void {
  for (const { file, line, field, reason } of rows.slice(0, rejectionsShown)) {
    console.error(`${file}:${line}: ${field === '' ? '' : `${field}: `}${reason}`);
  }
  if (rows.length > rejectionsShown) {
    console.error(`… and ${rows.length - rejectionsShown} more rejected rows; --rejected FILE writes all of them`);
  }
}

const reconciliationColumns = ['table', 'read', 'used', 'filtered', 'rejected', 'reason', 'rows'];

/** A line per table, and under it one per reason why rows were filtered. */
function reconciliationRows({ tables }: Reconciliation): Value[][] {
  return tables.flatMap(({ file, read, used, filtered, rejected, reasons }) => [
    [file, read, used, filtered, rejected, undefined, undefined],
    ...reasons.map(({ reason, rows }) => [file, undefined, undefined, undefined, undefined, reason, rows]),
  ]);
}

async function report(reconciliation: Reconciliation, { rejected, format }: ImportOptions): Promise<void> {
  await printRows(reconciliationColumns, reconciliationRows(reconciliation), format);
  const { rejectedRows } = reconciliation;
  if (rejected !== undefined) {
    const rows = rejectedRows.map(({ file, line, type, field, reason }) => [file, line, type, field, reason]);
    await writeFile(rejected, stringify([['file', 'line', 'type', 'field', 'reason'], ...rows]));
  }
  showRejected(rejectedRows);
}

async function admitAll(tables: TableImport, intake: Intake, progress: Progress): Promise<void> {
  const started = Date.now();
  const refused: Rejection[] = [];
  let accepted: Accepted[] = [];
  for await (const batch of tables.events(judgeOf(intake.door, (rejection) => refused.push(rejection)))) {
    accepted.push(...batch);
    if (accepted.length < eventsPerAppend) continue;
    await intake.admit(accepted);
    accepted = [];
    await intake.door.keepRejected(refused.splice(0));
    tell(progress, tables, started);
  }
  await intake.admit(accepted);
  await intake.door.keepRejected(refused);
}

type Imported = {
  readonly reconciliation: Reconciliation;
  readonly touched: readonly string[];
  readonly unfolded: readonly string[];
};

/** Admits everything; the tables are closed, and their memory given back, before the last of it is folded. */
function importAll(store: Store, open: () => Promise<TableImport>, progress: Progress): Promise<Imported> {
  return withIntake(store, {}, async (intake) => {
    const tables = await open();
    let reconciliation: Reconciliation;
    try {
      await admitAll(tables, intake, progress);
      reconciliation = tables.reconciliation();
    } finally {
      await tables.close();
    }
    progress.step('waiting until all of it is folded and tallied …');
    await intake.finish();
    return { reconciliation, touched: intake.touched, unfolded: intake.unfolded };
  });
}

/** Judges everything and writes nothing. */
async function judgeAll(
  { log, trials }: Store,
  open: () => Promise<TableImport>,
  progress: Progress,
): Promise<Imported> {
  const door = await openDoor({ log, trials, now: () => new Date() });
  const tables = await open();
  try {
    const started = Date.now();
    for await (const _ of tables.events(judgeOf(door, () => undefined))) tell(progress, tables, started);
    return { reconciliation: tables.reconciliation(), touched: [], unfolded: [] };
  } finally {
    await tables.close();
  }
}

async function importTables(mapping: string, directory: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ImportOptions>();
  const started = Date.now();
  // Better before a minute's work than after it.
  if (options.rejected !== undefined) await writeFile(options.rejected, '');
  await withStore(command, options.dryRun ? 'read' : 'write', async (store) => {
    if (store.trials.size === 0) {
      throw new CommandFailed(
        'no trial is published in this store; run `holdfast protocol publish FILE` for each trial of the tables first',
      );
    }
    const protocols = new Map([...store.trials].map(([trial, { protocol }]) => [trial, protocol]));
    const progress = progressOn(process.stderr);
    const open = () =>
      openImport({
        mapping,
        directory,
        trials: protocols,
        onStep: (step) => progress.step(step),
      });
    const run = options.dryRun ? judgeAll : importAll;
    const { reconciliation, touched, unfolded } = await run(store, open, progress).finally(() => progress.done());
    await report(reconciliation, options);
    const { accepted, rejected } = reconciliation.events;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const what = options.dryRun
      ? 'would be accepted (dry run: nothing was written)'
      : 'accepted, committed and published';
    const rows = reconciliation.rejectedRows.length;
    console.error(`${accepted} events ${what}; ${rejected} events and ${rows} rows rejected; ${seconds} s`);
    for (const trial of unfolded) {
      console.error(
        `${trial} is sealed and durable, but not folded: that takes its key (\`holdfast replay --key FILE\`)`,
      );
    }
    for (const trial of touched) {
      const { protocol } = chooseTrial(store, trial);
      console.error(watermarkLine(protocol, await readTallies(store.log, protocol, 'open')));
    }
    if (options.strict && rows > 0)
      throw new CommandFailed(`${rows} row${rows === 1 ? ' was' : 's were'} rejected, and --strict was given`);
  });
}

export function importCommand(program: Command): void {
  program
    .command('import <mapping> <directory>')
    .description(
      'import tables as events by a mapping: the path of its mapping.yaml, and the folder that holds the tables',
    )
    .option('--dry-run', 'judge every row and reconcile, but write nothing', false)
    .option('--strict', 'exit with code 1 if any row was rejected', false)
    .option('--rejected <file>', 'write all rejected rows to this file, as CSV')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Prints, for each table, rows read = used + filtered (with the mapping's reason) + rejected.
Importing the same tables again changes no number; a killed import is repeated by the same command.`,
    )
    .action((mapping: string, directory: string, _options: unknown, command: Command) =>
      importTables(mapping, directory, command),
    );
}
