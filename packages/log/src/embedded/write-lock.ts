import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LogUnavailable } from '../log-errors.ts';
import { type Holder, holderOf, lifeOf, wordOf } from './holder.ts';

/** Gives the lock back. */
export type Release = () => void;

/**
 * One lock over all processes and threads that open, write or close the store in `dir`.
 *
 * LMDB has its own lock for writers, but opening an environment is outside it: an opener that reads the header just before a commit and
 * publishes the old transaction number just after it makes the next writer overwrite that commit, and the store is corrupt
 * (OpenLDAP ITS#9496; fixed in LMDB, not in the copy inside `lmdb` 3.5.6). So opening, committing and closing exclude each other here.
 *
 * The lock is a symbolic link whose target names the holder: made in one step, needs no room on a full disk, and a dead holder is seen
 * at once. It is held for moments only, so a holder whose life cannot be seen (in another container) counts as dead when patience ends.
 * Waiting is by short pauses, never by blocking the event loop.
 */
export async function holdWriteLock(dir: string, me: Holder, patienceMs = 30_000): Promise<Release> {
  const path = join(dir, 'write-lock');
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
  if (link(path, me)) return 'mine';
  const holder = holderAt(path);
  if (holder && !isKept(holder, isLate)) removeDead(path, holder, me, isLate);
  return link(path, me) ? 'mine' : holder;
}

/** Never fails: what was done under the lock is done. A lock that cannot be given back names this process to whoever waits for it. */
function giveBack(path: string): void {
  try {
    remove(path);
  } catch {}
}

function isKept(holder: Holder, isLate: boolean): boolean {
  const life = lifeOf(holder);
  return life === 'alive' || (life === 'unseen' && !isLate);
}

/**
 * Removes what a dead holder left, never what a living one has meanwhile put there: whoever removes must first hold a second lock named
 * after the dead one's token, so there is one remover at a time, and the dead one's word cannot come back. Removers may die as well.
 */
function removeDead(path: string, dead: Holder, me: Holder, isLate: boolean): void {
  const removal = `${path}.${dead.token}`;
  if (!link(removal, me)) {
    const remover = holderAt(removal);
    if (remover && !isKept(remover, isLate)) removeDead(removal, remover, me, isLate);
    return;
  }
  if (holderAt(path)?.token === dead.token) remove(path);
  remove(removal);
}

function link(path: string, me: Holder): boolean {
  try {
    symlinkSync(wordOf(me), path, 'junction'); // the type matters on Windows only, where it spares the right to make links
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined if nobody holds it (any more). */
function holderAt(path: string): Holder | undefined {
  try {
    const word = basename(readlinkSync(path));
    const holder = holderOf(word);
    if (!holder)
      throw new LogUnavailable(`${path} does not name a process (${word}): if no process uses this log, delete it`);
    return holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
