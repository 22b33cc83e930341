import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { opener, openVault, type TrialKey, trialVault } from '@holdfast/access';
import type { AmendedProtocol } from '@holdfast/events';
import type { EventLog, GroupMember } from '@holdfast/log';
import { openShard, removeShard, type Shard, shardFile } from '@holdfast/shards';
import { type Claim, type Difference, encodeTallyRecord, inParts } from '@holdfast/tallies';
import { topicsOf } from '@holdfast/trials';
import { chained, recordDecoder } from './decode.ts';
import type { Folded } from './folded.ts';
import { gather, nothingGathered } from './gather.ts';

/** A double-blind trial can only be folded with its key. */
export class KeyNeeded extends Error {
  readonly code = 'HF_KEY_NEEDED';
  override readonly name = 'KeyNeeded';
}

export type ShardKeeperOptions = {
  readonly log: EventLog;
  readonly protocol: AmendedProtocol;
  /** The trial's private key; a double-blind trial needs it. */
  readonly key: TrialKey | undefined;
  /** Folder of all trials' shards. */
  readonly shards: string;
  /** Whether shards are dropped when they are first assigned, so that the log refills them. */
  readonly anew: boolean;
  /** Told after each commit, when the differences are published too. */
  readonly onFolded: (folded: Folded) => void;
};

type Held = { readonly shard: Shard; readonly owner: string; claimAt: number; unclaimed: number };

/** Differences between two claims: a reader that comes late has no more than these to add. */
const differencesPerClaim = 2_000;

/** A group member that keeps one trial's shards: decodes, folds, commits, publishes. */
export function keeperOf({ log, protocol, key, shards, anew, onFolded }: ShardKeeperOptions): GroupMember {
  const { trial, blinding } = protocol;
  const sealed = blinding === 'double';
  if (sealed && key === undefined) {
    throw new KeyNeeded(
      `${trial} is double-blind: its events can be folded only with its key; give --key FILE or HOLDFAST_KEY`,
    );
  }
  const { events, openTallies, closedTallies } = topicsOf(protocol);
  const vault = sealed && key !== undefined ? trialVault(key) : openVault;
  const decode = recordDecoder(sealed && key !== undefined ? opener(key) : undefined);
  const held = new Map<number, Held>();
  const seen = new Set<number>();

  const publish = async (partition: number, open: Claim | Difference, closed: Claim | Difference): Promise<void> => {
    const records = (whole: Claim | Difference) =>
      inParts(whole).map((part) => ({ key: String(partition), value: encodeTallyRecord(part), partition }));
    await Promise.all([log.append(openTallies.name, records(open)), log.append(closedTallies.name, records(closed))]);
  };

  const tell = (partition: number, { shard, owner }: Held, batch: Folded['batch']): void => {
    const { offset, sequence } = shard.position;
    onFolded({ trial, partition, offset, owner, sequence, batch });
  };

  const claim = async (partition: number, keeping: Held, batch?: Folded['batch']): Promise<void> => {
    const { shard, owner } = keeping;
    const { open, closed } = await shard.tallies();
    const { chain, ...position } = shard.position;
    const head = { kind: 'claim', owner, ...position } as const;
    await publish(partition, { ...head, cells: open }, { ...head, chain, cells: closed });
    keeping.unclaimed = 0;
    keeping.claimAt = 0;
    tell(partition, keeping, batch);
  };

  return {
    async assigned(partition) {
      const owner = randomUUID();
      const file = shardFile(join(shards, trial), partition, protocol.version);
      if (anew && !seen.has(partition)) await removeShard(file);
      seen.add(partition);
      const logEnd = (await log.ends(events.name))[partition] ?? 0;
      const logId = await log.topicId(events.name);
      const shard = await openShard({ file, owner, logId, logEnd, protocol, vault });
      // A shard that is refilled from the log says nothing before it has caught up: readers keep the last claim until then.
      const refilling = shard.position.offset < shard.refillTo;
      const keeping: Held = { shard, owner, claimAt: refilling ? shard.refillTo : 0, unclaimed: 0 };
      held.set(partition, keeping);
      if (!refilling) await claim(partition, keeping);
      return shard.position.offset;
    },

    async batch(partition, records) {
      const keeping = held.get(partition);
      if (keeping === undefined) throw new Error(`no shard is open for partition ${partition} of ${protocol.trial}`);
      const { shard } = keeping;
      const { offset: next } = shard.position;
      const fresh = records.filter(({ offset }) => offset >= next);
      if (fresh.length === 0) return;
      const started = performance.now();
      const gathered = nothingGathered();
      await gather(gathered, fresh, decode);
      const differences = await shard.apply({
        nextOffset: (fresh.at(-1)?.offset ?? next) + 1,
        chain: chained(
          shard.position.chain,
          fresh.map(({ value }) => value),
        ),
        ...gathered,
      });
      const done = () => ({
        first: fresh[0]?.offset ?? next,
        records: fresh.length,
        milliseconds: Math.round(performance.now() - started),
      });
      if (keeping.claimAt > 0) {
        if (shard.position.offset >= keeping.claimAt) await claim(partition, keeping, done());
        return;
      }
      await publish(partition, differences.open, differences.closed);
      tell(partition, keeping, done());
      keeping.unclaimed += 1;
      if (keeping.unclaimed >= differencesPerClaim) await claim(partition, keeping);
    },

    async revoked(partition) {
      const keeping = held.get(partition);
      held.delete(partition);
      await keeping?.shard.close();
    },
  };
}
