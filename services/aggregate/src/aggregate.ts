import type { TrialKey } from '@holdfast/access';
import type { EventLog, LogPlace, Membership } from '@holdfast/log';
import type { ObjectsPlace } from '@holdfast/objects';
import { checkShardFiles, removeOtherShards, shardFolder } from '@holdfast/shards';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import type { KeptArchive } from './archive-keeper.ts';
import type { Folded, ShardListener } from './folded.ts';
import { inTime } from './in-time.ts';
import { type KeeperThread, startKeeperThread } from './keeper-thread.ts';
import { publishedOffsets } from './published-offsets.ts';
import { keeperOf } from './shard-keeper.ts';
import type { KeptSnapshots } from './snapshot-keeper.ts';

export type AggregateOptions = {
  readonly log: EventLog;
  /** Private keys by trial. */
  readonly keys: ReadonlyMap<string, TrialKey>;
  /** Folder of all trials' shards. */
  readonly shards: string;
  /** Most records folded in one transaction. */
  readonly batchRecords: number;
  /** Where shards are stored, to be restored by who gets them next; by default nowhere: they stay on one disk. */
  readonly snapshots?: KeptSnapshots;
  /** Where the log is archived as it grows; by default nowhere: a cut archives what it needs. */
  readonly archive?: KeptArchive;
  /** Threads that share the shards, and where they find the log; without them all is done in the caller's thread. */
  readonly threads?: {
    readonly count: number;
    readonly log: LogPlace;
    readonly snapshots?: ObjectsPlace | undefined;
    readonly archive?: ObjectsPlace | undefined;
  };
} & ShardListener;

/** A write that failed on a full disk may never be answered: a thread that does not let go of its shards in time is ended, as if it had died. */
const leavingMs = 7_000;
/** How often it is looked how far the shards have come that other machines keep. */
const lookMs = 250;

/** The aggregate service: keeps the shards of its trials, or its share of them, until it is stopped. */
export interface Aggregate {
  /**
   * Takes on a trial: opens its shards and folds what comes; `anew` drops the shards first and refills them from the log.
   * Resolves at once for a trial that it keeps already.
   */
  keep(trial: PublishedTrial, options?: { readonly anew?: boolean }): Promise<void>;
  /**
   * Resolves when everything up to these offsets is committed and published, by whoever keeps the shards; rejects when one of ours failed.
   * Then readers stand on this generation of the trial's shards, and those of others are removed.
   */
  caughtUp(trial: string, ends: readonly number[]): Promise<void>;
  /** Rejects when a shard failed: then this aggregate folds no more of that trial. Nobody has to look at it. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export function startAggregate(options: AggregateOptions): Aggregate {
  const { log, keys, shards, batchRecords, snapshots, archive, threads, ...told } = options;
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
    told.onFolded?.(folded);
  };
  const listener: ShardListener = { ...told, onFolded: take };
  const keepers: KeeperThread[] =
    threads === undefined
      ? []
      : Array.from({ length: threads.count }, () =>
          startKeeperThread(
            { log: threads.log, keys, shards, snapshots: threads.snapshots, archive: threads.archive },
            listener,
          ),
        );

  const taken = new Map<string, { readonly trial: PublishedTrial; readonly anew: boolean }>();

  /** All threads are members of the trial's group and share its partitions evenly, on a cluster with those of other machines. */
  const join = async (published: PublishedTrial, anew: boolean): Promise<readonly Membership[]> => {
    const { protocol } = published;
    const memberships: Membership[] = [];
    const threads = keepers.slice(0, protocol.partitions);
    // All are ready before the first one joins: else it would begin with partitions that it gives away at once.
    await Promise.all(threads.map((thread) => thread.keep(published, anew)));
    for (const thread of threads) memberships.push(await thread.join(published, { batchRecords, log }));
    if (keepers.length === 0) {
      const key = keys.get(protocol.trial);
      const stored = { ...(snapshots && { snapshots }), ...(archive && { archive }) };
      const keeper = keeperOf({ log, protocol, key, shards, anew, ...stored, ...listener });
      memberships.push(await log.join('aggregate', topicsOf(protocol).events.name, keeper, { records: batchRecords }));
    }
    for (const membership of memberships) membership.failed.catch(fail);
    return memberships;
  };

  /** Resolves when all shards are there, ours by what they tell, and others' by what is published. */
  const arrival = async (trial: string, ends: readonly number[], ended: () => boolean): Promise<void> => {
    // Of shards that are made anew the log has claims from before: those count for nothing.
    const { trial: known, anew = false } = taken.get(trial) ?? {};
    const others = threads?.log.kind === 'kafka' && !anew ? known?.protocol : undefined;
    for (;;) {
      const ours = positions.get(trial) ?? [];
      const away = ends.some((end, partition) => (ours[partition] ?? -1) < end);
      if (!away || ended()) return;
      if (others !== undefined) {
        const theirs = await publishedOffsets(log, others);
        if (ends.every((end, p) => Math.max(ours[p] ?? -1, theirs[p] ?? -1) >= end)) return;
      }
      await new Promise<void>((resolve) => {
        const timer = others && setTimeout(() => wake(), lookMs);
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };

  return {
    async keep(published, { anew = false } = {}) {
      const { trial, version } = published.protocol;
      if (!joined.has(trial)) await checkShardFiles(shardFolder(shards, published.protocol), version);
      taken.set(trial, { trial: published, anew });
      const joining = joined.get(trial) ?? join(published, anew);
      joined.set(trial, joining);
      // Whoever could not join, since another process keeps the shards, may try again.
      joining.catch(() => joined.delete(trial));
      await joining;
    },

    async caughtUp(trial, ends) {
      let isOver = false;
      const stopWaiting = () => {
        isOver = true;
        for (const wake of waiting) wake();
      };
      await Promise.race([arrival(trial, ends, () => isOver), failed]).finally(stopWaiting);
      const protocol = taken.get(trial)?.trial.protocol;
      // Every shard has claimed: nobody reads what was made before.
      if (protocol !== undefined) await removeOtherShards(shardFolder(shards, protocol), protocol.version);
    },

    failed,

    async stop() {
      const leave = async (): Promise<void> => {
        await Promise.all(
          [...joined.values()].map(async (joining) => {
            const memberships = await joining.catch(() => []);
            await Promise.all(memberships.map((membership) => membership.leave()));
          }),
        );
      };
      try {
        await (keepers.length === 0 ? leave() : inTime(leave(), leavingMs));
      } finally {
        await Promise.all(keepers.map((thread) => thread.stop()));
      }
    },
  };
}
