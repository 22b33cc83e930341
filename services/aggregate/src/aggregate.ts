import { join as joinPath } from 'node:path';
import type { TrialKey } from '@holdfast/access';
import type { EventLog, GroupMember, Membership } from '@holdfast/log';
import { checkShardFiles, removeOtherShards } from '@holdfast/shards';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import type { Folded } from './folded.ts';
import { type KeeperThread, startKeeperThread } from './keeper-thread.ts';
import { keeperOf } from './shard-keeper.ts';

export type AggregateOptions = {
  readonly log: EventLog;
  /** Private keys by trial. */
  readonly keys: ReadonlyMap<string, TrialKey>;
  /** Folder of all trials' shards. */
  readonly shards: string;
  /** Most records folded in one transaction. */
  readonly batchRecords: number;
  /** Told of every batch and claim when it is committed and published. */
  readonly onFolded?: (folded: Folded) => void;
  /** Threads that share the shards, and where they find the log; without them all is done in the caller's thread. */
  readonly threads?: { readonly count: number; readonly log: { readonly dir: string; readonly closedDir: string } };
};

/** The aggregate service: keeps the shards of its trials until it is stopped. */
export interface Aggregate {
  /**
   * Takes on a trial: opens its shards and folds what comes; `anew` drops the shards first and refills them from the log.
   * Resolves at once for a trial that it keeps already.
   */
  keep(trial: PublishedTrial, options?: { readonly anew?: boolean }): Promise<void>;
  /**
   * Resolves when everything up to these offsets is committed and published; rejects when a shard failed. Then readers stand on this
   * generation of the trial's shards, and those of others are removed.
   */
  caughtUp(trial: string, ends: readonly number[]): Promise<void>;
  /** Rejects when a shard failed: then this aggregate folds no more of that trial. Nobody has to look at it. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export function startAggregate({ log, keys, shards, batchRecords, onFolded, threads }: AggregateOptions): Aggregate {
  const positions = new Map<string, number[]>();
  const joined = new Map<string, Promise<readonly Membership[]>>();
  const waiting = new Set<() => void>();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const take = (folded: Folded) => {
    const { trial, partition, offset } = folded;
    const reached = positions.get(trial) ?? [];
    reached[partition] = offset;
    positions.set(trial, reached);
    for (const look of waiting) look();
    onFolded?.(folded);
  };
  const keepers: KeeperThread[] = Array.from({ length: threads?.count ?? 0 }, () =>
    startKeeperThread({ log: threads?.log ?? { dir: '', closedDir: '' }, keys, shards }, take),
  );

  const versions = new Map<string, number>();

  const membersOf = (published: PublishedTrial, anew: boolean): Promise<GroupMember[]> => {
    const { protocol } = published;
    const key = keys.get(protocol.trial);
    if (keepers.length > 0) {
      return Promise.all(keepers.slice(0, protocol.partitions).map((thread) => thread.member(published, anew)));
    }
    return Promise.resolve([keeperOf({ log, protocol, key, shards, anew, onFolded: take })]);
  };

  /** All threads are members of the trial's group and share its partitions evenly. */
  const join = async (published: PublishedTrial, anew: boolean): Promise<readonly Membership[]> => {
    const topic = topicsOf(published.protocol).events.name;
    const members = await membersOf(published, anew);
    const memberships: Membership[] = [];
    for (const member of members)
      memberships.push(await log.join('aggregate', topic, member, { records: batchRecords }));
    for (const membership of memberships) membership.failed.catch(fail);
    return memberships;
  };

  return {
    async keep(published, { anew = false } = {}) {
      const { trial, version } = published.protocol;
      if (!joined.has(trial)) await checkShardFiles(joinPath(shards, trial), version);
      versions.set(trial, version);
      const joining = joined.get(trial) ?? join(published, anew);
      joined.set(trial, joining);
      // Whoever could not join, since another process keeps the shards, may try again.
      joining.catch(() => joined.delete(trial));
      await joining;
    },

    async caughtUp(trial, ends) {
      const there = () => ends.every((end, partition) => (positions.get(trial)?.[partition] ?? -1) >= end);
      let look: () => void = () => undefined;
      const arrived = new Promise<void>((resolve) => {
        look = () => {
          if (there()) resolve();
        };
        waiting.add(look);
        look();
      });
      await Promise.race([arrived, failed]).finally(() => waiting.delete(look));
      const version = versions.get(trial);
      // Every shard has claimed: nobody reads what was made before.
      if (version !== undefined) await removeOtherShards(joinPath(shards, trial), version);
    },

    failed,

    async stop() {
      try {
        await Promise.all(
          [...joined.values()].map(async (joining) => {
            const memberships = await joining.catch(() => []);
            await Promise.all(memberships.map((membership) => membership.leave()));
          }),
        );
      } finally {
        await Promise.all(keepers.map((thread) => thread.stop()));
      }
    },
  };
}
