import { availableParallelism } from 'node:os';
import { type Aggregate, startAggregate } from '@holdfast/aggregate';
import { type Door, datesToTurn, type ImportedClock, importedClock, openDoor, type Verdict } from '@holdfast/ingest';
import { StoreInUse } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { chooseTrial, type Store } from './store.ts';

type Accepted = Extract<Verdict, { accepted: true }>;

/** Door and aggregate side by side: what is admitted is durable at once, and folded on the second core meanwhile. */
export interface Intake {
  readonly door: Door;
  admit(accepted: readonly Accepted[]): Promise<void>;
  /** Events admitted so far. */
  readonly admitted: number;
  /** Turns the day of finished trials, and resolves when everything is committed and published. */
  finish(): Promise<void>;
  /** Trials that something was admitted of. */
  readonly touched: readonly string[];
  /** Double-blind trials that events were taken in of, but without whose key nothing could be folded. */
  readonly unfolded: readonly string[];
}

export type IntakeOptions = {
  /** Whether the trial's clock comes with the events (a replayed log, a simulated trial); else it is turned when all is taken in. */
  readonly ownClock?: boolean;
};

/** The aggregate on this store, its shards shared by threads: one core is left to whoever appends. */
export function aggregateFor({ log, folders, keys, settings }: Store): Aggregate {
  return startAggregate({
    log,
    keys,
    shards: folders.shards,
    batchRecords: settings.batchRecords,
    threads: {
      count: Math.max(1, Math.min(4, availableParallelism() - 1)),
      log: { dir: folders.log, closedDir: folders.closedLog },
    },
  });
}

/** A store that another command holds is said so, and what to do. */
function saidPlainly(error: unknown): never {
  const holder = error instanceof StoreInUse ? /process (\d+)/.exec(error.message)?.[1] : undefined;
  if (holder === undefined) throw error;
  throw new CommandFailed(
    `another import or ingest (pid ${holder}) is running on this store; wait until it ends, then repeat this command`,
    { cause: error },
  );
}

/**
 * Brings a trial's shards to the end of its log: those of a new protocol or fold version are built beside the old ones, which answer
 * until then. `anew` drops the shards of this version first.
 */
export async function buildShards(
  store: Store,
  trial: PublishedTrial,
  options: { readonly anew?: boolean } = {},
): Promise<readonly number[]> {
  const ends = await store.log.ends(topicsOf(trial.protocol).events.name);
  const aggregate = aggregateFor(store);
  try {
    await aggregate.keep(trial, options).catch(saidPlainly);
    await aggregate.caughtUp(trial.protocol.trial, ends);
  } finally {
    await aggregate.stop();
  }
  return ends;
}

/** Runs an intake and stops it whatever happens. */
export async function withIntake<T>(
  store: Store,
  options: IntakeOptions,
  work: (intake: Intake) => Promise<T>,
): Promise<T> {
  const { log, trials } = store;
  const door = await openDoor({ log, trials, now: () => new Date(), ownRecords: options.ownClock ?? false });
  const clocks = new Map<string, ImportedClock>();
  let aggregate: Aggregate | undefined;
  let admitted = 0;

  const unfolded: string[] = [];
  const keepFolding = async (trial: PublishedTrial): Promise<void> => {
    aggregate ??= aggregateFor(store);
    await aggregate.keep(trial).catch(saidPlainly);
  };

  /** Takes on a trial before its first event is appended, so that a store in use shows while nothing has happened. */
  const keep = async (trial: string): Promise<ImportedClock> => {
    const known = clocks.get(trial);
    if (known !== undefined) return known;
    const published = chooseTrial(store, trial);
    if (published.protocol.blinding === 'double' && !store.keys.has(trial)) unfolded.push(trial);
    else await keepFolding(published);
    const clock = importedClock(published.protocol);
    clocks.set(trial, clock);
    return clock;
  };

  const intake: Intake = {
    door,
    async admit(accepted) {
      for (const { event, trial } of accepted) (clocks.get(trial) ?? (await keep(trial))).see(event);
      await door.admit(accepted);
      admitted += accepted.length;
    },
    get admitted() {
      return admitted;
    },
    get touched() {
      return [...clocks.keys()];
    },
    unfolded,
    async finish() {
      for (const [trial, clock] of clocks) {
        const { protocol } = chooseTrial(store, trial);
        const imported = () => [clock.date() ?? []].flat();
        const dates = async () => (protocol.clock === 'imported' ? imported() : datesToTurn(log, protocol, new Date()));
        if (options.ownClock !== true) for (const date of await dates()) await door.turnDay(trial, date);
        if (!unfolded.includes(trial)) await aggregate?.caughtUp(trial, await log.ends(topicsOf(protocol).events.name));
      }
    },
  };
  try {
    return await work(intake);
  } finally {
    await aggregate?.stop();
  }
}
