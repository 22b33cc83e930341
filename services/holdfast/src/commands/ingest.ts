import { access } from 'node:fs/promises';
import { eventInputs, type TakeEventsOptions, takeEvents } from '@holdfast/ingest';
import { readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { withIntake } from '../intake.ts';
import { progressOn } from '../output/progress.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';

const rejectionsShown = 50;

/** Shows on standard error why inputs are rejected, for the first of them. */
function showRejected(): NonNullable<TakeEventsOptions['onRejected']> {
  let shown = 0;
  return ({ where }, problems) => {
    shown += 1;
    if (shown > rejectionsShown) return;
    for (const { path, message } of problems) console.error(`${where}: ${path === '' ? '' : `${path}: `}${message}`);
    if (shown === rejectionsShown) console.error('further rejected events are counted, but not shown');
  };
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
    const counts = { accepted: 0, rejected: 0 };
    const onRejected = showRejected();
    const { touched, unfolded } = await withIntake(store, { ownClock: replay }, async (intake) => {
      for (const file of files) {
        const progress = progressOn(process.stderr);
        const inlet = { ...intake.door, admit: intake.admit };
        const { accepted, rejected } = await takeEvents(eventInputs(file, process.stdin), inlet, {
          trials: store.trials,
          onRejected,
          onDurable: (sofar) =>
            progress.step(
              `${counts.accepted + sofar.accepted} events accepted, ${counts.rejected + sofar.rejected} rejected …`,
            ),
        });
        progress.done();
        counts.accepted += accepted;
        counts.rejected += rejected;
      }
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
    .description('take in CloudEvents from files: NDJSON, a JSON array or a single event, - for standard input')
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
