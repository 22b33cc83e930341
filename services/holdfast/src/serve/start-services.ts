import type { Folded } from '@holdfast/aggregate';
import { startClock } from '@holdfast/ingest';
import { ingestRoutes, type Limits } from '@holdfast/ingest/http';
import { LogUnavailable } from '@holdfast/log';
import {
  type Check,
  httpServer,
  type Logger,
  openLogger,
  openMetrics,
  type Running,
  startInOrder,
} from '@holdfast/runtime/server';
import { follow, type PublishedTrial, readTrials, registryTopic } from '@holdfast/trials';
import { aggregateFor } from '../folding.ts';
import { givenKeys, type Store } from '../store.ts';
import { observedLog } from './observed-log.ts';
import { serveMetrics } from './serve-metrics.ts';
import { keepTrial, type TrialKeeper } from './trial-keeper.ts';

export const serviceNames = ['aggregate', 'clock', 'ingest'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type ServeOptions = {
  /** Which run; all of them by default. */
  readonly services?: readonly ServiceName[];
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  readonly logger?: Logger;
  /** What the door stamps and the clock turns by. */
  readonly now?: () => Date;
  readonly limits?: Partial<Limits>;
  /** How soon publications, tokens and keys take effect. */
  readonly pauseMs?: number;
};

/** The services of one process. */
export interface Services {
  /** Where the door and the routes of operations are. */
  readonly url: string;
  /** Turns the days that have begun by now, as the clock does by itself every few seconds. */
  turnDays(): Promise<void>;
  /** Rejects when nothing useful can go on. Nobody has to look at it. */
  readonly failed: Promise<never>;
  /** Stops all in reverse order: first no more is taken in, then what is folded is committed. */
  stop(): Promise<void>;
}

/** How often the log is looked at, and how often it may not answer before nothing useful can go on. */
const logPauseMs = 2_000;
const logChances = 5;

/** Starts the services on an open store, in order: what folds before what takes in. */
export async function startServices(store: Store, options: ServeOptions = {}): Promise<Services> {
  const { settings } = store;
  const { services = serviceNames, now = () => new Date(), pauseMs = 200 } = options;
  const logger = options.logger ?? openLogger({ level: settings.logLevel });
  const metrics = openMetrics();
  const keepers = new Map<string, TrialKeeper>();
  const measured = serveMetrics(metrics, () => Promise.all([...keepers.values()].map((keeper) => keeper.standing())));
  const log = observedLog(store.log, measured.appended);

  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const onFolded = (folded: Folded): void => {
    measured.folded(folded);
    const { trial, partition, offset, owner, sequence, batch } = folded;
    if (batch === undefined) {
      logger.info({ trial, partition, offset, owner, sequence }, 'shard claimed');
      return;
    }
    const { first, records, milliseconds: ms } = batch;
    logger.info(
      { trial, partition, first, last: offset - 1, records, owner, sequence, ms },
      'batch folded and published',
    );
  };

  /** Threads of its own for each trial: what fails in one leaves the others alone. */
  const openAggregate = async (published: PublishedTrial, onFoldedHere: (folded: Folded) => void) => {
    const { trial, blinding } = published.protocol;
    const keys = await givenKeys(store);
    const hasKey = published.key !== undefined && keys.get(trial)?.keyId === published.key.keyId;
    if (blinding === 'double' && !hasKey) return undefined;
    return aggregateFor({ ...store, keys }, onFoldedHere);
  };

  const aggregate = async (): Promise<Running> => {
    const taken = new Map<string, string>();
    const following = await follow(
      log,
      registryTopic,
      async () => {
        for (const [trial, published] of await readTrials(log)) {
          const what = `${published.protocol.version} ${published.key?.keyId}`;
          if (taken.get(trial) === what) continue;
          taken.set(trial, what);
          const known = keepers.get(trial);
          const keeper =
            known ?? keepTrial(published, { log, logger, openAggregate, onFolded, onFailed: measured.shardFailed });
          keepers.set(trial, keeper);
          // Trials are opened side by side, and the door need not wait for any.
          void keeper.keep(published);
        }
      },
      { pauseMs, failed: (err) => logger.warn({ err }, 'publications cannot be read; the known ones stay in force') },
    );
    return {
      name: 'aggregate',
      async stop() {
        following.stop();
        await Promise.all([...keepers.values()].map((keeper) => keeper.stop()));
      },
    };
  };

  let turnDays = async (): Promise<void> => undefined;
  const clock = async (): Promise<Running> => {
    const { look, stop } = await startClock({
      log,
      now,
      onTurned: (trial, date) => {
        measured.dayTurned(trial);
        logger.info({ trial, date }, 'day turned');
      },
      onFailed: (trial, err) => logger.error({ trial, err }, 'a day could not be turned; it is tried again'),
    });
    turnDays = look;
    return { name: 'clock', stop };
  };

  let logProblem: string | undefined;
  const watchLog = async (): Promise<Running> => {
    let chances = logChances;
    const timer = setInterval(async () => {
      try {
        await store.log.topics();
        [logProblem, chances] = [undefined, logChances];
      } catch (error) {
        logProblem = 'cannot be read; the log of this process says more';
        logger.error({ err: error }, 'the event log cannot be read');
        chances -= 1;
        // Started again it may work; here it will not.
        if (chances === 0 && error instanceof LogUnavailable) fail(error);
      }
    }, logPauseMs);
    return {
      name: 'log',
      async stop() {
        clearInterval(timer);
      },
    };
  };

  let url = '';
  const http = async (): Promise<Running> => {
    const checks: Check[] = [
      () => [{ name: 'log', ...(logProblem === undefined ? {} : { problem: logProblem }) }],
      () => [...keepers.values()].map((keeper) => keeper.check()),
    ];
    const app = await httpServer({ logger, metrics, checks });
    if (services.includes('ingest')) {
      const limits = { ...settings.limits, ...options.limits };
      await app.register(ingestRoutes, { log, now, limits, pauseMs, onTakenIn: measured.takenIn });
    }
    url = await app.listen({ host: options.host ?? settings.host, port: options.port ?? settings.port });
    return { name: services.includes('ingest') ? 'ingest' : 'http', stop: () => app.close() };
  };

  const starts = [
    watchLog,
    ...(services.includes('aggregate') ? [aggregate] : []),
    ...(services.includes('clock') ? [clock] : []),
    http,
  ];
  const { stop } = await startInOrder(starts, logger);
  return { url, turnDays: () => turnDays(), failed, stop };
}
