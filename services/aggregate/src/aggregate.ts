import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
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
  readonly trials: readonly PublishedTrial[];
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
  /** Resolves when everything up to these offsets is committed and published; rejects when a shard failed. */
  caughtUp(trial: string, ends: readonly number[]): Promise<void>;
  stop(): Promise<void>;
}

/** Where a trial's shards live under the folder of all shards. */
export function shardsOf(shards: string, trial: string): string {
  return join(shards, trial);
}

/** Removes a trial's shards, so that the next owner refills them from the log. */
export async function forgetShards(shards: string, trial: string): Promise<void> {
  await rm(shardsOf(shards, trial), { recursive: true, force: true });
}

export async function startAggregate({ log, trials, keys, shards, batchRecords, onPosition }: AggregateOptions): Promise<Aggregate> {
  const positions = new Map<string, number[]>();
  const waiting = new Set<() => void>();
  const memberships: Membership[] = [];
  const stop = async () => {
    await Promise.all(memberships.map((membership) => membership.leave()));
  };
  try {
    for (const { protocol } of trials) {
      const { trial } = protocol;
      const key = keys.get(trial);
      if (protocol.blinding === 'double' && key === undefined) {
        throw new KeyNeeded(`${trial} is double-blind: its events can be folded only with its key; give --key FILE or HOLDFAST_KEY`);
      }
      const reached: number[] = [];
      positions.set(trial, reached);
      const sealed = protocol.blinding === 'double' && key !== undefined;
      const keeper = shardKeeper({
        log,
        protocol,
        shards: shardsOf(shards, trial),
        vault: sealed ? trialVault(key) : openVault,
        opener: sealed ? opener(key) : undefined,
        newOwner: randomUUID,
        onPosition(partition, offset) {
          reached[partition] = offset;
          onPosition?.(trial, partition, offset);
          for (const look of waiting) look();
        },
      });
      memberships.push(await log.join('aggregate', topicsOf(protocol).events.name, keeper, { records: batchRecords }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const failed = Promise.race(memberships.map((membership) => membership.failed));
  failed.catch(() => undefined);

  return {
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
    stop,
  };
}
