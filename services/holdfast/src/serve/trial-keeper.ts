import type { Aggregate, Folded } from '@holdfast/aggregate';
import type { EventLog } from '@holdfast/log';
import type { CheckResult, Logger } from '@holdfast/runtime/server';
import { type PublishedTrial, readTallies, topicsOf } from '@holdfast/trials';

/** How far a trial's tallies are. */
export type TrialStanding = {
  readonly trial: string;
  /** By partition: what the published tallies include. */
  readonly offsets: readonly number[];
  readonly ends: readonly number[];
  /** How long ago they last included all of the log; 0 while they do. */
  readonly behindForMs: number;
};

export type TrialKeeperOptions = {
  readonly log: EventLog;
  readonly logger: Logger;
  /** An aggregate for this trial alone, or undefined while there is no key to fold it with. */
  readonly openAggregate: (trial: PublishedTrial, onFolded: (folded: Folded) => void) => Promise<Aggregate | undefined>;
  readonly onFolded: (folded: Folded) => void;
  readonly onFailed: (trial: string) => void;
  /** First pause before shards that failed are opened again; doubled each time, up to a minute. */
  readonly retryMs?: number;
};

/** Keeps one trial's shards: follows its protocol, and opens the shards again when they fail. */
export interface TrialKeeper {
  /** Folds by this publication from now on; resolves when it was taken up or has failed to be. */
  keep(published: PublishedTrial): Promise<void>;
  check(): CheckResult;
  standing(): Promise<TrialStanding>;
  stop(): Promise<void>;
}

type State =
  | { readonly is: 'opening' }
  | { readonly is: 'kept' }
  | { readonly is: 'without key' }
  | { readonly is: 'failed'; readonly why: string };

const longestPauseMs = 60_000;
/** How often it looks whether the key was given, or another process has let go of the shards. */
const keyPauseMs = 5_000;
const takeOverMs = 500;

const codeOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error ? String(error.code) : error.name) : 'unknown';

export function keepTrial(first: PublishedTrial, options: TrialKeeperOptions): TrialKeeper {
  const { log, openAggregate, onFolded, onFailed, retryMs = 500 } = options;
  const { trial } = first.protocol;
  const logger = options.logger.child({ trial });
  const { name: topic } = topicsOf(first.protocol).events;
  let published = first;
  let state: State = { is: 'opening' };
  let aggregate: Aggregate | undefined;
  let isStopped = false;
  let pauseMs = retryMs;
  let timer: NodeJS.Timeout | undefined;
  let changing: Promise<void> = Promise.resolve();
  let offsets: number[] = [];
  /** Whether all shards have claimed since the start: what comes after that is built beside them. */
  let hasAnswered = false;
  let includedAllAt = Date.now();
  /** The ends at some instant: once the tallies include them, they include all that was there then. */
  let mark: { readonly ends: readonly number[]; readonly at: number } | undefined;
  const include = (known: readonly number[], ends: readonly number[]) =>
    ends.every((end, partition) => (known[partition] ?? 0) >= end);
  const look = async (known: readonly number[]): Promise<readonly number[]> => {
    const ends = await log.ends(topic);
    if (include(known, ends)) [includedAllAt, mark] = [Date.now(), undefined];
    else mark ??= { ends, at: Date.now() };
    return ends;
  };
  // What cannot be read is seen by whoever asks how the log stands.
  const ticking = setInterval(() => {
    if (state.is === 'kept') look(offsets).catch(() => undefined);
  }, 1_000).unref();

  /** Partitions whose shard has not claimed yet. */
  const missing = () =>
    Array.from({ length: published.protocol.partitions }, (_, p) => p).filter((p) => offsets[p] === undefined);

  const close = async (): Promise<void> => {
    clearTimeout(timer);
    const open = aggregate;
    aggregate = undefined;
    // A thread that died cannot stop in order, and its shards are closed by then.
    await open?.stop().catch((error: unknown) => logger.warn({ err: error }, 'the shards did not close cleanly'));
  };

  const fail = (error: unknown): void => {
    const why = codeOf(error);
    const codeBefore = state.is === 'failed' ? state.why : undefined;
    if (why === 'HF_STORE_IN_USE') {
      if (codeBefore !== why)
        logger.warn({ err: error }, 'another process keeps the shards; they are taken over when it ends');
      state = { is: 'failed', why };
      openLater(takeOverMs);
      return;
    }
    state = { is: 'failed', why };
    onFailed(trial);
    logger.error({ err: error, againInMs: pauseMs }, 'the shards failed; they are opened again');
    openLater(pauseMs);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  };

  const openLater = (ms: number): void => {
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void change(published), ms);
  };

  const open = async (): Promise<void> => {
    const before = state;
    if (before.is === 'kept' && !hasAnswered) state = { is: 'opening' };
    offsets = [];
    let opened: Aggregate | undefined;
    try {
      opened = await openAggregate(published, (folded) => {
        offsets[folded.partition] = folded.offset;
        pauseMs = retryMs;
        hasAnswered ||= missing().length === 0;
        if (mark !== undefined && include(offsets, mark.ends)) {
          [includedAllAt, mark] = [mark.at, undefined];
          look(offsets).catch(() => undefined);
        }
        onFolded(folded);
      });
      if (opened === undefined) {
        if (before.is !== 'without key')
          logger.warn('double-blind, and its key is not given: events are taken in, but not folded (--key)');
        state = { is: 'without key' };
        return openLater(keyPauseMs);
      }
      aggregate = opened;
      await opened.keep(published);
      state = { is: 'kept' };
      const { version } = published.protocol;
      const now = opened;
      now.failed.catch((error: unknown) => {
        if (aggregate === now) fail(error);
      });
      const ends = await log.ends(topic);
      // In the background: shards of other versions go once all of these have claimed.
      now.caughtUp(trial, ends).then(
        () => logger.info({ version }, 'the shards have caught up with the log'),
        () => undefined,
      );
    } catch (error) {
      fail(error);
    }
  };

  /** One change at a time: what was open is closed before it is opened by another publication, or again. */
  const change = (to: PublishedTrial): Promise<void> => {
    changing = changing.then(async () => {
      published = to;
      await close();
      if (!isStopped) await open();
    });
    return changing;
  };

  const standing = async (): Promise<TrialStanding> => {
    const known =
      state.is === 'kept'
        ? offsets
        : (await readTallies(log, published.protocol, 'open')).positions.map((position) => position?.offset ?? 0);
    const ends = await look(known);
    const behindForMs = mark === undefined ? 0 : Date.now() - includedAllAt;
    return { trial, offsets: ends.map((_, p) => known[p] ?? 0), ends, behindForMs };
  };

  return {
    async keep(next) {
      if (next.protocol.version !== published.protocol.version) pauseMs = retryMs;
      await change(next);
    },
    check() {
      const name = `shards of ${trial}`;
      switch (state.is) {
        case 'opening':
          return { name, problem: 'are being opened' };
        case 'failed':
          return {
            name,
            problem:
              state.why === 'HF_STORE_IN_USE'
                ? 'another process keeps them'
                : `failed (${state.why}); the log says more`,
          };
        case 'without key':
          return { name, note: 'not folded: double-blind, and its key is not given here; events are taken in' };
        case 'kept': {
          const { partitions, version } = published.protocol;
          const waiting = missing();
          if (waiting.length === 0) return { name };
          const what = `${waiting.length} of ${partitions} are being refilled from the log by version ${version}`;
          return hasAnswered ? { name, note: `${what}; the one before it answers` } : { name, problem: what };
        }
      }
    },
    standing,
    async stop() {
      isStopped = true;
      clearInterval(ticking);
      clearTimeout(timer);
      await changing;
      await close();
    },
  };
}
