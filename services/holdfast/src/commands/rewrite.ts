import { ParticipantId } from '@holdfast/events';
import { recordsBetween } from '@holdfast/log';
import { nextEdition, type PublishedTrial, topicsOf } from '@holdfast/trials';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';
import { type Erased, eraseParticipant, planErasure } from '../rewrite/erase-participant.ts';
import { erasuresOfParticipant } from '../rewrite/erasure-record.ts';
import type { Found } from '../rewrite/erasure-survey.ts';
import { abandonRewrite, rewriteLog } from '../rewrite/rewrite-log.ts';
import { type CommonOptions, chooseTrial, type Store, withStore } from '../store.ts';

type RewriteOptions = {
  readonly trial?: string;
  readonly partitions?: number;
  readonly erase?: string;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly wasErased?: string;
  readonly abandon?: boolean;
  readonly dryRun?: boolean;
  readonly format: Format;
};

function partitionsIn(text: string): number {
  const partitions = Number(text);
  if (/^\d+$/.test(text) && partitions >= 1 && partitions <= 1024) return partitions;
  throw new InvalidArgumentError('give a whole number from 1 to 1024.');
}

const columns = ['trial', 'edition', 'partitions', 'published_partitions', 'events', 'under_way', 'since'] as const;

async function rowOf({ log }: Store, { protocol, versions, rewrite }: PublishedTrial) {
  const ends = await log.ends(topicsOf(protocol).events.name);
  const underWay =
    rewrite &&
    `${rewrite.erases ? 'erases a participant' : `to ${rewrite.partitions} partitions`}, ${rewrite.copied === undefined ? 'not switched' : 'switched, not finished'}`;
  return [
    protocol.trial,
    protocol.edition ?? 1,
    protocol.partitions,
    versions.at(-1)?.partitions,
    ends.reduce((sum, end) => sum + end, 0),
    underWay,
    rewrite?.begunAt,
  ];
}

/** What would be done, without doing any of it. */
async function sayPlan({ log }: Store, { protocol, rewrite }: PublishedTrial, partitions: number): Promise<void> {
  const { trial } = protocol;
  const { name } = topicsOf(protocol).events;
  const ends = await log.ends(name);
  let own = 0;
  for (const partition of ends.keys())
    for await (const records of recordsBetween(log, name, partition))
      own += records.filter(({ key }) => key === '').length;
  const events = ends.reduce((sum, end) => sum + end, 0) - own;
  if (rewrite !== undefined)
    console.log(
      `${trial}: a rewriting begun at ${rewrite.begunAt} would be ${rewrite.copied === undefined ? 'abandoned' : 'finished'} first`,
    );
  console.log(
    partitions === protocol.partitions
      ? `${trial}: its log has ${partitions} partition(s) already; nothing would be done`
      : `${trial}: ${events} event(s) in ${protocol.partitions} partition(s) would be copied to ${partitions} (edition ${await nextEdition(log, trial)}), folded anew and compared; nothing was done`,
  );
}

/** What no command of Holdfast reaches. */
const outOfReach =
  'Not reached from here: backups, files that were delivered and what was mended of them, reports and exports that were written out or sent, copies of the archive, shard files on other machines, logs of other programs, ' +
  'old versions and snapshots that a disk or bucket keeps, this shell’s history. Whoever sends the events again brings the participant back: tell the sites first.';

const noDropFolder =
  'No drop folder is named (HOLDFAST_DROP), so none is looked through: where there is one, its receipts may name the participant.';

const isNumberSaid =
  'The id is a number, which stands anywhere and means anything: free text, names of files, receipts and reports cannot be looked through for it.';

async function printFound(found: readonly Found[], format: Format): Promise<void> {
  const rows = found.map(({ what, count, becomes }) => [what, count, becomes]);
  await printRows(['what', 'count', 'becomes'], rows, format);
}

async function erase(participant: string, options: RewriteOptions, command: Command): Promise<void> {
  const { reason, yes = false, dryRun = false, trial, format } = options;
  if (!ParticipantId.safeParse(participant).success)
    throw new CommandFailed(`${participant} is no participant id; give it as the sites write it (GB-01-0042)`);
  if (!yes || dryRun) {
    await withStore(command, 'read', async (store) => {
      const published = chooseTrial(store, trial);
      const { found, isBegun, isNumber } = await planErasure(store, published, participant);
      await printFound(found, format);
      if (isNumber) console.error(isNumberSaid);
      if (store.settings.drop === undefined) console.error(noDropFolder);
      const { trial: name } = published.protocol;
      if (!isBegun) console.error(`${name}: its log would be edition ${await nextEdition(store.log, name)}`);
      console.error(
        `${isBegun ? 'This erasure is under way; it' : 'It'} ${isBegun ? 'is finished' : 'is done'} by \`--erase ${participant} --reason TEXT --yes\`, and cannot be taken back; nothing was done now. ${outOfReach}`,
      );
    });
    return;
  }
  if (reason === undefined || reason.trim() === '')
    throw new CommandFailed('--erase needs --reason TEXT: why, for the audit log (without the participant’s id)');
  const progress = progressOn(process.stderr);
  try {
    const erased = await eraseParticipant(
      command.optsWithGlobals<CommonOptions>(),
      { trial, participant, reason },
      progress.step,
    );
    progress.done();
    sayErased(erased);
  } finally {
    progress.done();
  }
}

/** The first of many. */
const someOf = (all: readonly string[]) => `${all.slice(0, 10).join(', ')}${all.length > 10 ? ' …' : ''}`;

function sayErased({ trial, edition, leftOut, beside, cameMeanwhile, stillNaming, reports }: Erased): void {
  const { archive, cuts } = beside;
  console.log(
    `${trial}: erased (edition ${edition}): ${leftOut?.events ?? 0} record(s) of the log and ${leftOut?.rejected ?? 0} rejected input(s); the tallies are those of a log without them, bit for bit`,
  );
  if (archive.segments > 0)
    console.log(
      `${trial}: ${archive.records} record(s) taken out of ${archive.segments} archive segment(s)${cuts.length === 0 ? '' : `; cuts rewritten: ${cuts.map(({ name }) => name).join(', ')}`}`,
    );
  console.error(outOfReach);
  if (reports.length > 0)
    console.error(`The id stands in stored reports, which hold counts and stay: ${someOf(reports)}; look at them`);
  if (stillNaming === undefined) console.error(isNumberSaid);
  else if (stillNaming.length > 0)
    console.error(
      `The participant may still be named in ${someOf(stillNaming)}, where the bytes of the id stand: in events of others, in a longer id, in another trial`,
    );
  if (cameMeanwhile > 0)
    throw new CommandFailed(
      `${cameMeanwhile} event(s) of the participant came in meanwhile and are in the log; see to it that nobody sends any, then repeat this command`,
    );
}

/** Answers whoever knows an id; the audit log itself does not name anybody. */
async function wasErased(participant: string, options: RewriteOptions, command: Command): Promise<void> {
  await withStore(command, 'read', async (store) => {
    const published = chooseTrial(store, options.trial);
    const erasures = await erasuresOfParticipant(store, published, participant);
    const rows = erasures.map(({ edition, reason, begun, leftOut, beside, state }) => [
      ...[published.protocol.trial, edition, state, (beside ?? begun).at],
      ...[(beside ?? begun).who, reason, leftOut?.events, leftOut?.rejected, beside?.step.cuts.length],
    ]);
    const said = ['trial', 'edition', 'state', 'at', 'who', 'reason', 'events', 'rejected', 'cuts'];
    await printRows(said, rows, options.format);
    if (rows.length === 0) console.error('no participant of this id was erased');
  });
}

async function rewrite(options: RewriteOptions, command: Command): Promise<void> {
  const { partitions, abandon = false, dryRun = false } = options;
  const asked = [partitions !== undefined && '--partitions', options.erase !== undefined && '--erase'];
  const [one, ...more] = [...asked, options.wasErased !== undefined && '--was-erased', abandon && '--abandon'].filter(
    (option) => option !== false,
  );
  if (more.length > 0) throw new CommandFailed(`${[one, ...more].join(' and ')}: give one of them at a time`);
  if (options.erase !== undefined) return erase(options.erase, options, command);
  if (options.wasErased !== undefined) return wasErased(options.wasErased, options, command);
  if (partitions === undefined && !abandon) {
    if (dryRun) throw new CommandFailed('--dry-run says what would be done; give --partitions or --erase with it');
    await withStore(command, 'read', async (store) => {
      const trials = options.trial === undefined ? [...store.trials.values()] : [chooseTrial(store, options.trial)];
      await printRows(columns, await Promise.all(trials.map((trial) => rowOf(store, trial))), options.format);
    });
    return;
  }
  await withStore(command, dryRun ? 'read' : 'write', async (store) => {
    const trial = chooseTrial(store, options.trial);
    const { trial: name } = trial.protocol;
    if (partitions === undefined) {
      if (dryRun) throw new CommandFailed('--dry-run says what would be done; give --partitions or --erase with it');
      await abandonRewrite(store, trial);
      console.log(`${name}: what was begun is abandoned; its log is as it was`);
      return;
    }
    if (dryRun) return sayPlan(store, trial, partitions);
    const progress = progressOn(process.stderr);
    try {
      const after = await rewriteLog(store, trial, partitions, progress.step);
      console.log(
        after.protocol.edition === trial.protocol.edition
          ? `${name}: its log has ${partitions} partition(s) already; ${trial.rewrite?.copied === undefined ? 'nothing was done' : 'what was begun is finished'}`
          : `${name}: its log has ${partitions} partition(s) now (edition ${after.protocol.edition}); the tallies are equal, bit for bit`,
      );
    } finally {
      progress.done();
    }
  });
}

export function rewriteCommand(program: Command): void {
  program
    .command('rewrite')
    .description(
      'move a trial’s log: to another number of partitions, or without a participant; with neither: how the logs stand',
    )
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--partitions <n>', 'how many it shall have; needs the key of a double-blind trial', partitionsIn)
    .option('--erase <participant>', 'erase a participant; without --yes: what would be erased')
    .option('--reason <text>', 'why it is erased, for the audit log; without the id')
    .option('--yes', 'erase; it cannot be taken back')
    .option('--was-erased <participant>', 'whether the audit log tells of it: for who knows the id')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--abandon', 'give up what was begun and not switched')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
The log is copied to new topics and folded into new shards, the tallies are compared with those of the log in force, and one record
switches to the copy. Until then the log in force is not touched. What was interrupted is repeated by the same command.
To other partitions a log moves while \`serve\` runs and takes events in. For erasing, stop \`serve\` (on a cluster: the
trial’s workers, all doors and report services): what lies beside the log is rewritten too, the archive, data cuts and shards among it,
and the files of an embedded log are written anew. Backups and whatever left the store are not reached. See docs/rewrite.md.`,
    )
    .action((options: RewriteOptions, command: Command) => rewrite(options, command));
}
