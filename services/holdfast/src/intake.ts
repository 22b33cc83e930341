import { availableParallelism } from 'node:os';
import { type Aggregate, startAggregate } from '@holdfast/aggregate';
import { type Door, type ImportedClock, importedClock, openDoor, type Verdict } from '@holdfast/ingest';
import { topicsOf } from '@holdfast/trials';
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
}

export type IntakeOptions = {
  readonly ownRecords?: boolean;
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

/** Runs an intake and stops it whatever happens. */
export async function withIntake<T>(
  store: Store,
  options: IntakeOptions,
  work: (intake: Intake) => Promise<T>,
): Promise<T> {
  const { log, trials } = store;
  const door = await openDoor({ log, trials, now: () => new Date(), ownRecords: options.ownRecords ?? false });
  const clocks = new Map<string, ImportedClock>();
  let aggregate: Aggregate | undefined;
  let admitted = 0;

  /** Takes on a trial before its first event is appended: a store in use, or a key that is missing, shows while nothing has happened. */
  const keep = async (trial: string): Promise<ImportedClock> => {
    const known = clocks.get(trial);
    if (known !== undefined) return known;
    const published = chooseTrial(store, trial);
    aggregate ??= aggregateFor(store);
    await aggregate.keep(published);
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
    async finish() {
      for (const [trial, clock] of clocks) {
        const { protocol } = chooseTrial(store, trial);
        const date = protocol.clock === 'imported' && options.ownRecords !== true ? clock.date() : undefined;
        if (date !== undefined) await door.turnDay(trial, date);
        await aggregate?.caughtUp(trial, await log.ends(topicsOf(protocol).events.name));
      }
    },
  };
  try {
    return await work(intake);
  } finally {
    await aggregate?.stop();
  }
}
