import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { giveBackLock, type Holder, lifeOf, StrangeLock, takeLock } from '@holdfast/processes';
import { LogUnavailable } from '../log-errors.ts';

/** Gives the lock back. */
export type Release = () => void;

export const lockPath = (dir: string): string => join(dir, 'write-lock');

/**
 * One lock over all processes and threads that open, write or close the store in `dir`.
 *
 * LMDB has its own lock for writers, but opening an environment is outside it: an opener that reads the header just before a commit and
 * publishes the old transaction number just after it makes the next writer overwrite that commit, and the store is corrupt
 * (OpenLDAP ITS#9496; fixed in LMDB, not in the copy inside `lmdb` 3.5.6). So opening, committing and closing exclude each other here.
 *
 * It is held for moments only, so a holder whose life cannot be seen (in another container) counts as dead when patience ends.
 * Waiting is by short pauses, never by blocking the event loop.
 */
export async function holdWriteLock(dir: string, me: Holder, patienceMs = 30_000): Promise<Release> {
  const path = lockPath(dir);
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    const isLate = performance.now() > giveUp;
    const holder = take(path, me, isLate);
    if (holder === 'mine') return () => giveBack(path);
    if (isLate)
      throw new LogUnavailable(
        `the log in ${dir} has been locked${holder ? ` by process ${holder.pid}` : ''} for ${patienceMs / 1000} s: ` +
          `if that process hangs, end it; if it is gone, delete ${path}`,
        { retryable: true },
      );
    await pause(1);
  }
}

/** Takes the lock or answers who has it, if that can be told. */
function take(path: string, me: Holder, isLate: boolean): 'mine' | Holder | undefined {
  try {
    return takeLock(path, me, (holder) => isKept(holder, isLate));
  } catch (cause) {
    if (cause instanceof StrangeLock) throw new LogUnavailable(cause.message, { cause });
    throw cause;
  }
}

/** Never fails: what was done under the lock is done. A lock that cannot be given back names this process to whoever waits for it. */
function giveBack(path: string): void {
  try {
    giveBackLock(path);
  } catch {}
}

function isKept(holder: Holder, isLate: boolean): boolean {
  const life = lifeOf(holder);
  return life === 'alive' || (life === 'unseen' && !isLate);
}
