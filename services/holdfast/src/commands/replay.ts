import { sha256 } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { cellsOf, type Tallies } from '@holdfast/tallies';
import { readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { refillShards } from '../intake.ts';
import { refuseChangedLog, verifyLog } from '../log-chains.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

/** Says in a few characters whether two stores have the same tallies, bit for bit. */
export function talliesDigest(tallies: Tallies): string {
  return sha256(JSON.stringify(cellsOf(tallies)));
}

async function replayTrial(store: Store, name: string): Promise<void> {
  const { log } = store;
  const trial = chooseTrial(store, name);
  const { protocol } = trial;
  // The replay records new heads: afterwards nobody could tell any more that the log was changed.
  refuseChangedLog(await verifyLog(store, name));
  const before = await readTallies(log, protocol, 'closed');
  const started = Date.now();
  const ends = await refillShards(store, trial);
  const after = await readTallies(log, protocol, 'closed');
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const events = ends.reduce((sum, end) => sum + end, 0);
  console.log(`${name}: ${events} events replayed in ${seconds} s; tallies ${talliesDigest(after.tallies)}`);
  console.error(watermarkLine(protocol, after));
  const same = before.positions.every(
    (position, p) =>
      position?.offset === ends[p] &&
      position?.protocolVersion === protocol.version &&
      position.foldVersion === foldVersion,
  );
  if (!same) {
    console.log(
      `${name}: the tallies before did not include all of the log, or were of another protocol or fold version; nothing to compare`,
    );
  } else if (talliesDigest(before.tallies) !== talliesDigest(after.tallies)) {
    throw new CommandFailed(
      `${name}: the replayed tallies differ from those before (${talliesDigest(before.tallies)}); the new ones stand. Report this: it must never happen`,
    );
  } else {
    console.log(`${name}: equal, bit for bit, to the tallies before`);
  }
}

export function replayCommand(program: Command): void {
  program
    .command('replay')
    .description('rebuild the shards from the log, if it is unchanged, and compare their tallies with those before')
    .option('--trial <trial>', 'trial (default: all that are published)')
    .action(async (options: { trial?: string }, command: Command) => {
      await withStore(command, 'write', async (store) => {
        const names = options.trial === undefined ? [...store.trials.keys()] : [options.trial];
        if (names.length === 0)
          throw new CommandFailed('no trial is published in this store; there is nothing to replay');
        for (const name of names) await replayTrial(store, name);
      });
    });
}
