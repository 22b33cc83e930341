import { type ShardView, takeIn, unseenShard } from './shard-view.ts';
import type { Position, TallyRecord } from './tally-record.ts';

/**
 * What made a shard's numbers: a protocol version and a version of the fold. Numbers of two generations are of different things and
 * do not add up.
 */
export type Generation = Pick<Position, 'protocolVersion' | 'foldVersion'>;

/** Whether `a` is newer than `b`: by protocol version first. */
export function isNewer(a: Generation, b: Generation): boolean {
  return a.protocolVersion !== b.protocolVersion
    ? a.protocolVersion > b.protocolVersion
    : a.foldVersion > b.foldVersion;
}

/** What a reader holds of one shard, a view for each generation: while a new one is built beside it, the old one stays to be read. */
export type ShardGenerations = ReadonlyMap<string, { readonly generation: Generation; readonly view: ShardView }>;

function nameOf({ protocolVersion, foldVersion }: Generation): string {
  return `${protocolVersion}/${foldVersion}`;
}

/** Takes the next record of a shard's partition into the view of its generation. The map given is changed and returned. */
export function takeInto(
  generations: Map<string, { readonly generation: Generation; readonly view: ShardView }>,
  record: TallyRecord,
): Map<string, { readonly generation: Generation; readonly view: ShardView }> {
  const { protocolVersion, foldVersion } = record;
  const generation = { protocolVersion, foldVersion };
  const before = generations.get(nameOf(generation))?.view ?? unseenShard;
  return generations.set(nameOf(generation), { generation, view: takeIn(before, record) });
}

/**
 * The generation that a trial stands on: the newest of those that the most shards have complete. So a new generation counts from the
 * instant on at which its last shard has claimed, and until then the one before does. Undefined before any claim.
 */
export function standingGeneration(shards: readonly ShardGenerations[]): Generation | undefined {
  const complete = new Map<string, { generation: Generation; shards: number }>();
  for (const shard of shards) {
    for (const [name, { generation, view }] of shard) {
      if (view.tallies === undefined) continue;
      complete.set(name, { generation, shards: (complete.get(name)?.shards ?? 0) + 1 });
    }
  }
  let best: { generation: Generation; shards: number } | undefined;
  for (const each of complete.values()) {
    const better =
      best === undefined ||
      each.shards > best.shards ||
      (each.shards === best.shards && isNewer(each.generation, best.generation));
    if (better) best = each;
  }
  return best?.generation;
}

/** The shards' views of one generation. */
export function viewsOf(shards: readonly ShardGenerations[], generation: Generation | undefined): readonly ShardView[] {
  return shards.map((shard) => (generation && shard.get(nameOf(generation))?.view) ?? unseenShard);
}
