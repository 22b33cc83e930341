import { writeFile } from 'node:fs/promises';
import {
  type Accepted,
  appending,
  type Door,
  judgeOf,
  openDoor,
  type Rejection,
  rejectedRowsAsCsv,
} from '@holdfast/ingest';
import type { Value } from '@holdfast/reports/rows';
import { openImport, type Reconciliation, type RejectedRow, type TableImport } from '@holdfast/tables';
import { readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { CommandFailed } from '../command-failed.ts';
import type { ChangeCounts, ListedChange } from '../full-export/full-export.ts';
import { allChanges, takeFullExport } from '../full-export/full-export.ts';
import { withIntake } from '../intake.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { type Progress, progressOn } from '../output/progress.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

type ImportOptions = {
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly rejected?: string;
  readonly format: Format;
  readonly fullExport: boolean;
  readonly allowMassRetraction: boolean;
  readonly changes?: string;
};

const rejectionsShown = 20;
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

async function report(
  reconciliation: Reconciliation,
  { rejected, format }: ImportOptions,
  isPrinted: boolean,
): Promise<void> {
  if (isPrinted) await printRows(reconciliationColumns, reconciliationRows(reconciliation), format);
  const { rejectedRows } = reconciliation;
  if (rejected !== undefined) await writeFile(rejected, rejectedRowsAsCsv(rejectedRows));
  showRejected(rejectedRows);
}

type Imported = {
  readonly reconciliation: Reconciliation;
  readonly touched: readonly string[];
  readonly unfolded: readonly string[];
  /** What went to the log, or would have gone. */
  readonly sent: number;
  /** What a full export changed. */
  readonly changes: readonly ChangeCounts[];
  readonly listed: readonly ListedChange[];
};

type Taken = Pick<Imported, 'reconciliation' | 'sent' | 'changes' | 'listed'>;

/** Judges all events of tables, and hands on what is to be appended. */
async function takeTables(
  store: Store,
  options: ImportOptions,
  tables: TableImport,
  door: Door,
  progress: Progress,
  onEvents: (accepted: readonly Accepted[]) => Promise<void>,
  onRefused: (rejection: Rejection) => void,
): Promise<Taken> {
  const started = Date.now();
  const refused = new Map<string, string>();
  const judge = judgeOf(door, tables.mapping, onRefused, refused);
  const listed: ListedChange[] = [];
  let changes: readonly ChangeCounts[] = [];
  let sent = 0;
  const take = async (accepted: readonly Accepted[]) => {
    sent += accepted.length;
    await onEvents(accepted);
    tell(progress, tables, started);
  };
  if (options.fullExport) {
    progress.step('comparing with what was imported before …');
    changes = await takeFullExport({
      store,
      tables,
      door,
      at: new Date(started),
      allowMassRetraction: options.allowMassRetraction,
      judge,
      refused,
      onEvents: take,
      onChange: (change) => listed.push(change),
    });
  } else for await (const batch of tables.events(judge)) await take(batch);
  return { reconciliation: tables.reconciliation(), sent, changes, listed };
}

/** Admits everything; the tables are closed, and their memory given back, before the last of it is folded. */
function importAll(
  store: Store,
  options: ImportOptions,
  open: () => Promise<TableImport>,
  progress: Progress,
): Promise<Imported> {
  return withIntake(store, {}, async (intake) => {
    const tables = await open();
    const started = new Date();
    const log = appending({ ...intake.door, admit: intake.admit });
    let taken: Taken;
    try {
      taken = await takeTables(store, options, tables, intake.door, progress, log.take, log.refuse);
      await log.flush();
      if (options.fullExport) await intake.door.exported(tables.mapping, started);
    } finally {
      await tables.close();
    }
    progress.step('waiting until all of it is folded and tallied …');
    await intake.finish();
    return { ...taken, touched: intake.touched, unfolded: intake.unfolded };
  });
}

/** Judges everything and writes nothing. */
async function judgeAll(
  store: Store,
  options: ImportOptions,
  open: () => Promise<TableImport>,
  progress: Progress,
): Promise<Imported> {
  const door = await openDoor({ log: store.log, trials: store.trials, now: () => new Date() });
  const tables = await open();
  const nowhere = async () => {};
  try {
    const taken = await takeTables(store, options, tables, door, progress, nowhere, nowhere);
    return { ...taken, touched: [], unfolded: [] };
  } finally {
    await tables.close();
  }
}

const changeColumns = ['trial', 'type', ...allChanges];
const listedColumns = ['trial', 'participant', 'type', 'id', 'change', 'note'];

/** What a full export changed, by table's types; the changes one by one where a person should look, or all of them to a file. */
async function reportChanges({ changes, listed }: Imported, options: ImportOptions): Promise<void> {
  const rows = changes.map(({ trial, type, counts }) => [trial, type, ...allChanges.map((change) => counts[change])]);
  await printRows(changeColumns, rows, options.format);
  if (options.changes !== undefined) {
    const all = listed.map(({ trial, participant, type, id, change, note = '' }) => [
      trial,
      participant,
      type,
      id,
      change,
      note,
    ]);
    await writeFile(options.changes, stringify([listedColumns, ...all]));
  }
  const noted = listed.filter(({ note }) => note !== undefined);
  for (const { participant, type, id, change, note } of noted.slice(0, rejectionsShown))
    console.error(`participant ${participant}, ${type} ${id}: ${change}: ${note}`);
  if (noted.length > rejectionsShown)
    console.error(`… and ${noted.length - rejectionsShown} more; --changes FILE writes all of them`);
}

async function importTables(mapping: string, directory: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ImportOptions>();
  const started = Date.now();
  if (!options.fullExport && (options.allowMassRetraction || options.changes !== undefined))
    throw new CommandFailed('--allow-mass-retraction and --changes belong to --full-export; give that too');
  // Better before a minute's work than after it.
  if (options.changes !== undefined) await writeFile(options.changes, '');
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
    const imported = await run(store, options, open, progress).finally(() => progress.done());
    const { reconciliation, sent, touched, unfolded } = imported;
    // Of two tables on one output only people can make sense.
    await report(reconciliation, options, !options.fullExport || options.format === 'table');
    if (options.fullExport) await reportChanges(imported, options);
    const { rejected } = reconciliation.events;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const what = options.dryRun
      ? 'would be accepted (dry run: nothing was written)'
      : 'accepted, committed and published';
    const rows = reconciliation.rejectedRows.length;
    console.error(`${sent} events ${what}; ${rejected} events and ${rows} rows rejected; ${seconds} s`);
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
    .option('--full-export', 'a later export of all rows: what changed is corrected, what is gone is retracted', false)
    .option(
      '--allow-mass-retraction',
      'with --full-export: also if more than half of the events of a type are gone',
      false,
    )
    .option('--changes <file>', 'with --full-export: write every change to this file, as CSV')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Prints, for each table, rows read = used + filtered (with the mapping's reason) + rejected.
Importing the same tables again changes no number; a killed import is repeated by the same command.
With --full-export it also prints, by trial and type, how many events are new, changed, gone, back, unchanged, or kept
(because their row was refused, cannot be read, or somebody took it back by hand); as CSV or JSON these numbers alone.`,
    )
    .action((mapping: string, directory: string, _options: unknown, command: Command) =>
      importTables(mapping, directory, command),
    );
}
