import type { Command } from 'commander';
import { refuseChangedLog, verifyLog } from '../log-chains.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { withStore } from '../store.ts';

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('recompute the hash chains over the log and compare them with what the shards recorded')
    .option('--trial <trial>', 'trial (default: all that are published)')
    .addOption(formatOption())
    .action(async (options: { trial?: string; format: Format }, command: Command) => {
      await withStore(command, 'read', async (store) => {
        const names = options.trial === undefined ? [...store.trials.keys()] : [options.trial];
        const rows = (await Promise.all(names.map((name) => verifyLog(store, name)))).flat();
        const columns = ['trial', 'partition', 'events', 'included', 'verdict'];
        await printRows(
          columns,
          rows.map((row) => [row.trial, row.partition, row.events, row.included, row.verdict]),
          options.format,
        );
        refuseChangedLog(rows);
        const behind = rows.filter(({ verdict }) => verdict !== 'intact');
        if (behind.length > 0)
          console.error(
            `${behind.length} partition(s) are not wholly folded; run \`holdfast replay\` and verify again`,
          );
      });
    });
}
