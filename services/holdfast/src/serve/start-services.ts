import type { Folded, ShardListener } from '@holdfast/aggregate';
import { startClock } from '@holdfast/ingest';
import { type DropFolder, openLiveDoor, startDropFolder } from '@holdfast/ingest/drop';
import { ingestRoutes, type Limits } from '@holdfast/ingest/http';
import { LogUnavailable } from '@holdfast/log';
import { openObjects } from '@holdfast/objects';
import { linkRoutes } from '@holdfast/report';
import { UnusableSetting } from '@holdfast/runtime';
import {
  type Check,
  httpServer,
  type Logger,
  openLogger,
  openMetrics,
  type Running,
  startInOrder,
} from '@holdfast/runtime/server';
import { follow, lookAtSealed, type PublishedTrial, readTrials, registryTopic } from '@holdfast/trials';
import { aggregateFor } from '../folding.ts';
import { givenKeys, type Store } from '../store.ts';
import { observedLog } from './observed-log.ts';
import { serveMetrics } from './serve-metrics.ts';
import { type ServedReports, serveReports } from './serve-reports.ts';
import { keepTrial, type TrialKeeper } from './trial-keeper.ts';

export const serviceNames = ['aggregate', 'clock', 'drop', 'ingest', 'report'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type ServeOptions = {
  /** Which run; all of them by default, `drop` if there is a folder to watch. */
  readonly services?: readonly ServiceName[];
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  readonly logger?: Logger;
  /** The drop folder; a setting names none here, since only `serve` may take in what lies there. */
  readonly drop?: string;
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
  /** Which run. */
  readonly names: readonly ServiceName[];
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

/** What runs where nobody says it. */
const servicesFor = (dropFolder: string | undefined): readonly ServiceName[] =>
  serviceNames.filter((name) => name !== 'drop' || dropFolder !== undefined);

/** What may be logged of a failure of the drop folder: a path holds a file’s name, which may be a participant’s. */
const whyOf = (error: unknown): object =>
  error instanceof Error && 'syscall' in error ? { code: 'code' in error ? error.code : '' } : { err: error };

/** Starts the services on an open store, in order: what folds before what takes in. */
export async function startServices(store: Store, options: ServeOptions = {}): Promise<Services> {
  const { settings } = store;
  const { now = () => new Date(), pauseMs = 200, drop: dropFolder } = options;
  const services = options.services ?? servicesFor(dropFolder);
  const logger = options.logger ?? openLogger({ level: settings.logLevel });
  const metrics = openMetrics();
  const keepers = new Map<string, TrialKeeper>();
  let dropped: DropFolder | undefined;
  let logProblem: string | undefined;
  const measured = serveMetrics(metrics, {
    standings: () => Promise.all([...keepers.values()].map((keeper) => keeper.standing())),
    waitingDeliveries: async () => (await dropped?.waiting().catch(() => Number.NaN)) ?? 0,
    logAnswers: () => logProblem === undefined,
  });
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
    const { first, records, foreign, milliseconds: ms } = batch;
    logger.info(
      { trial, partition, first, last: offset - 1, records, owner, sequence, ms },
      'batch folded and published',
    );
    if (foreign > 0)
      logger.warn(
        { trial, partition, first, last: offset - 1, foreign },
        'records that are no events were set aside; somebody else writes to the topic (`holdfast issues` lists them)',
      );
  };

  const onSnapshot: ShardListener['onSnapshot'] = ({ what, ...told }) =>
    logger[told.why === undefined ? 'info' : 'warn'](told, `snapshot of a shard ${what}`);

  const onContradicted: ShardListener['onContradicted'] = (told) => {
    measured.contradicted(told);
    logger.error(
      told,
      'a shard holds what the log has not: the log was replaced by an older copy, or lost its newest records; the shard is set aside and made of the log anew',
    );
  };

  const onArchived: ShardListener['onArchived'] = (told) => {
    measured.archived(told);
    if (told.why === undefined) logger.debug(told, 'segment archived');
    else logger.warn(told, 'segment not archived; it is tried again');
  };

  /** Threads of its own for each trial: what fails in one leaves the others alone. */
  const openAggregate = async (published: PublishedTrial, told: ShardListener) => {
    const { trial, blinding } = published.protocol;
    const keys = await givenKeys(store);
    const hasKey = published.key !== undefined && keys.get(trial)?.keyId === published.key.keyId;
    if (blinding === 'double' && !hasKey) return undefined;
    return aggregateFor({ ...store, keys }, { ...told, onArchived, isArchiving: true });
  };

  const aggregate = async (): Promise<Running> => {
    const taken = new Map<string, string>();
    const following = await follow(
      log,
      registryTopic,
      async () => {
        for (const [trial, published] of await readTrials(log)) {
          const { version, edition } = published.protocol;
          const what = `${version} ${edition} ${published.key?.keyId}`;
          if (taken.get(trial) === what) continue;
          taken.set(trial, what);
          const known = keepers.get(trial);
          const keeper =
            known ??
            keepTrial(published, {
              log,
              isShared: store.places.log.kind === 'kafka',
              logger,
              openAggregate,
              onFolded,
              onSnapshot,
              onContradicted,
              onFailed: measured.shardFailed,
            });
          keepers.set(trial, keeper);
          measured.keeps(trial);
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

  const drop = async (): Promise<Running> => {
    if (dropFolder === undefined)
      throw new UnusableSetting('the service drop has no folder to watch; name one by --drop DIR or HOLDFAST_DROP');
    const doors = await openLiveDoor({
      log,
      now,
      pauseMs,
      failed: (err) => logger.warn({ err }, 'publications cannot be read; the known ones stay in force'),
    });
    const watching = startDropFolder({
      folder: dropFolder,
      doors,
      now,
      onTaken: (receipt) => {
        measured.delivered(receipt);
        const { delivery, kind, outcome, accepted, rejected, appended } = receipt;
        const said = { delivery, kind, accepted, rejected, appended };
        if (outcome === 'done') logger.info(said, 'delivery taken in');
        else logger.warn(said, 'delivery lies in failed: not all of it was accepted; its receipt says why');
      },
      onFailed: (delivery, error) =>
        logger.error({ delivery, ...whyOf(error) }, 'the drop folder met an error; what passes is tried again'),
      onLeft: (why) => logger.warn(`in the drop folder ${why}`),
    });
    watching.catch(() => doors.stop());
    const folder = await watching;
    dropped = folder;
    return {
      name: 'drop',
      async stop() {
        doors.stop();
        await folder.stop();
      },
    };
  };

  let reports: ServedReports | undefined;
  const report = async (): Promise<Running> => {
    reports = await serveReports(store, { logger, metrics, now });
    return reports;
  };

  const watchLog = async (): Promise<Running> => {
    let chances = logChances;
    let isAsking = false;
    const look = async () => {
      // Where brokers are away an answer takes its time, and who asks meanwhile learns nothing more.
      if (isAsking) return;
      isAsking = true;
      const late = setTimeout(() => {
        logProblem ??= 'does not answer';
      }, logPauseMs);
      try {
        await store.log.topics();
        [logProblem, chances] = [undefined, logChances];
      } catch (error) {
        logProblem = 'cannot be read; the log of this process says more';
        logger.error({ err: error }, 'the event log cannot be read');
        // What may pass is waited for; of what does not, this process may be the cause: started again it may work.
        if (error instanceof LogUnavailable && !error.retryable) chances -= 1;
        if (chances === 0) fail(error);
      } finally {
        clearTimeout(late);
        isAsking = false;
      }
    };
    const timer = setInterval(() => void look(), logPauseMs);
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
      () => (reports === undefined ? [] : [reports.check()]),
    ];
    const app = await httpServer({ logger, metrics, checks });
    if (services.includes('ingest')) {
      const limits = { ...settings.limits, ...options.limits };
      await app.register(ingestRoutes, { log, now, limits, pauseMs, onTakenIn: measured.takenIn });
    }
    if (services.includes('report')) {
      const { objects: open } = store;
      const shelves = { open, closed: await openObjects(store.places.closedObjects) };
      linkRoutes(app, {
        ...{ secrets: settings.delivery.linkSecrets, shelves, now },
        async onClosedLook(trial, question) {
          const published = (await readTrials(log)).get(trial);
          if (published === undefined) throw new Error(`${trial} is not published`);
          await lookAtSealed(store, published, question);
        },
      });
    }
    url = await app.listen({ host: options.host ?? settings.host, port: options.port ?? settings.port });
    return { name: services.includes('ingest') ? 'ingest' : 'http', stop: () => app.close() };
  };

  const starts = [
    watchLog,
    ...(services.includes('aggregate') ? [aggregate] : []),
    ...(services.includes('clock') ? [clock] : []),
    ...(services.includes('drop') ? [drop] : []),
    ...(services.includes('report') ? [report] : []),
    http,
  ];
  const { stop } = await startInOrder(starts, logger);
  return { url, names: services, turnDays: () => turnDays(), failed, stop };
}
