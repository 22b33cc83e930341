import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type Holder, holderOf, wordOf } from './holder.ts';

/** What stands in a lock's place is no lock of ours. The message says where, and what to do. */
export class StrangeLock extends Error {
  override readonly name = 'StrangeLock';
}

/**
 * Takes the lock at `path`, or answers who has it, if that can be told.
 *
 * A lock is a symbolic link whose target names the holder: made in one step, needs no room on a full disk, and a dead holder is seen at
 * once. Of a holder that is `isKept` nothing is taken.
 */
export function takeLock(path: string, me: Holder, isKept: (holder: Holder) => boolean): 'mine' | Holder | undefined {
  if (link(path, me)) return 'mine';
  const holder = lockHolder(path);
  if (holder && !isKept(holder)) removeDead(path, holder, me, isKept);
  return link(path, me) ? 'mine' : holder;
}

/** Gives a lock back that one holds. */
export function giveBackLock(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Who has the lock, dead or alive; undefined if nobody (any more). */
export function lockHolder(path: string): Holder | undefined {
  try {
    const word = basename(readlinkSync(path));
    const holder = holderOf(word);
    if (!holder) throw new StrangeLock(`${path} does not name a process (${word}): if no process uses it, delete it`);
    return holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes what a dead holder left, never what a living one has meanwhile put there: whoever removes must first hold a second lock named
 * after the dead one's token, so there is one remover at a time, and the dead one's word cannot come back. Removers may die as well.
 */
function removeDead(path: string, dead: Holder, me: Holder, isKept: (holder: Holder) => boolean): void {
  const removal = `${path}.${dead.token}`;
  if (!link(removal, me)) {
    const remover = lockHolder(removal);
    if (remover && !isKept(remover)) removeDead(removal, remover, me, isKept);
    return;
  }
  if (lockHolder(path)?.token === dead.token) giveBackLock(path);
  giveBackLock(removal);
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
