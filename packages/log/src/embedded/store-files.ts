import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LogFull, LogUnavailable } from '../log-errors.ts';
import { freeBytes } from './store-errors.ts';

const lmdbMagic = 0xbeefc0de;
const lmdbVersion = 2;
const headBytes = 32;
const leastFileBytes = 2 * 4096; // the two header pages, which are written first and at once

/** Makes the folder, unless only readers come. A folder that is there keeps its rights. */
export function readyFolder(dir: string, folderMode: number, readOnly: boolean): void {
  const found = statSync(dir, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new LogUnavailable(`${dir} is not a folder: name another place for the log`);
  if (!found && readOnly) throw absent(dir);
  if (!found) {
    mkdirSync(dir, { recursive: true, mode: folderMode });
    syncFolder(dirname(dir));
  }
  accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
}

/**
 * Looks whether LMDB can open what is there, because it crashes the process where it cannot (`lmdb` 3.5.6 uses what it has freed).
 * Answers whether a store is there. Must be called under the write lock. LMDB's lock file is never opened here: closing it would drop
 * the locks of the whole process.
 */
export function isStoreThere(dir: string, readOnly: boolean): boolean {
  const data = join(dir, 'data.mdb');
  const lock = join(dir, 'lock.mdb');
  const found = statSync(data, { throwIfNoEntry: false });
  const foundLock = statSync(lock, { throwIfNoEntry: false });
  if (found && (!found.isFile() || (foundLock && !foundLock.isFile()))) throw damaged(dir);
  if (foundLock) accessSync(lock, constants.R_OK | constants.W_OK);
  if (!found || found.size < leastFileBytes) {
    if (readOnly) throw absent(dir);
    if (freeBytes(dir) < 1024 * 1024) throw new LogFull(`no room to create a log in ${dir}: make room on that disk`);
    rmSync(data, { force: true }); // its maker died at once, before anything could be appended
    return false;
  }
  accessSync(data, constants.R_OK | constants.W_OK);
  const head = Buffer.alloc(headBytes);
  const file = openSync(data, 'r');
  try {
    readSync(file, head, 0, headBytes, 0);
  } finally {
    closeSync(file);
  }
  if (head.readUInt32LE(24) !== lmdbMagic || (head.readUInt32LE(28) & 0xffff) !== lmdbVersion) throw damaged(dir);
  return true;
}

/** A new file survives a power cut only when its folder has been written too. */
export function syncFolder(dir: string): void {
  if (process.platform === 'win32') return; // where folders cannot be opened, and need not be
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export function absent(dir: string): LogUnavailable {
  return new LogUnavailable(
    `there is no log in ${dir} to read: name the right folder, or let a writer create it first`,
  );
}

function damaged(dir: string): LogUnavailable {
  return new LogUnavailable(
    `${join(dir, 'data.mdb')} is not a log, or damaged: move it away, or restore it from a backup`,
  );
}
