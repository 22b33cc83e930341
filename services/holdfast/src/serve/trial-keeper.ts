import type { Aggregate, Folded, ShardListener } from '@holdfast/aggregate';
import type { EventLog } from '@holdfast/log';
import type { CheckResult, Logger } from '@holdfast/runtime/server';
import { type PublishedTrial, readTallies, topicsOf } from '@holdfast/trials';

/** How far a trial's tallies are, of those partitions whose shards are kept here; of all while none is. */
export type TrialStanding = {
  readonly trial: string;
  readonly partitions: readonly {
    readonly partition: number;
    /** What the published tallies include. */
    readonly offset: number;
    readonly end: number;
  }[];
  /** How long ago they last included all of the log; 0 while they do. */
  readonly behindForMs: number;
};

export type TrialKeeperOptions = {
  readonly log: EventLog;
  /** Whether other machines may keep some of the shards. */
  readonly isShared?: boolean;
  readonly logger: Logger;
  /** An aggregate for this trial alone, or undefined while there is no key to fold it with. */
  readonly openAggregate: (trial: PublishedTrial, told: ShardListener) => Promise<Aggregate | undefined>;
  readonly onFolded: (folded: Folded) => void;
  readonly onSnapshot?: ShardListener['onSnapshot'];
  readonly onContradicted?: ShardListener['onContradicted'];
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
  const { log, isShared = false, openAggregate, onFolded, onFailed, retryMs = 500 } = options;
  const { trial } = first.protocol;
  const logger = options.logger.child({ trial });
  let published = first;
  /** A log that was rewritten lies elsewhere. */
  const topic = () => topicsOf(published.protocol).events.name;
  let state: State = { is: 'opening' };
  let aggregate: Aggregate | undefined;
  let isStopped = false;
  let pauseMs = retryMs;
  let timer: NodeJS.Timeout | undefined;
  let changing: Promise<void> = Promise.resolve();
  /** By partition that is ours: what its published tallies include; undefined before its shard has claimed. */
  let held = new Map<number, number | undefined>();
  /** Whether all shards have claimed since the start: what comes after that is built beside them. */
  let hasAnswered = false;
  let includedAllAt = Date.now();
  /** The ends at some instant: once the tallies include them, they include all that was there then. */
  let mark: { readonly ends: readonly number[]; readonly at: number } | undefined;
  type Offsets = ReadonlyMap<number, number | undefined>;
  const include = (known: Offsets, ends: readonly number[]) =>
    [...known].every(([partition, offset]) => (offset ?? 0) >= (ends[partition] ?? 0));
  const look = async (known: Offsets): Promise<readonly number[]> => {
    const ends = await log.ends(topic());
    if (include(known, ends)) [includedAllAt, mark] = [Date.now(), undefined];
    else mark ??= { ends, at: Date.now() };
    return ends;
  };
  // What cannot be read is seen by whoever asks how the log stands.
  const ticking = setInterval(() => {
    if (state.is === 'kept') look(held).catch(() => undefined);
  }, 1_000).unref();

  /** How many of our shards have not claimed yet. */
  const missing = () => [...held.values()].filter((offset) => offset === undefined).length;

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
    // Shards that nobody else can have will all be ours.
    const all = isShared ? [] : Array.from({ length: published.protocol.partitions }, (_, partition) => partition);
    const ours = new Map<number, number | undefined>(all.map((partition) => [partition, undefined]));
    held = ours;
    let opened: Aggregate | undefined;
    try {
      opened = await openAggregate(published, {
        ...(options.onSnapshot && { onSnapshot: options.onSnapshot }),
        ...(options.onContradicted && { onContradicted: options.onContradicted }),
        onTaken: (_, partition) => ours.set(partition, undefined),
        onGiven: (_, partition) => ours.delete(partition),
        onFolded(folded) {
          ours.set(folded.partition, folded.offset);
          pauseMs = retryMs;
          hasAnswered ||= missing() === 0;
          if (mark !== undefined && include(ours, mark.ends)) {
            [includedAllAt, mark] = [mark.at, undefined];
            look(ours).catch(() => undefined);
          }
          onFolded(folded);
        },
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
      const ends = await log.ends(topic());
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
      if (to.protocol.edition !== published.protocol.edition) mark = undefined;
      published = to;
      await close();
      if (!isStopped) await open();
    });
    return changing;
  };

  const standing = async (): Promise<TrialStanding> => {
    const read = async () => (await readTallies(log, published.protocol, 'open')).positions;
    const known = state.is === 'kept' ? held : new Map((await read()).map((at, partition) => [partition, at?.offset]));
    const ends = await look(known);
    const behindForMs = mark === undefined ? 0 : Date.now() - includedAllAt;
    const partitions = [...known]
      .sort(([a], [b]) => a - b)
      .map(([partition, offset]) => ({ partition, offset: offset ?? 0, end: ends[partition] ?? 0 }));
    return { trial, partitions, behindForMs };
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
          const { version } = published.protocol;
          const waiting = missing();
          if (waiting === 0) return { name };
          const what = `${waiting} of ${held.size} are being refilled from the log by version ${version}`;
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
