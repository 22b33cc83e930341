import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder, thisHolder } from '@holdfast/processes';
import type { RootDatabase } from 'lmdb';
import { LogUnavailable, StoreInUse } from '../log-errors.ts';
import type { LogFolders } from './copy-log.ts';
import { claimsPrefix, endsKey, metaKey, removedPrefix, segmentsPrefix } from './keys.ts';
import { openEnvironment, processesOn } from './store.ts';
import { storeError } from './store-errors.ts';
import { isStoreThere, syncFolder } from './store-files.ts';
import { holdWriteLock, lockPath } from './write-lock.ts';

type Environment = RootDatabase<Uint8Array, Uint8Array>;

/** Written in one transaction. */
const bytesAtOnce = 16 * 2 ** 20;

/** The other processes that have a log open now, for reading or for writing. */
export async function otherProcessesOn({ dir, closedDir }: LogFolders): Promise<readonly number[]> {
  const found: number[] = [];
  for (const folder of [closedDir, dir])
    await locked(folder, () => withEnvironment(folder, folder, (db) => found.push(...others(db))));
  return [...new Set(found)];
}

/**
 * Writes a log anew: then its files hold what can be read from it, and nothing else. Until then what was removed is in them still, on pages
 * that are free. This process must have closed the log; `StoreInUse` if another one has it open. Who is killed meanwhile leaves the
 * log as it was, and repeats this.
 */
export async function writeLogAnew({ dir, closedDir }: LogFolders): Promise<void> {
  for (const folder of [closedDir, dir]) await locked(folder, (isMine) => writeAnew(folder, isMine));
}

const others = (db: Environment) => processesOn(db).filter((pid) => pid !== process.pid);

/** Does something while nobody else opens the store in a folder, or writes to it. */
async function locked<T>(dir: string, work: (isMine: () => boolean) => Promise<T>): Promise<T> {
  const me = thisHolder(randomUUID().replaceAll('-', '').slice(0, 12));
  const release = await holdWriteLock(dir, me);
  try {
    return await work(() => lockHolder(lockPath(dir))?.token === me.token);
  } catch (error) {
    throw storeError(error, dir, 'write');
  } finally {
    release();
  }
}

/** Has the environment in `folder` open, with the rights of the store in `dir`. */
async function withEnvironment<T>(dir: string, folder: string, work: (db: Environment) => T | Promise<T>): Promise<T> {
  isStoreThere(dir, true);
  const fileMode = statSync(join(dir, 'data.mdb')).mode & 0o777;
  const db = openEnvironment(folder, { mapBytes: 64 * 2 ** 30, fileMode });
  try {
    db.get(metaKey); // who has read is seen by others
    return await work(db);
  } finally {
    await db.close();
  }
}

async function writeAnew(dir: string, isMine: () => boolean): Promise<void> {
  const draft = join(dir, 'anew');
  rmSync(draft, { recursive: true, force: true }); // of one who was killed
  mkdirSync(draft, { mode: 0o700 });
  try {
    await withEnvironment(dir, dir, async (db) => {
      const using = others(db);
      if (using.length > 0)
        throw new StoreInUse(
          `the log in ${dir} is open in process ${using.join(', ')}: stop it first, then repeat this`,
        );
      await withEnvironment(dir, draft, (made) => copyLive(db, made));
    });
    const file = join(draft, 'data.mdb');
    syncFile(file);
    // A holder that cannot be seen from another container counts as dead there after a while.
    if (!isMine())
      throw new LogUnavailable(
        `another process took over the lock on ${dir} meanwhile: stop all that use it, then repeat this`,
      );
    renameSync(file, join(dir, 'data.mdb'));
    syncFolder(dir);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What can be read of a log. Members of groups and what is left of removed topics stay behind. */
function copyLive(from: Environment, to: Environment): void {
  const startsWith = (key: Uint8Array, prefix: Uint8Array) =>
    Buffer.from(key).subarray(0, prefix.length).equals(prefix);
  const ends = endsKey(0).subarray(0, 1);
  const segments = segmentsPrefix(0).subarray(0, 1);
  let batch: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  let bytes = 0;
  const flush = () => {
    to.transactionSync(() => {
      for (const { key, value } of batch) to.putSync(key, value);
    });
    [batch, bytes] = [[], 0];
  };
  const live = new Set<number>();
  // The ends of topics come before their segments.
  for (const { key, value } of from.getRange({})) {
    if (startsWith(key, claimsPrefix) || startsWith(key, removedPrefix)) continue;
    const topic = () => Buffer.from(key).readUInt32BE(1);
    if (startsWith(key, ends)) live.add(topic());
    if (startsWith(key, segments) && !live.has(topic())) continue;
    batch.push({ key: Buffer.from(key), value: Buffer.from(value) });
    bytes += value.byteLength;
    if (bytes >= bytesAtOnce) flush();
  }
  flush();
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
