import { access } from 'node:fs/promises';
import { type Door, type EventInput, eventInputs, type Rejection, type Verdict } from '@holdfast/ingest';
import { readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Intake, withIntake } from '../intake.ts';
import { progressOn } from '../output/progress.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

const eventsAtOnce = 2_000;
const rejectionsShown = 50;

/** The trial that a rejected input says it is of, if that trial is published: there it is kept. */
function trialNamed(input: unknown, store: Store): string | undefined {
  const source = typeof input === 'object' && input !== null && 'source' in input ? input.source : undefined;
  const named = typeof source === 'string' ? /^\/trials\/([^/]+)/.exec(source)?.[1] : undefined;
  return named !== undefined && store.trials.has(named) ? named : undefined;
}

type Counts = { accepted: number; rejected: number };

function reject(input: EventInput, problems: readonly { path: string; message: string }[], counts: Counts): void {
  counts.rejected += 1;
  if (counts.rejected > rejectionsShown) return;
  for (const { path, message } of problems)
    console.error(`${input.where}: ${path === '' ? '' : `${path}: `}${message}`);
  if (counts.rejected === rejectionsShown) console.error('further rejected events are counted, but not shown');
}

function verdictOf(input: EventInput, door: Door): Verdict {
  if ('problem' in input) return { accepted: false, problems: [{ path: '', message: input.problem }] };
  const { value, problems } = input;
  return problems === undefined ? door.judge(value) : { accepted: false, problems };
}

async function ingestFile(file: string, store: Store, intake: Intake, counts: Counts): Promise<void> {
  const progress = progressOn(process.stderr);
  let accepted: Extract<Verdict, { accepted: true }>[] = [];
  let rejected: Rejection[] = [];
  const pass = async () => {
    await intake.admit(accepted);
    await intake.door.keepRejected(rejected);
    [accepted, rejected] = [[], []];
    progress.step(`${counts.accepted} events accepted, ${counts.rejected} rejected …`);
  };
  for await (const input of eventInputs(file, process.stdin)) {
    const verdict = verdictOf(input, intake.door);
    if (verdict.accepted) {
      counts.accepted += 1;
      accepted.push(verdict);
    } else {
      reject(input, verdict.problems, counts);
      const value = 'value' in input ? input.value : input.text;
      rejected.push({
        trial: trialNamed(value, store),
        where: input.where,
        problems: verdict.problems,
        input: value,
      });
    }
    if (accepted.length + rejected.length >= eventsAtOnce) await pass();
  }
  await pass();
  progress.done();
}

async function ingest(files: readonly string[], replay: boolean, command: Command): Promise<void> {
  for (const file of files) {
    if (file === '-') continue;
    await access(file).catch((cause: NodeJS.ErrnoException) => {
      throw new CommandFailed(`cannot read ${file} (${cause.code}); look at the path`, { cause });
    });
  }
  await withStore(command, 'write', async (store) => {
    if (store.trials.size === 0)
      throw new CommandFailed('no trial is published in this store; run `holdfast protocol publish FILE` first');
    const counts: Counts = { accepted: 0, rejected: 0 };
    const { touched, unfolded } = await withIntake(store, { ownClock: replay }, async (intake) => {
      for (const file of files) await ingestFile(file, store, intake, counts);
      await intake.finish();
      return intake;
    });
    console.error(
      `${counts.accepted} events accepted, ${counts.rejected} rejected; ${unfolded.length === 0 ? 'all accepted ones are committed and published' : `those of ${unfolded.join(', ')} are sealed and durable, but not folded: that takes the trial’s key (\`holdfast replay --key FILE\`)`}`,
    );
    for (const trial of touched) {
      const { protocol } = chooseTrial(store, trial);
      console.error(watermarkLine(protocol, await readTallies(store.log, protocol, 'open')));
    }
    if (counts.rejected > 0)
      throw new CommandFailed(
        `${counts.rejected} of ${counts.accepted + counts.rejected} events were rejected, for the reasons above; correct them and send them again`,
      );
  });
}

export function ingestCommand(program: Command): void {
  program
    .command('ingest <files...>')
    .description('take in CloudEvents from files: NDJSON or a JSON array, - for standard input')
    .option(
      '--replay',
      'accept Holdfast’s own records (the trial’s clock) and when each event was received: for a log exported from another store',
      false,
    )
    .addHelpText('after', '\nExit code 1 if any event was rejected; the others are taken in all the same.')
    .action((files: string[], options: { replay: boolean }, command: Command) =>
      ingest(files, options.replay, command),
    );
}
