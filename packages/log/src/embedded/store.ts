import type { Holder } from '@holdfast/processes';
import { open, type RootDatabase } from 'lmdb';
import { LogUnavailable } from '../log-errors.ts';
import { metaKey } from './keys.ts';
import { storeError } from './store-errors.ts';
import { absent, isStoreThere, readyFolder, syncFolder } from './store-files.ts';
import { holdWriteLock, type Release } from './write-lock.ts';

/** The state of a store at one moment. */
export type View = {
  get(key: Uint8Array): Uint8Array | undefined;
  /** The entry with the greatest key that is not above `key`. */
  last(key: Uint8Array): { readonly key: Uint8Array; readonly value: Uint8Array } | undefined;
  /** At most so many keys that begin with a prefix, in order. */
  keysUnder(prefix: Uint8Array, most: number): readonly Uint8Array[];
  under(prefix: Uint8Array): readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
};

export type Change = View & {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
};

/** One LMDB environment: a map from bytes to bytes, shared by processes and threads. Values read are copies. */
export type Store = {
  readonly dir: string;
  /** Made with the store: two stores never have the same. */
  readonly id: string;
  /** Looks at the newest committed state. */
  read<T>(look: (view: View) => T): T;
  /** Changes all or nothing (nothing if `change` throws); resolves when it is on disk, and only then can anybody see it. */
  write<T>(change: (change: Change) => T): Promise<T>;
  /** Whether a live process with this pid has the store open, in whichever container. */
  hasReader(pid: number): boolean;
  /** Writes the newest committed state as a store of its own into a folder that is there and empty; others may write meanwhile. */
  copyTo(folder: string): Promise<void>;
  /** Keeps everybody, this instance included, from writing here. */
  hold(): Promise<Release>;
  close(): Promise<void>;
};

export type StoreOptions = {
  readonly dir: string;
  readonly folderMode: number;
  readonly fileMode: number;
  readonly readOnly: boolean;
  readonly me: Holder;
  /** A new, unique id, used if the store has to be made. */
  readonly newId: () => string;
  /** Address space for the file. LMDB takes more by itself when the file outgrows it, but keeps the old mappings until it is closed. */
  readonly mapBytes: number;
};

const format = 1;
type Meta = { readonly format: number; readonly id: string };

/** How often to clear away what dead readers left, which keeps old pages from being used again. */
const writesPerReaderCheck = 256;

export async function openStore({
  dir,
  folderMode,
  fileMode,
  readOnly,
  me,
  newId,
  mapBytes,
}: StoreOptions): Promise<Store> {
  try {
    readyFolder(dir, folderMode, readOnly);
    const release = await holdWriteLock(dir, me);
    try {
      const there = isStoreThere(dir, readOnly);
      const db = openEnvironment(dir, { mapBytes, fileMode });
      try {
        const meta = metaOf(db, dir, readOnly, newId);
        if (!there) syncFolder(dir);
        return storeOn(db, dir, meta.id, me);
      } catch (error) {
        await db.close();
        throw error;
      }
    } finally {
      release();
    }
  } catch (error) {
    throw storeError(error, dir, 'open');
  }
}

/** Opens what is in a folder, under the write lock and when `isStoreThere` has looked at it. */
export function openEnvironment(
  dir: string,
  { mapBytes, fileMode }: Pick<StoreOptions, 'mapBytes' | 'fileMode'>,
): RootDatabase<Uint8Array, Uint8Array> {
  // Also for readers opened for writing: LMDB shares one environment per process, and a reader that came first would make the
  // process's writers crash. Without `overlappingSync`, what can be seen is on disk, so no reader gets ahead of a power cut.
  const options = {
    path: dir,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: mapBytes,
  } as const;
  const more = { maxReaders: 512, noSubdir: false, permissionsMode: fileMode };
  return open<Uint8Array, Uint8Array>({ ...options, ...more });
}

/** The live processes that have an environment open, in whichever container; this one too. */
export function processesOn(db: RootDatabase<Uint8Array, Uint8Array>): readonly number[] {
  db.readerCheck(); // forgets the dead
  return [...new Set([...db.readerList().matchAll(/^ *(\d+) /gm)].map(([, pid]) => Number(pid)))];
}

function metaOf(db: RootDatabase<Uint8Array, Uint8Array>, dir: string, readOnly: boolean, newId: () => string): Meta {
  const found = db.get(metaKey);
  if (!found) {
    if (readOnly) throw absent(dir);
    if (db.getKeysCount({ limit: 1 }) > 0)
      throw new LogUnavailable(
        `the store in ${dir} is not a Holdfast log: name another folder, or move that store away`,
      );
    const made: Meta = { format, id: newId() };
    db.transactionSync(() => db.putSync(metaKey, Buffer.from(JSON.stringify(made))));
    return made;
  }
  const meta = JSON.parse(Buffer.from(found).toString()) as Meta;
  if (meta.format !== format)
    throw new LogUnavailable(
      `the log in ${dir} has format ${meta.format}, this version of Holdfast reads format ${format}: use the version that wrote it, or a newer one`,
    );
  return meta;
}

function storeOn(db: RootDatabase<Uint8Array, Uint8Array>, dir: string, id: string, me: Holder): Store {
  let state: 'open' | 'closed' = 'open';
  let writes = 0;
  let lastWrite: Promise<unknown> = Promise.resolve();

  const view: View = {
    get: (key) => db.get(key),
    last(key) {
      for (const entry of db.getRange({ start: key, reverse: true, limit: 1 })) return entry;
      return undefined;
    },
    keysUnder(prefix, most) {
      const found = [];
      for (const key of db.getKeys({ start: prefix, limit: most })) {
        if (!Buffer.from(key).subarray(0, prefix.length).equals(prefix)) break;
        found.push(Buffer.from(key));
      }
      return found;
    },
    under(prefix) {
      const found = [];
      for (const entry of db.getRange({ start: prefix })) {
        if (!Buffer.from(entry.key).subarray(0, prefix.length).equals(prefix)) break;
        found.push(entry);
      }
      return found;
    },
  };

  function checkOpen(): void {
    if (state === 'closed')
      throw new LogUnavailable(`the log in ${dir} was closed by this process: open it again to use it`);
  }

  async function commit<T>(change: (change: Change) => T): Promise<T> {
    let bytes = 0;
    try {
      const release = await holdWriteLock(dir, me);
      try {
        if (writes % writesPerReaderCheck === 0) db.readerCheck();
        writes += 1;
        // After a fatal error (say, the header could not be written) LMDB refuses reads properly but crashes on writes: so read first.
        db.resetReadTxn();
        db.get(metaKey);
        return db.transactionSync(() =>
          change({
            ...view,
            put(key, value) {
              bytes += value.byteLength;
              db.putSync(key, value);
            },
            remove(key) {
              db.removeSync(key);
            },
          }),
        );
      } finally {
        release();
      }
    } catch (error) {
      throw storeError(error, dir, 'write', bytes);
    }
  }

  return {
    dir,
    id,
    read(look) {
      checkOpen();
      try {
        db.resetReadTxn(); // else the state of some moments ago, if this tick has read before
        return look(view);
      } catch (error) {
        throw storeError(error, dir, 'read');
      }
    },
    async write(change) {
      checkOpen();
      const written = lastWrite.then(() => commit(change));
      lastWrite = written.catch(() => undefined);
      return written;
    },
    hasReader: (pid) => processesOn(db).includes(pid),
    async copyTo(folder) {
      checkOpen();
      try {
        await db.backup(folder, true);
      } catch (error) {
        throw storeError(error, folder, 'write');
      }
    },
    async hold() {
      checkOpen();
      try {
        return await holdWriteLock(dir, me);
      } catch (error) {
        throw storeError(error, dir, 'write');
      }
    },
    async close() {
      if (state === 'closed') return;
      state = 'closed';
      await lastWrite;
      // Closing races with opening in LMDB as well; but it must not fail because the folder is gone.
      const release = await holdWriteLock(dir, me).catch(() => () => undefined);
      try {
        await db.close();
      } finally {
        release();
      }
    },
  };
}
