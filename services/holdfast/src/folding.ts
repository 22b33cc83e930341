import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Aggregate, type Folded, startAggregate } from '@holdfast/aggregate';
import { StoreInUse } from '@holdfast/log';
import { foldVersion } from '@holdfast/outcomes';
import { type PublishedTrial, readTallies, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { progressOn } from './output/progress.ts';
import type { Store } from './store.ts';

type KeptIn = Pick<Store, 'log' | 'folders' | 'keys' | 'settings'>;

type AggregateOptions = {
  readonly onFolded?: (folded: Folded) => void;
  /** How many cores have other work meanwhile; default none. */
  readonly busyCores?: number;
};

/** The aggregate on this store, its shards shared by as many threads as there are free cores, four at most. */
export function aggregateFor(
  { log, folders, keys, settings }: KeptIn,
  { onFolded, busyCores = 0 }: AggregateOptions = {},
): Aggregate {
  return startAggregate({
    log,
    keys,
    shards: folders.shards,
    batchRecords: settings.batchRecords,
    ...(onFolded === undefined ? {} : { onFolded }),
    threads: {
      count: Math.max(1, Math.min(4, availableParallelism() - busyCores)),
      log: { dir: folders.log, closedDir: folders.closedLog },
    },
  });
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
    aggregate ??= aggregateFor(store, options);
    try {
      await aggregate.keep(trial);
      return 'here';
    } catch (error) {
      if (!(error instanceof StoreInUse)) throw error;
      return /process \d+/.exec(error.message)?.[0] ?? 'another process';
    }
  };

  /** By partition, up to where the tallies of this version reach. */
  const reached = async ({ protocol }: PublishedTrial): Promise<readonly number[]> => {
    const { positions } = await readTallies(store.log, protocol, 'open');
    return positions.map((at) =>
      at !== undefined && at.protocolVersion >= protocol.version && at.foldVersion >= foldVersion ? at.offset : 0,
    );
  };

  /** Waits for the watermark while another process moves it; answers `here` if that one let go and the shards are kept here now. */
  const watch = async (trial: PublishedTrial, ends: readonly number[], keeper: string): Promise<string> => {
    const progress = progressOn(process.stderr);
    const seconds = store.settings.waitSeconds;
    const began = performance.now();
    let [movedAt, triedAt, before] = [began, began, ''];
    try {
      for (;;) {
        const at = await reached(trial);
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
