import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { opener, openVault, type TrialKey, trialVault } from '@holdfast/access';
import type { EventLog, Membership } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { shardKeeper } from './shard-keeper.ts';

/** A double-blind trial can only be folded with its key. */
export class KeyNeeded extends Error {
  readonly code = 'HF_KEY_NEEDED';
  override readonly name = 'KeyNeeded';
}

export type AggregateOptions = {
  readonly log: EventLog;
  /** Private keys by trial. */
  readonly keys: ReadonlyMap<string, TrialKey>;
  /** Folder of all trials' shards. */
  readonly shards: string;
  /** Most records folded in one transaction. */
  readonly batchRecords: number;
  readonly onPosition?: (trial: string, partition: number, offset: number) => void;
};

/** The aggregate service: keeps the shards of its trials until it is stopped. */
export interface Aggregate {
  /**
   * Takes on a trial: opens its shards and folds what comes; `anew` drops the shards first and refills them from the log.
   * Resolves at once for a trial that it keeps already.
   */
  keep(trial: PublishedTrial, options?: { readonly anew?: boolean }): Promise<void>;
  /** Resolves when everything up to these offsets is committed and published; rejects when a shard failed. */
  caughtUp(trial: string, ends: readonly number[]): Promise<void>;
  stop(): Promise<void>;
}

/** Where a trial's shards live under the folder of all shards. */
export function shardsOf(shards: string, trial: string): string {
  return join(shards, trial);
}

export function startAggregate({ log, keys, shards, batchRecords, onPosition }: AggregateOptions): Aggregate {
  const positions = new Map<string, number[]>();
  const memberships = new Map<string, Promise<Membership>>();
  const waiting = new Set<() => void>();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const membership = ({ protocol }: PublishedTrial, anew: boolean): Promise<Membership> => {
    const { trial, blinding } = protocol;
    const key = blinding === 'double' ? keys.get(trial) : undefined;
    if (blinding === 'double' && key === undefined) {
      throw new KeyNeeded(
        `${trial} is double-blind: its events can be folded only with its key; give --key FILE or HOLDFAST_KEY`,
      );
    }
    const reached: number[] = [];
    positions.set(trial, reached);
    const keeper = shardKeeper({
      log,
      protocol,
      anew,
      shards: shardsOf(shards, trial),
      vault: key === undefined ? openVault : trialVault(key),
      opener: key === undefined ? undefined : opener(key),
      newOwner: randomUUID,
      onPosition(partition, offset) {
        reached[partition] = offset;
        onPosition?.(trial, partition, offset);
        for (const look of waiting) look();
      },
    });
    return log.join('aggregate', topicsOf(protocol).events.name, keeper, { records: batchRecords });
  };

  return {
    async keep(trial, { anew = false } = {}) {
      const { trial: id } = trial.protocol;
      const joined = memberships.get(id) ?? membership(trial, anew);
      memberships.set(id, joined);
      (await joined).failed.catch(fail);
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
    },

    async stop() {
      await Promise.all(
        [...memberships.values()].map(async (joined) => (await joined.catch(() => undefined))?.leave()),
      );
    },
  };
}
