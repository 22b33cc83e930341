import { access, constants, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LiveDoor } from '../live-door.ts';
import { hasMapping, isUnchanged, type Lying, lyingAt, mappingFile } from './delivered.ts';
import { deliveredIn, takeDelivery } from './delivery.ts';
import { type Receipt, readReceipt } from './receipt.ts';

export type DropFolderOptions = {
  /** The folder with `incoming`, `working`, `done` and `failed`; made if it is not there. */
  readonly folder: string;
  readonly doors: LiveDoor;
  readonly now?: () => Date;
  /** Told of each delivery when it lies in `done` or `failed`. */
  readonly onTaken: (receipt: Receipt) => void;
  /** Told of each failure; `delivery` is the name of its folder in `working`, if it came that far. All but a defect of ours is tried again. */
  readonly onFailed: (delivery: string | undefined, error: unknown) => void;
  /** Told once of each thing in `incoming` that is left alone, and why. Its name may be a participant's. */
  readonly onLeft: (why: string) => void;
  /** What lies unchanged for so long is taken to be whole. */
  readonly pauseMs?: number;
};

export interface DropFolder {
  /** Takes in what is whole by now; resolves when all of it lies in `done` or `failed`. */
  look(): Promise<void>;
  /** How many things lie in `incoming` and `working`. */
  waiting(): Promise<number>;
  stop(): Promise<void>;
}

const rooms = ['incoming', 'working', 'done', 'failed'] as const;

/** Rounds that what failed is left alone for: doubled each time, up to this. */
const mostRounds = 32;

/** What is written under such a name is not finished yet. */
const isUnfinished = (name: string) => name.startsWith('.') || /\.(part|tmp)$/i.test(name);

/** When something was claimed, as a name that sorts. */
const stampOf = (time: Date) => time.toISOString().replace(/[-:.]/g, '');
const isStamp = (name: string) => /^\d{8}T\d{9}Z$/.test(name);

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Makes the rooms. Closed events may lie there in clear: they are made for their owner alone. */
async function makeRooms(folder: string): Promise<void> {
  for (const room of rooms) {
    const path = join(folder, room);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  }
}

/**
 * Watches a folder and takes in what is put into `incoming`: files of events, and folders of tables with their mapping. What is
 * whole is claimed by being moved to `working`, taken in, given a receipt, and moved to `done` or `failed`. After a crash, what lies in `working`
 * is taken in again, which changes nothing: events count once.
 */
export async function startDropFolder(options: DropFolderOptions): Promise<DropFolder> {
  const { folder, doors, now = () => new Date(), onTaken, onFailed, onLeft, pauseMs = 2_000 } = options;
  const [incoming, working] = [join(folder, 'incoming'), join(folder, 'working')];
  await makeRooms(folder);
  const stopping = new AbortController();
  const isStopped = () => stopping.signal.aborted;
  /** How things lay at the last look. */
  let before = new Map<string, Lying>();
  const left = new Set<string>();
  const failing = new Map<string, { rounds: number; until: number }>();
  let round = 0;
  let isFailing = false;
  let lastClaim = 0;

  const sameAs = async (digest: string): Promise<readonly string[]> => {
    const ids = await Promise.all(['done', 'failed'].map((room) => readdir(join(folder, room))));
    return ids
      .flat()
      .filter((id) => id.endsWith(`-${digest}`))
      .sort();
  };

  const context = { now, isStopped, sameAs };

  const failed = (delivery: string, error: unknown) => {
    const rounds = Math.min(mostRounds, 2 * (failing.get(delivery)?.rounds ?? 1));
    failing.set(delivery, { rounds, until: round + rounds });
    onFailed(delivery, error);
  };

  const handle = async (stamp: string): Promise<void> => {
    const delivery = join(working, stamp);
    try {
      const receipt =
        (await readReceipt(delivery)) ??
        (await takeDelivery({ folder: delivery, stamp }, doors.now(), {
          ...context,
          onDefect: (error) => onFailed(stamp, error),
        }));
      if (receipt === undefined) {
        // Nothing came into it before a crash.
        await removeRoom(stamp);
        return;
      }
      await rename(delivery, join(folder, receipt.outcome, receipt.id));
      failing.delete(stamp);
      onTaken(receipt);
    } catch (error) {
      if (!isStopped()) failed(stamp, error);
    }
  };

  /** Makes a folder in `working` that no other delivery has or had; answers its name. */
  const makeRoom = async (): Promise<string> => {
    for (;;) {
      lastClaim = Math.max(now().getTime(), lastClaim + 1);
      const stamp = stampOf(new Date(lastClaim));
      try {
        await mkdir(join(working, stamp), { mode: 0o700 });
        await mkdir(deliveredIn(join(working, stamp)), { mode: 0o700 });
        return stamp;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
  };

  const removeRoom = async (stamp: string): Promise<void> => {
    // Fails if anything is in it.
    await rmdir(deliveredIn(join(working, stamp))).catch((error) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await rm(join(working, stamp), { recursive: true });
  };

  /** Moves one thing from `incoming` to a folder of its own; undefined if it went away. */
  const claim = async (name: string): Promise<string | undefined> => {
    const stamp = await makeRoom();
    try {
      await rename(join(incoming, name), join(deliveredIn(join(working, stamp)), name));
      return stamp;
    } catch (error) {
      await removeRoom(stamp);
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  };

  const leave = (name: string, why: string) => {
    if (!left.has(name)) onLeft(why);
    left.add(name);
  };

  /** Names in `incoming` of what did not change since the last look, and is all there. */
  const whole = async (): Promise<readonly string[]> => {
    const lying = new Map<string, Lying>();
    const names: string[] = [];
    const here = (await readdir(incoming)).filter((name) => !isUnfinished(name)).sort();
    for (const name of left) if (!here.includes(name)) left.delete(name);
    for (const name of here) {
      try {
        const found = await lyingAt(join(incoming, name));
        const known = before.get(name);
        lying.set(name, found);
        if (known === undefined || !isUnchanged(known, found)) continue;
        if (found.is === 'folder' && !hasMapping(found))
          leave(name, `a folder is left until ${mappingFile} is in it, which tells that all of it is there`);
        else names.push(name);
      } catch (error) {
        // It went away meanwhile, unless its name cannot even be said.
        if (codeOf(error) !== 'ENOENT') leave(name, `something cannot be looked at (${codeOf(error)})`);
        else if (name.includes('\uFFFD')) leave(name, 'something is left whose name is not UTF-8; rename it');
      }
    }
    before = lying;
    return names;
  };

  const goRound = async (): Promise<void> => {
    round += 1;
    for (const stamp of (await readdir(working)).filter(isStamp).sort()) {
      if (isStopped()) return;
      if ((failing.get(stamp)?.until ?? 0) <= round) await handle(stamp);
    }
    for (const name of await whole()) {
      if (isStopped()) return;
      try {
        const stamp = await claim(name);
        if (stamp !== undefined) await handle(stamp);
      } catch (error) {
        leave(name, `something cannot be moved to working (${codeOf(error)}); look at the rights, and at the disk`);
      }
    }
  };

  let going: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    going = going.then(goRound).then(
      () => {
        isFailing = false;
      },
      (error: unknown) => {
        if (!isFailing) onFailed(undefined, error);
        isFailing = true;
      },
    );
    return going;
  };
  const watching = (async () => {
    while (!isStopped()) {
      await look();
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    look,
    async waiting() {
      const [inIncoming, inWorking] = await Promise.all([readdir(incoming), readdir(working)]);
      return inIncoming.filter((name) => !isUnfinished(name)).length + inWorking.filter(isStamp).length;
    },
    async stop() {
      stopping.abort();
      await watching;
      await going;
    },
  };
}
