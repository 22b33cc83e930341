import { type Accepted, type Door, datesToTurn, type ImportedClock, importedClock, openDoor } from '@holdfast/ingest';
import { StoreInUse } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { aggregateFor, canBeFolded, foldingOn, haveWorkers } from './folding.ts';
import { inLogInForce } from './log-in-force.ts';
import { chooseTrial, type Store } from './store.ts';

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

/** The shards of this trial are kept by another process: who wants them for itself is told so, and what to do. */
function saidPlainly(error: unknown): never {
  const holder = error instanceof StoreInUse ? /process (\d+)/.exec(error.message)?.[1] : undefined;
  if (holder === undefined) throw error;
  throw new CommandFailed(
    `another process (pid ${holder}: \`holdfast serve\`, or an import or ingest) keeps the shards of this store; stop it or wait until it ends, then repeat this command`,
    { cause: error },
  );
}

/** Drops a trial's shards and refills them from its log; answers up to where. */
export async function refillShards(store: Store, trial: PublishedTrial): Promise<readonly number[]> {
  if (await haveWorkers(store, trial))
    throw new CommandFailed(
      `workers keep the shards of ${trial.protocol.trial}; stop them (\`holdfast serve aggregate\`), then repeat this command`,
    );
  const ends = await store.log.ends(topicsOf(trial.protocol).events.name);
  const aggregate = aggregateFor(store);
  try {
    await aggregate.keep(trial, { anew: true }).catch(saidPlainly);
    await aggregate.caughtUp(trial.protocol.trial, ends);
  } finally {
    await aggregate.stop();
  }
  return ends;
}

/**
 * Brings a trial's shards to the end of its log, or waits until whoever keeps them has done so. Those of a new protocol or fold
 * version are built beside the old ones, which answer until then.
 */
export async function buildShards(store: Store, trial: PublishedTrial): Promise<void> {
  await inLogInForce(store, trial, async (now) => {
    const ends = await store.log.ends(topicsOf(now.protocol).events.name);
    const folding = foldingOn(store);
    try {
      await folding.upTo(now, ends);
    } finally {
      await folding.stop();
    }
  });
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
  // Reading and judging what comes keeps a core busy as long as it lasts.
  let folding = foldingOn(store, { busyCores: 1 });
  let admitted = 0;

  const unfolded: string[] = [];
  /** Takes on a trial before its first event is appended: it is folded from the first batch on. */
  const keep = async (trial: string): Promise<ImportedClock> => {
    const known = clocks.get(trial);
    if (known !== undefined) return known;
    const published = chooseTrial(store, trial);
    if (await canBeFolded(store, published)) await folding.begin(published);
    else unfolded.push(trial);
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
        const published = chooseTrial(store, trial);
        await inLogInForce(store, published, async (now) => {
          const { protocol } = now;
          const imported = () => [clock.date() ?? []].flat();
          const dates = async () =>
            protocol.clock === 'imported' ? imported() : datesToTurn(log, protocol, new Date());
          if (options.ownClock !== true) for (const date of await dates()) await door.turnDay(trial, date);
          if (unfolded.includes(trial)) return;
          if (protocol.edition !== published.protocol.edition) {
            await folding.stop();
            folding = foldingOn(store, { busyCores: 1 });
          }
          await folding.upTo(now, await log.ends(topicsOf(protocol).events.name));
        });
      }
    },
  };
  try {
    return await work(intake);
  } finally {
    await folding.stop();
  }
}
