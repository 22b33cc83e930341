import { type EventLog, recordsBetween } from '@holdfast/log';
import {
  decodeTallyRecord,
  noTallies,
  type Position,
  type ShardGenerations,
  type ShardView,
  standingGeneration,
  type Tallies,
  takeInto,
  totalOf,
  viewsOf,
} from '@holdfast/tallies';
import { type TrialLog, topicsOf } from './topics.ts';

/** A trial's tallies as a reader adds them up, with what they include. */
export type TrialTallies = {
  readonly tallies: Tallies;
  /** By partition; undefined where no owner has claimed the shard yet. */
  readonly positions: readonly (Position | undefined)[];
  /** Heads of the hash chains at the positions; on the closed side only. */
  readonly chains: readonly (string | undefined)[];
  /** Partitions whose numbers no longer move: a difference is missing. */
  readonly stale: readonly number[];
};

/** Records looked at first, from the end; doubled until a complete claim is among them. */
const firstLook = 64;

/** What the last records of a shard's partition say; `whole`: there are no earlier ones. */
async function lookBack(
  log: EventLog,
  topic: string,
  partition: number,
  end: number,
  look: number,
): Promise<{ generations: ShardGenerations; whole: boolean }> {
  const generations: Parameters<typeof takeInto>[0] = new Map();
  const start = Math.max(0, end - look);
  for await (const records of recordsBetween(log, topic, partition, { from: start, end })) {
    for (const { value } of records) takeInto(generations, decodeTallyRecord(value));
  }
  return { generations, whole: start === 0 };
}

/** Looks back in all partitions until they have a complete claim of one generation, and takes the newest that they have in common. */
async function viewShards(log: EventLog, topic: string): Promise<readonly ShardView[]> {
  const ends = await log.ends(topic);
  for (let look = firstLook; ; look *= 8) {
    const seen = await Promise.all(ends.map((end, partition) => lookBack(log, topic, partition, end, look)));
    const shards = seen.map(({ generations }) => generations);
    const views = viewsOf(shards, standingGeneration(shards));
    if (views.every(({ tallies }) => tallies !== undefined) || seen.every(({ whole }) => whole)) return views;
  }
}

/**
 * Adds up all partitions of a trial: `closed` tallies are by arm, `open` ones are those of open measures, without arm. All are of one
 * generation: the newest protocol and fold version that every shard has.
 */
export async function readTallies(log: EventLog, protocol: TrialLog, side: 'open' | 'closed'): Promise<TrialTallies> {
  const { openTallies, closedTallies } = topicsOf(protocol);
  const views = await viewShards(log, (side === 'open' ? openTallies : closedTallies).name);
  return {
    tallies: totalOf(views.map((view) => view.tallies ?? noTallies)),
    positions: views.map((view) => view.position),
    chains: views.map((view) => view.chain),
    stale: views.flatMap((view, partition) => (view.stale ? [partition] : [])),
  };
}
