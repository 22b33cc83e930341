import { constants } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import type { Shard, TakenIn } from '@holdfast/shards';
import { inTime } from './in-time.ts';
import { isWorthMoving, type Snapshots, type SnapshotsOptions, snapshotsOf } from './snapshots.ts';
import { whyOf } from './why-of.ts';

/** What is so far ahead of the last snapshot, after so long. */
export type SinceSnapshot = { readonly offset: number; readonly before: number; readonly ms: number };
export type SnapshotPace = (since: SinceSnapshot) => boolean;

/**
 * When a quarter of a shard is new it is worth storing anew, so however long a trial grows, a few times its size is written; else after a
 * quarter of an hour. What came after the last snapshot is folded again by who restores it.
 */
export const usualPace: SnapshotPace = ({ offset, before, ms }) =>
  (ms >= 10_000 && (offset - before) * 4 >= offset) || (ms >= 900_000 && isWorthMoving(offset, before));

/** How long giving back a shard may wait for its last snapshot: a stop has ten seconds in all. */
const givingBackMs = 5_000;
/** How long it waits for what it has given up: requests that are under way. */
const givingUpMs = 1_000;

/** What became of a snapshot. Nothing in it depends on what events say. */
export type SnapshotTold = {
  readonly trial: string;
  readonly partition: number;
  readonly what: 'stored' | 'restored' | 'passed over' | 'not stored';
  readonly offset: number | undefined;
  /** Why, where it failed. */
  readonly why: string | undefined;
};

export type KeptSnapshots = Pick<SnapshotsOptions, 'objects' | 'partBytes'> & {
  readonly pace?: SnapshotPace;
  readonly onTold?: (told: SnapshotTold) => void;
};

/** The snapshots of a shard that is kept here, from before it is opened until after it is closed. None of it ever fails. */
export interface SnapshotKeeper {
  /** Puts a snapshot in the place of the file if it is further on, or the log has not what the file took in. */
  restore(isOfLog: (takenIn: TakenIn) => Promise<boolean>): Promise<void>;
  /** After a batch: stores a snapshot if it is time; waits only until the file is copied. */
  folded(shard: Shard): Promise<void>;
  /** Gives up what is being stored, before the shard is closed. */
  stop(): Promise<void>;
  /** After the shard was closed: stores what came since the last snapshot, if it does not take too long. */
  givenBack(takenIn: TakenIn): Promise<void>;
}

export function keepSnapshots(
  file: string,
  { pace = usualPace, onTold = () => undefined, ...stored }: KeptSnapshots,
  shard: Omit<SnapshotsOptions, 'objects' | 'partBytes'>,
): SnapshotKeeper {
  const { trial, partition } = shard;
  const snapshots: Snapshots = snapshotsOf({ ...stored, ...shard });
  const copy = `${file}.snapshot`;
  const tell = (what: SnapshotTold['what'], offset?: number, error?: unknown) =>
    onTold({ trial, partition, what, offset, why: error === undefined ? undefined : whyOf(error) });
  let last = { offset: 0, at: performance.now() };
  let storing: { readonly done: Promise<void>; readonly given: AbortController } | undefined;

  const store = async (from: string, takenIn: TakenIn, given: AbortSignal): Promise<void> => {
    const { offset } = takenIn;
    try {
      await snapshots.save(from, takenIn, given);
      last = { offset, at: performance.now() };
      tell('stored', offset);
    } catch (error) {
      last = { ...last, at: performance.now() }; // not again at once
      tell('not stored', offset, error);
    }
  };

  /** Stores the copy in the background, until it is done or given up. */
  const begin = (takenIn: TakenIn) => {
    const given = new AbortController();
    const done = store(copy, takenIn, given.signal)
      .then(() => rm(copy, { force: true }))
      .finally(() => {
        storing = undefined;
      });
    storing = { done, given };
    return storing;
  };

  return {
    async restore(isOfLog) {
      await rm(copy, { force: true }); // of a process that was killed
      const { newest, restored } = await snapshots.restore(file, {
        isOfLog,
        onPassedOver: (error) => tell('passed over', undefined, error),
      });
      last = { offset: restored ?? newest ?? 0, at: performance.now() };
      if (restored !== undefined) tell('restored', restored);
    },

    async folded(kept) {
      const { takenIn } = kept;
      const { offset } = takenIn;
      if (storing !== undefined || !pace({ offset, before: last.offset, ms: performance.now() - last.at })) return;
      try {
        await rm(copy, { force: true });
        await kept.copyTo(copy);
      } catch (error) {
        await rm(copy, { force: true });
        last = { ...last, at: performance.now() };
        return tell('not stored', offset, error);
      }
      begin(takenIn);
    },

    async stop() {
      storing?.given.abort();
      await inTime(storing?.done, givingUpMs);
    },

    async givenBack(takenIn) {
      const { offset } = takenIn;
      if (!isWorthMoving(offset, last.offset)) return;
      try {
        // Of a copy: whoever gets the shard next, maybe here, opens the file at once when this took too long.
        await rm(copy, { force: true });
        await copyFile(file, copy, constants.COPYFILE_FICLONE);
      } catch (error) {
        await rm(copy, { force: true });
        return tell('not stored', offset, error);
      }
      const { done, given } = begin(takenIn);
      await inTime(done, givingBackMs);
      given.abort();
    },
  };
}
