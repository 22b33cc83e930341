import { access, constants, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LiveDoor } from '../live-door.ts';
import { type AppendedOnce, appendedOnce } from './appended-once.ts';
import { takeDelivery } from './delivery.ts';
import { codeOf } from './error-code.ts';
import { incomingRoom } from './incoming.ts';
import { type Receipt, readReceipt } from './receipt.ts';
import { tryEnded } from './tries.ts';
import { workingRoom } from './working.ts';

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
 * whole is claimed by being moved to `working`, taken in, given a receipt, and moved to `done` or `failed`. After a crash, what lies
 * in `working` is taken in again, which changes nothing: events count once.
 */
export async function startDropFolder(options: DropFolderOptions): Promise<DropFolder> {
  const { folder, doors, now = () => new Date(), onTaken, onFailed, onLeft, pauseMs = 2_000 } = options;
  await makeRooms(folder);
  const incoming = incomingRoom(join(folder, 'incoming'), onLeft);
  const working = workingRoom(join(folder, 'working'), now);
  const stopping = new AbortController();
  const isStopped = () => stopping.signal.aborted;
  const failing = new Map<string, { rounds: number; until: number; appended: AppendedOnce }>();
  let round = 0;
  let isFailing = false;

  /** Earlier deliveries whose content had this digest: it ends their names. */
  const sameAs = async (digest: string): Promise<readonly string[]> => {
    const taken = await Promise.all(['done', 'failed'].map((room) => readdir(join(folder, room))));
    return taken
      .flat()
      .filter((id) => id.endsWith(`-${digest}`))
      .sort();
  };

  /** Takes in what was claimed, or what is left of that, and moves it where it belongs. */
  const handle = async (delivery: string): Promise<void> => {
    const claimed = { folder: working.folderOf(delivery), delivery };
    const appended = failing.get(delivery)?.appended ?? appendedOnce();
    const onDefect = (error: unknown) => onFailed(delivery, error);
    try {
      const receipt =
        (await readReceipt(claimed.folder)) ??
        (await takeDelivery(claimed, appended.through(doors.now()), { now, isStopped, sameAs, onDefect }));
      await tryEnded(claimed.folder);
      if (receipt === undefined) return await working.remove(delivery);
      await rename(claimed.folder, join(folder, receipt.outcome, receipt.id));
      failing.delete(delivery);
      onTaken(receipt);
    } catch (error) {
      // Where not even that can be written, it will be noted by the next try.
      await tryEnded(claimed.folder).catch(() => undefined);
      if (isStopped()) return;
      const rounds = Math.min(mostRounds, 2 * (failing.get(delivery)?.rounds ?? 1));
      failing.set(delivery, { rounds, until: round + rounds, appended });
      onFailed(delivery, error);
    }
  };

  const goRound = async (): Promise<void> => {
    round += 1;
    for (const delivery of await working.deliveries()) {
      if (isStopped()) return;
      if ((failing.get(delivery)?.until ?? 0) <= round) await handle(delivery);
    }
    for (const name of await incoming.whole()) {
      if (isStopped()) return;
      try {
        const delivery = await working.claim(join(folder, 'incoming'), name);
        if (delivery !== undefined) await handle(delivery);
      } catch (error) {
        incoming.leave(
          name,
          `something cannot be moved to working (${codeOf(error)}); look at the rights, and the disk`,
        );
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
    waiting: async () => (await incoming.waiting()) + (await working.deliveries()).length,
    async stop() {
      stopping.abort();
      await watching;
      await going;
    },
  };
}
