import type { Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import {
  addUp,
  cellsOf,
  decodeTallyRecord,
  noTallies,
  type Position,
  type ShardView,
  type Tallies,
  takeIn,
  unseenShard,
} from '@holdfast/tallies';
import { topicsOf } from './topics.ts';

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

/** The newest view of one shard: goes back to the last complete claim, then adds what came after it. */
async function viewShard(log: EventLog, topic: string, partition: number, end: number): Promise<ShardView> {
  for (let look = firstLook; ; look *= 8) {
    const start = Math.max(0, end - look);
    let view = unseenShard;
    for (let from = start; from < end; ) {
      const records = await log.read(topic, partition, from, { records: 500, bytes: 16_000_000 });
      const last = records.at(-1);
      if (last === undefined) break;
      for (const { value } of records) view = takeIn(view, decodeTallyRecord(value));
      from = last.offset + 1;
    }
    if (view.tallies !== undefined || start === 0) return view;
  }
}

/** Adds up all partitions of a trial: `closed` tallies are by arm, `open` ones are those of open measures, without arm. */
export async function readTallies(log: EventLog, protocol: Protocol, side: 'open' | 'closed'): Promise<TrialTallies> {
  const { openTallies, closedTallies } = topicsOf(protocol);
  const topic = (side === 'open' ? openTallies : closedTallies).name;
  const ends = await log.ends(topic);
  const views = await Promise.all(ends.map((end, partition) => viewShard(log, topic, partition, end)));
  return {
    tallies: addUp(noTallies, ...views.map((view) => cellsOf(view.tallies ?? noTallies))),
    positions: views.map((view) => view.position),
    chains: views.map((view) => view.chain),
    stale: views.flatMap((view, partition) => (view.stale ? [partition] : [])),
  };
}
