import { type EventChange, eventChanges, fromArchive, selectedEvents } from '@holdfast/aggregate';
import { CutName, isValueMeasure, type Measure } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import { analysisSetFiles, checkFree, writeOut } from '@holdfast/report';
import type { Value } from '@holdfast/reports/rows';
import { everybody } from '@holdfast/tallies';
import {
  armNames,
  byArmVerdict,
  type DataCut,
  listCuts,
  lookAtSealed,
  type PublishedTrial,
  type TrialTallies,
  trialOfCut,
} from '@holdfast/trials';
import type { Command } from 'commander';
import { type ReadSide, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { createCut } from '../create-cut.ts';
import { asOfOption, chooseCut, cutLine, cutOffOption, cutOrNewest, cutReader, noteOtherFold } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';
import { rateChanges } from '../rate-changes.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

const columns = [
  'trial',
  'cut',
  'created_at',
  'created_by',
  'as_of',
  'cut_off',
  'clock',
  'protocol_version',
  'fold_version',
  'events',
  'marks',
  'open_digest',
  'digest',
  'rewritten',
] as const;

/** What depends on a sealed box is shown to who holds the key, and to nobody else. */
function mayShowDigest({ keys }: Store, { protocol }: PublishedTrial): boolean {
  return protocol.blinding === 'open' || keys.has(protocol.trial);
}

function rowOf(cut: DataCut, withDigest: boolean): Value[] {
  return [
    cut.trial,
    cut.name,
    cut.createdAt,
    cut.createdBy,
    cut.asOf ?? undefined,
    cut.cutOff ?? undefined,
    cut.clock ?? undefined,
    cut.protocol.version,
    cut.foldVersion,
    cut.events,
    cut.marks.join('+'),
    cut.openDigest,
    withDigest ? cut.digest : undefined,
    cut.rewritten?.at(-1)?.at,
  ];
}

type CreateOptions = {
  readonly trial?: string;
  readonly name?: string;
  readonly asOf?: string;
  readonly cutOff?: string;
  readonly format: Format;
};

async function create(command: Command): Promise<void> {
  const { trial, name, asOf, cutOff, format } = command.optsWithGlobals<CreateOptions>();
  if (name !== undefined && !CutName.safeParse(name).success)
    throw new CommandFailed(
      `${name} cannot name a cut: use 1 to 64 letters, digits, dots, underscores and hyphens, beginning with a letter or digit`,
    );
  await withStore(command, 'write', async (store) => {
    const published = chooseTrial(store, trial);
    const cut = await createCut(store, published, { name, asOf, cutOff });
    await printRows(columns, [rowOf(cut, mayShowDigest(store, published))], format);
    console.error(cutLine(cut));
  });
}

async function list(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ trial?: string; format: Format }>();
  await withStore(command, 'read', async (store) => {
    const names = options.trial === undefined ? [...store.trials.keys()] : [options.trial];
    const rows: Value[][] = [];
    for (const name of names) {
      const published = chooseTrial(store, name);
      const withDigest = mayShowDigest(store, published);
      rows.push(...(await listCuts(store.objects, name)).map((cut) => rowOf(cut, withDigest)));
    }
    await printRows(columns, rows, options.format);
  });
}

const diffColumns = [
  'what',
  'trial',
  'measure',
  'window_days',
  'missing',
  'arm',
  'from_day',
  'to_day',
  'before',
  'after',
  'change',
  'participant',
  'type',
  'source',
  'id',
  'by_source',
  'by_id',
] as const;
type DiffRow = Partial<Record<(typeof diffColumns)[number], Value>>;

/** A cut, opened for comparison; each side of its tallies is folded once. */
type OpenCut = { readonly cut: DataCut; readonly trial: PublishedTrial; readonly read: ReadSide };

async function openCut(store: Store, published: PublishedTrial, name: string): Promise<OpenCut> {
  const cut = await chooseCut(store, published.protocol.trial, name);
  const trial = await trialOfCut(store, cut);
  const read = cutReader(store, trial, cut);
  const sides = new Map<string, Promise<TrialTallies>>();
  return {
    cut,
    trial,
    read(side) {
      const reading = sides.get(side) ?? read(side);
      sides.set(side, reading);
      return reading;
    },
  };
}

/** What the two cuts were asked for differently: rates may move by these alone. */
function settingRows(a: DataCut, b: DataCut): DiffRow[] {
  const settings = (cut: DataCut): [string, Value][] => [
    ['as_of', cut.asOf ?? undefined],
    ['cut_off', cut.cutOff ?? undefined],
    ['clock', cut.clock ?? undefined],
    ['protocol_version', cut.protocol.version],
    ['fold_version', cut.foldVersion],
  ];
  const later = new Map(settings(b));
  return settings(a).flatMap(([change, before]) => {
    const after = later.get(change);
    return before === after ? [] : [{ what: 'setting', trial: a.trial, change, before, after }];
  });
}

async function rateRows(store: Store, a: OpenCut, b: OpenCut, byArm: boolean): Promise<DiffRow[]> {
  const rows: DiffRow[] = [];
  const others = new Map(b.trial.protocol.measures.map((measure) => [measure.id, measure]));
  const { token } = armNames(store, a.trial);
  const arms = byArm ? a.trial.protocol.arms.map(({ id }) => id) : [undefined];
  for (const measure of a.trial.protocol.measures) {
    const other = others.get(measure.id);
    if (isValueMeasure(measure)) continue;
    if (other === undefined || isValueMeasure(other) || other.kind !== measure.kind) {
      console.error(`${measure.id} is not measured in both cuts, so it is not compared`);
      continue;
    }
    const isOpen = isOpenMeasure(measure, a.trial.protocol) && isOpenMeasure(other, b.trial.protocol);
    if (!isOpen && !store.keys.has(a.cut.trial)) {
      console.error(`${measure.id} is a closed measure: it is compared only with the trial’s key`);
      continue;
    }
    const tallies = (opened: OpenCut, of: Measure) => {
      const question = `cut diff ${a.cut.name} ${b.cut.name} --cut ${opened.cut.name} --measure ${of.id}${byArm ? ' --by arm' : ''}`;
      return talliesFor(store, opened.trial, of, byArm, question, opened.read);
    };
    const [before, after] = [await tallies(a, measure), await tallies(b, other)];
    for (const arm of arms) {
      const slice = arm === undefined ? everybody : { arms: new Set([token(arm)]) };
      const changes = rateChanges(
        { tallies: before.tallies, measure, slice },
        { tallies: after.tallies, measure: other, slice },
      );
      for (const { window, policy, from, to, before: was, after: is } of changes)
        rows.push({
          what: 'rate',
          trial: a.cut.trial,
          measure: measure.id,
          window_days: window === 0 ? undefined : window,
          missing: policy,
          arm,
          from_day: from,
          to_day: to,
          before: was,
          after: is,
        });
    }
  }
  return rows;
}

async function eventRows({ objects }: Store, a: OpenCut, b: OpenCut): Promise<DiffRow[]> {
  const eventsOf =
    ({ cut, trial }: OpenCut) =>
    () =>
      selectedEvents(fromArchive(objects, cut), trial.protocol, {
        asOf: cut.asOf ?? undefined,
        cutOff: cut.cutOff ?? undefined,
      });
  const changes: EventChange[] = await eventChanges(eventsOf(a), eventsOf(b));
  return changes.map(({ change, participant, type, source, id, by }) => ({
    what: 'event',
    trial: a.cut.trial,
    change,
    participant,
    type,
    source,
    id,
    by_source: by?.source,
    by_id: by?.id,
  }));
}

type DiffOptions = { readonly trial?: string; readonly by?: string; readonly format: Format };

async function diff(first: string, second: string, command: Command): Promise<void> {
  const { trial, by, format } = command.optsWithGlobals<DiffOptions>();
  if (by !== undefined && by !== 'arm')
    throw new CommandFailed(`--by ${by} is not known; use --by arm, or leave it out`);
  await withStore(command, 'read', async (store) => {
    const published = chooseTrial(store, trial);
    const [a, b] = [await openCut(store, published, first), await openCut(store, published, second)];
    const parts = [settingRows(a.cut, b.cut), await rateRows(store, a, b, by === 'arm'), await eventRows(store, a, b)];
    const valuesOf = (row: DiffRow) => diffColumns.map((column) => row[column]);
    if (format === 'table') {
      for (const rows of parts) if (rows.length > 0) await printRows(diffColumns, rows.map(valuesOf), format);
      if (parts.every((rows) => rows.length === 0)) await printRows(diffColumns, [], format);
    } else {
      await printRows(diffColumns, parts.flat().map(valuesOf), format);
    }
    for (const { cut } of [a, b]) {
      console.error(cutLine(cut));
      noteOtherFold(cut);
    }
  });
}

const fileColumns = ['trial', 'cut', 'arms', 'file', 'bytes'] as const;

type ExportOptions = { readonly trial?: string; readonly out: string; readonly format: Format };

/**
 * Of a double-blind trial arms are exported by the rules of efficacy by arm, whoever has the key: from rows with arms everything by
 * arm can be computed.
 */
async function exportSet(name: string | undefined, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ExportOptions>();
  await withStore(command, 'read', async (store) => {
    const published = chooseTrial(store, options.trial);
    const { trial, blinding } = published.protocol;
    await checkFree(options.out);
    const cut = await cutOrNewest(store, trial, name, 'to export');
    const verdict = await byArmVerdict(store, published, 'efficacy');
    const withArms = verdict.allowed;
    if (withArms) await lookAtSealed(store, published, `cut export ${cut.name}`);
    noteOtherFold(cut);
    const progress = progressOn(process.stderr);
    const files = await analysisSetFiles(store, await trialOfCut(store, cut), cut, withArms, (text) =>
      progress.step(text),
    ).finally(() => progress.done());
    await writeOut(
      options.out,
      { isClosed: blinding === 'double' && withArms },
      files.map((file) => [file.name, file.bytes] as const),
    );
    const arms = withArms ? 'yes' : 'no';
    await printRows(
      fileColumns,
      files.map((file) => [trial, cut.name, arms, file.name, file.bytes.length]),
      options.format,
    );
    if (!verdict.allowed) console.error(`open events alone, without arms: ${verdict.reason}`);
    console.error(cutLine(cut));
  });
}

export function cutCommand(program: Command): void {
  const cut = program.command('cut').description('data cuts: what a report stands on, named and immutable');
  cut
    .command('create')
    .description('pin what is in the log now; a name is used once')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--name <name>', 'name of the cut (default: cut-1, cut-2 …)')
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(formatOption())
    .action((_options, command: Command) => create(command));
  cut
    .command('list')
    .description('the data cuts, oldest first; `digest` is closed in a double-blind trial and shown with its key only')
    .option('--trial <trial>', 'trial (default: all that are published)')
    .addOption(formatOption())
    .action((_options, command: Command) => list(command));
  cut
    .command('diff <a> <b>')
    .description('which rates moved from cut A to cut B, and by which events')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--by <part>', 'arm: compare by arm; a double-blind trial needs its key for that')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Rows are of three kinds (column \`what\`): \`setting\`, what the cuts were asked for differently; \`rate\`, a run of study days with
numerator/denominator before and after; \`event\`, which is added, removed, replaced (other content), resent (sealed, content unseen);
or of which another content counts (corrected), nothing (retracted; both by the event in by_source, by_id) or itself again (restored).`,
    )
    .action((first: string, second: string, _options, command: Command) => diff(first, second, command));
  cut
    .command('export [cut]')
    .description('the analysis set of a cut (default: the newest), with an R script that re-derives its closed report')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .requiredOption('--out <folder>', 'where its files go: a new folder, or an empty one')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Data sets in ADaM's shape (ADSL, ADTTE, ADQS, ADAE, daily use …), each as CSV and Parquet; define.json says what every variable is.
Of a double-blind trial they have arms and what is sealed only with its key and once every horizon has passed, and that is recorded as
a look; else they are of open events alone. Then, with R and its package survival:
  holdfast report run --kind dsmb-closed --cut CUT --out REPORT
  Rscript FOLDER/check-report.R FOLDER REPORT
docs/analysis-set.md says what is in each data set, and which tables are checked.`,
    )
    .action((name: string | undefined, _options, command: Command) => exportSet(name, command));
}
