import { type EventLog, recordsBetween } from '@holdfast/log';
import { decodeTallyRecord, type ShardGenerations, standingGeneration, takeInto, viewsOf } from '@holdfast/tallies';
import { topicsOf } from '@holdfast/trials';
import { protocol } from './load-log.ts';

/** A reader in another process than the services: it adds up the tallies as they are published, and says up to where they reach. */
export async function openReader(log: EventLog): Promise<{ look(): Promise<readonly number[]> }> {
  const { name } = topicsOf(protocol).openTallies;
  const shards = Array.from({ length: protocol.partitions }, () => new Map()) as Parameters<typeof takeInto>[0][];
  const read = shards.map(() => 0);
  return {
    async look() {
      const ends = await log.ends(name);
      for (const [partition, generations] of shards.entries()) {
        const [from = 0, end = 0] = [read[partition], ends[partition]];
        if (end <= from) continue;
        for await (const records of recordsBetween(log, name, partition, { from, end }))
          for (const { value } of records) takeInto(generations, decodeTallyRecord(value));
        read[partition] = end;
      }
      const all: readonly ShardGenerations[] = shards;
      return viewsOf(all, standingGeneration(all)).map(({ position }) => position?.offset ?? 0);
    },
  };
}
