import { chained } from '@holdfast/aggregate';
import { readTallies, topicsOf } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

type Verdict = 'intact' | 'CHANGED' | 'behind' | 'not claimed';
type Row = { trial: string; partition: number; events: number; included: number | undefined; verdict: Verdict };

/** Recomputes a partition's hash chain over the records as stored, up to the offset that the shard's claim names, and to the end. */
async function chainAt(store: Store, topic: string, partition: number, offset: number, end: number): Promise<string> {
  let head = '';
  for (let from = 0; from < offset; ) {
    const records = await store.log.read(topic, partition, from, { records: 5_000, bytes: 16_000_000 });
    const last = records.at(-1);
    if (last === undefined) break;
    head = chained(
      head,
      records.filter((record) => record.offset < offset).map(({ value }) => value),
    );
    from = last.offset + 1;
  }
  return end >= offset ? head : '';
}

async function verifyTrial(store: Store, name: string): Promise<Row[]> {
  const { protocol } = chooseTrial(store, name);
  const topic = topicsOf(protocol).events.name;
  const ends = await store.log.ends(topic);
  const { positions, chains } = await readTallies(store.log, protocol, 'closed');
  return Promise.all(
    ends.map(async (end, partition): Promise<Row> => {
      const included = positions[partition]?.offset;
      const row = { trial: name, partition, events: end, included };
      const head = chains[partition];
      if (included === undefined || head === undefined) return { ...row, verdict: 'not claimed' };
      if (head !== (await chainAt(store, topic, partition, included, end))) return { ...row, verdict: 'CHANGED' };
      return { ...row, verdict: included === end ? 'intact' : 'behind' };
    }),
  );
}

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('recompute the hash chains over the log and compare them with what the shards recorded')
    .option('--trial <trial>', 'trial (default: all that are published)')
    .addOption(formatOption())
    .action(async (options: { trial?: string; format: Format }, command: Command) => {
      await withStore(command, 'read', async (store) => {
        const names = options.trial === undefined ? [...store.trials.keys()] : [options.trial];
        const rows = (await Promise.all(names.map((name) => verifyTrial(store, name)))).flat();
        const columns = ['trial', 'partition', 'events', 'included', 'verdict'];
        await printRows(
          columns,
          rows.map((row) => [row.trial, row.partition, row.events, row.included, row.verdict]),
          options.format,
        );
        const changed = rows.filter(({ verdict }) => verdict === 'CHANGED');
        if (changed.length > 0) {
          const where = changed.map(({ trial, partition }) => `${trial} partition ${partition}`).join(', ');
          throw new CommandFailed(
            `the log was changed after it was folded: ${where}; restore it from a backup before you trust a number`,
          );
        }
        const behind = rows.filter(({ verdict }) => verdict !== 'intact');
        if (behind.length > 0)
          console.error(
            `${behind.length} partition(s) are not wholly folded; run \`holdfast replay\` and verify again`,
          );
      });
    });
}
