import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Aggregate,
  type Contradicted,
  publishedOffsets,
  type ShardListener,
  startAggregate,
} from '@holdfast/aggregate';
import { StoreInUse } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { progressOn } from './output/progress.ts';
import type { Store } from './store.ts';

type KeptIn = Pick<Store, 'log' | 'folders' | 'places' | 'keys' | 'settings'>;

type AggregateOptions = ShardListener & {
  /** Whether the log is archived as it grows: by who goes on folding, not by a command that ends when all is folded. */
  readonly isArchiving?: boolean;
  /** How many cores have other work meanwhile; default none. */
  readonly busyCores?: number;
};

/** As a command says it; a server writes it to its log. */
const sayContradicted = ({ trial, partition, why }: Contradicted): void => {
  process.stderr.write(
    `${trial}, partition ${partition}: ${why}: the log was replaced by an older copy, or lost its newest records; the shard is set aside and made of the log anew\n`,
  );
};

/** The aggregate on this store, its shards shared by as many threads as there are free cores, four at most. */
export function aggregateFor(
  { log, folders, places, keys, settings }: KeptIn,
  { busyCores = 0, isArchiving = false, onContradicted = sayContradicted, ...told }: AggregateOptions = {},
): Aggregate {
  return startAggregate({
    log,
    keys,
    shards: folders.shards,
    batchRecords: settings.batchRecords,
    onContradicted,
    ...told,
    threads: {
      count: Math.max(1, Math.min(4, availableParallelism() - busyCores)),
      log: places.log,
      // Where shards move between machines they are restored from there.
      snapshots: places.closedObjects.kind === 's3' ? places.closedObjects : undefined,
      archive: isArchiving ? places.objects : undefined,
    },
  });
}

/**
 * Whether workers on a cluster keep a trial's shards. Whoever joins there gets some of them: a command leaves them to the workers that have
 * them. (On an embedded store one process has them all, and another is refused when it joins.)
 */
export async function haveWorkers({ log, places }: Store, { protocol }: PublishedTrial): Promise<boolean> {
  return places.log.kind === 'kafka' && (await log.isJoined('aggregate', topicsOf(protocol).events.name));
}

/** Whether a trial's events can be folded: here, since the key is given or none is needed, or by the process that does so already. */
export async function canBeFolded({ log, keys }: Store, { protocol }: PublishedTrial): Promise<boolean> {
  if (protocol.blinding === 'open' || keys.has(protocol.trial)) return true;
  return log.isJoined('aggregate', topicsOf(protocol).events.name);
}

/** Folding the events of trials, here or, where another process keeps their shards, there. */
export interface Folding {
  /** Begins with what is in a trial's log; elsewhere it has begun. */
  begin(trial: PublishedTrial): Promise<void>;
  /** Resolves when the published tallies include everything up to these offsets. */
  upTo(trial: PublishedTrial, ends: readonly number[]): Promise<void>;
  stop(): Promise<void>;
}

const lookMs = 50;
const sayAfterMs = 2_000;
/** How often it is tried whether the other process has let go. */
const takeOverMs = 1_000;

export function foldingOn(store: Store, options: Pick<AggregateOptions, 'busyCores'> = {}): Folding {
  let aggregate: Aggregate | undefined;
  /** Trials whose shards are kept elsewhere, with who keeps them; `here`: by this process. */
  const keepers = new Map<string, string>();

  const begin = async (trial: PublishedTrial): Promise<string> => {
    const keeper = await begun(trial);
    keepers.set(trial.protocol.trial, keeper);
    return keeper;
  };

  const begun = async (trial: PublishedTrial): Promise<string> => {
    const { trial: name, blinding } = trial.protocol;
    if (blinding === 'double' && !store.keys.has(name)) return 'another process';
    if (await haveWorkers(store, trial)) return 'a worker';
    aggregate ??= aggregateFor(store, options);
    try {
      await aggregate.keep(trial);
      return 'here';
    } catch (error) {
      if (!(error instanceof StoreInUse)) throw error;
      return /process \d+/.exec(error.message)?.[0] ?? 'another process';
    }
  };

  /** Waits for the watermark while another process moves it; answers `here` if that one let go and the shards are kept here now. */
  const watch = async (trial: PublishedTrial, ends: readonly number[], keeper: string): Promise<string> => {
    const progress = progressOn(process.stderr);
    const seconds = store.settings.waitSeconds;
    const began = performance.now();
    let [movedAt, triedAt, before] = [began, began, ''];
    try {
      for (;;) {
        const at = (await publishedOffsets(store.log, trial.protocol)).map((offset) => offset ?? 0);
        const missing = ends.reduce((sum, end, partition) => sum + Math.max(0, end - (at[partition] ?? 0)), 0);
        if (missing === 0) return keeper;
        const now = performance.now();
        if (before !== at.join()) [movedAt, before] = [now, at.join()];
        if (now - movedAt > seconds * 1000) throw notFolded(trial.protocol.trial, keeper, ends, at, seconds);
        if (now - triedAt > takeOverMs) {
          if ((await begin(trial)) === 'here') return 'here';
          triedAt = performance.now();
        }
        if (now - began > sayAfterMs) progress.step(`durable; ${keeper} folds it: ${missing} records to go …`);
        await pause(lookMs);
      }
    } finally {
      progress.done();
    }
  };

  return {
    async begin(trial) {
      await begin(trial);
    },
    async upTo(trial, ends) {
      const { trial: name } = trial.protocol;
      let keeper = keepers.get(name) ?? (await begin(trial));
      if (keeper !== 'here') keeper = await watch(trial, ends, keeper);
      if (keeper === 'here') await aggregate?.caughtUp(name, ends);
    },
    async stop() {
      await aggregate?.stop();
    },
  };
}

function notFolded(
  trial: string,
  keeper: string,
  ends: readonly number[],
  at: readonly number[],
  seconds: number,
): CommandFailed {
  return new CommandFailed(
    `everything of ${trial} is durable, but ${keeper} has not folded it: for ${seconds} s its tallies have stood at ${at.join('+')} of ${ends.join('+')} records. ` +
      'Look at its log and at /readyz; it may have been started without the trial’s key (--key). Nothing has to be sent again: it is folded when that is mended',
  );
}
