import { resolve } from 'node:path';
import { topicsOf } from '@holdfast/trials';
import type { Command } from 'commander';
import { backUp } from '../backup.ts';
import { openStore, withStore } from '../store.ts';

async function backup(out: string, command: Command): Promise<void> {
  const started = Date.now();
  await withStore(command, 'read', ({ settings }) => backUp(settings.data, out));
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
