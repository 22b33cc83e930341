import { chained } from '@holdfast/aggregate';
import { recordsBetween } from '@holdfast/log';
import { readTallies, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { chooseTrial, type Store } from './store.ts';

/** What the hash chain says of one partition: whether the log still is what the shard was made of. */
export type VerifiedPartition = {
  readonly trial: string;
  readonly partition: number;
  readonly events: number;
  readonly included: number | undefined;
  readonly verdict: 'intact' | 'CHANGED' | 'behind' | 'not claimed';
};

/** Recomputes a partition's hash chain over the records as stored, up to the offset that the shard's claim names, and to the end. */
async function chainAt(store: Store, topic: string, partition: number, offset: number, end: number): Promise<string> {
  if (end < offset) return '';
  let head = '';
  for await (const records of recordsBetween(store.log, topic, partition, { end: offset })) {
    head = chained(
      head,
      records.map(({ value }) => value),
    );
  }
  return head;
}

/** Compares a trial's log with the heads of the hash chains that its shards recorded. */
export async function verifyLog(store: Store, name: string): Promise<VerifiedPartition[]> {
  const { protocol } = chooseTrial(store, name);
  const topic = topicsOf(protocol).events.name;
  const ends = await store.log.ends(topic);
  const { positions, chains } = await readTallies(store.log, protocol, 'closed');
  return Promise.all(
    ends.map(async (end, partition): Promise<VerifiedPartition> => {
      const included = positions[partition]?.offset;
      const row = { trial: name, partition, events: end, included };
      const head = chains[partition];
      if (included === undefined || head === undefined) return { ...row, verdict: 'not claimed' };
      if (head !== (await chainAt(store, topic, partition, included, end))) return { ...row, verdict: 'CHANGED' };
      return { ...row, verdict: included === end ? 'intact' : 'behind' };
    }),
  );
}

/** Refuses to go on if the log is not what the shards were made of. */
export function refuseChangedLog(partitions: readonly VerifiedPartition[]): void {
  const changed = partitions.filter(({ verdict }) => verdict === 'CHANGED');
  if (changed.length === 0) return;
  const where = changed.map(({ trial, partition }) => `${trial} partition ${partition}`).join(', ');
  throw new CommandFailed(
    `the log was changed after it was folded: ${where}; restore it from a backup before you trust a number`,
  );
}
