import { resolve } from 'node:path';
import { topicsOf } from '@holdfast/trials';
import type { Command } from 'commander';
import { backUp } from '../backup.ts';
import { CommandFailed } from '../command-failed.ts';
import { openStore, type Store, withStore } from '../store.ts';

function embeddedData({ settings }: Store): string {
  if (settings.kafka === undefined && settings.s3 === undefined) return settings.data;
  throw new CommandFailed(
    'this copies an embedded store, and this one is on a cluster; docs/run-a-cluster.md says how topics and objects are backed up there',
  );
}

async function backup(out: string, command: Command): Promise<void> {
  const started = Date.now();
  await withStore(command, 'read', (store) => backUp(embeddedData(store), out));
  // What can be opened and read is a backup.
  await openStore({ data: resolve(out), key: [] }, 'read', async ({ log, trials }) => {
    for (const { protocol } of trials.values()) {
      const ends = await log.ends(topicsOf(protocol).events.name);
      console.error(`${protocol.trial}: ${ends.join('+')} records`);
    }
  });
  console.error(
    `backup in ${out}, ${((Date.now() - started) / 1000).toFixed(1)} s; check it by \`holdfast --data ${out} verify\``,
  );
  console.error('private keys are not in it: keep copies of those elsewhere');
}

export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description('copy the store to a new folder, also while `serve` runs: all that was acknowledged before is in it')
    .requiredOption('--out <folder>', 'where the copy is made; must not exist yet')
    .action((options: { out: string }, command: Command) => backup(options.out, command));
}
