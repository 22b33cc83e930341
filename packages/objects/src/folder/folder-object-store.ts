import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidKey, ObjectDamaged, ObjectExists, ObjectStoreError, ObjectStoreUnavailable } from '../object-errors.ts';
import { checkKey, checkPrefix } from '../object-key.ts';
import type { ObjectHead, ObjectStore } from '../object-store.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';
/** What a file system says where nothing is; ENOTDIR where a shorter key is an object. */
const isAbsent = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

function sha256Of(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

async function synced(path: string, write?: Uint8Array): Promise<void> {
  const handle = await open(path, write === undefined ? 'r' : 'wx', 0o644);
  try {
    if (write !== undefined) await handle.writeFile(write);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder that stays, because something is in it again or others took it away already. */
const mayStay = (error: unknown) => {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(codeOf(error))) throw error;
};

/** Removes folders that nothing is in any more, from the innermost out: where an object was, there may be a folder, and the reverse. */
async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at !== '.'; at = dirname(at)) await rmdir(join(root, at)).catch(mayStay);
}

const syncedIfThere = (folder: string) =>
  synced(folder).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
  });

/** Others may remove the folders in which something is being written, when they were empty: then they are made again. */
async function whileFoldersGo(write: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries === 100) throw error;
    }
  }
}

const sha256Name = /^[0-9a-f]{64}$/;

/**
 * Objects as plain files, a key being its path, so that any other program can read them. Beside them, hidden from keys (which never
 * begin with a dot): `.checksums/KEY/` holds an empty file named by the SHA-256 of what was put, `.drafts/` what is being written.
 * The checksum is there before the object: a crash between leaves a checksum of nothing, which harms nobody.
 */
export function folderObjectStore(dir: string): ObjectStore {
  const fileOf = (key: string) => join(dir, key);
  const checksumsOf = (key: string) => join(dir, '.checksums', key);

  /** The checksums that writers of a key left: one, unless writers of different bytes met. */
  const knownChecksums = (key: string): Promise<string[]> =>
    readdir(checksumsOf(key)).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });

  const read = (key: string): Promise<Uint8Array | undefined> =>
    readFile(fileOf(key)).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      if (codeOf(error) === 'EISDIR') return undefined;
      throw error;
    });

  const intact = async (key: string, body: Uint8Array): Promise<string> => {
    const sha256 = sha256Of(body);
    const known = await knownChecksums(key);
    if (known.includes(sha256)) return sha256;
    throw new ObjectDamaged(
      `object ${key} in ${dir} is damaged: its bytes have SHA-256 ${sha256}, ${known.length === 0 ? 'and its checksum is gone' : `but ${known.join(' or ')} was put`}; restore the file from a backup`,
    );
  };

  /** Says of everything that the file system refuses which key it was about. */
  const about = async <T>(what: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof ObjectStoreError) throw cause;
      throw new ObjectStoreUnavailable(
        `cannot ${what} ${key} in ${dir} (${codeOf(cause)}); look at the folder’s permissions and at the room on its disk`,
        { cause },
      );
    }
  };

  /** The bytes of an object and their checksum; undefined if there is none, or none any more. */
  const readIntact = async (key: string): Promise<{ body: Uint8Array; sha256: string } | undefined> => {
    const body = await read(key);
    if (body === undefined) return undefined;
    try {
      return { body, sha256: await intact(key, body) };
    } catch (error) {
      // Whoever removes an object removes its checksum after it.
      if (error instanceof ObjectDamaged && (await read(key)) === undefined) return undefined;
      throw error;
    }
  };

  const makeFolder = async (folder: string, key: string): Promise<void> => {
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      if (['ENOTDIR', 'EEXIST'].includes(codeOf(cause)))
        throw new InvalidKey(`${key} cannot be put: the beginning of its path is the key of an object`, { cause });
      throw cause;
    });
  };

  const write = async (key: string, body: Uint8Array): Promise<ObjectHead> => {
    const head = { key, size: body.length, sha256: sha256Of(body) };
    const file = fileOf(key);
    const draft = join(dir, '.drafts', randomUUID());
    await mkdir(dirname(draft), { recursive: true });
    try {
      await synced(draft, body);
      await whileFoldersGo(async () => {
        await makeFolder(dirname(file), key);
        await makeFolder(checksumsOf(key), key);
        await synced(join(checksumsOf(key), head.sha256), new Uint8Array()).catch((error: unknown) => {
          if (codeOf(error) !== 'EEXIST') throw error;
        });
        await synced(checksumsOf(key));
        // A link fails if the name is taken; a rename would overwrite what is there.
        await link(draft, file);
      });
      await synced(dirname(file));
      return head;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      await rm(draft, { force: true });
    }
    const there = await read(key);
    if (there === undefined) throw new InvalidKey(`${key} cannot be put: it is the beginning of other objects’ keys`);
    if ((await intact(key, there)) === head.sha256) return head;
    await rm(join(checksumsOf(key), head.sha256), { force: true });
    throw new ObjectExists(
      `object ${key} is in ${dir} already, with other bytes; an object is written once: choose another key`,
    );
  };

  /** The object goes first: what is left at any instant is an object with its checksum, or a checksum of nothing. */
  const remove = async (key: string): Promise<void> => {
    const file = fileOf(key);
    const found = await stat(file).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (found !== undefined && !found.isFile()) return; // a folder of other objects
    if (found !== undefined) {
      await rm(file, { force: true });
      await syncedIfThere(dirname(file));
    }
    for (const sha256 of await knownChecksums(key)) {
      if (sha256Name.test(sha256)) await rm(join(checksumsOf(key), sha256), { force: true });
    }
    await rmdir(checksumsOf(key)).catch(mayStay);
    await removeEmptyFolders(dir, dirname(key));
    await removeEmptyFolders(join(dir, '.checksums'), dirname(key));
  };

  async function* walk(folder: string, above: string, prefix: string): AsyncGenerator<string> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });
    // A folder stands where its keys do: `a-b` comes before `a/b`, and `a0` after it.
    const names = entries
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => `${above}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
    for (const name of names) {
      if (!name.endsWith('/')) {
        if (name.startsWith(prefix)) yield name;
      } else if (name.startsWith(prefix) || prefix.startsWith(name)) {
        yield* walk(join(dir, name), name, prefix);
      }
    }
  }

  return {
    async put(key, body) {
      checkKey(key);
      return about('write object', key, () => write(key, body));
    },

    async get(key) {
      checkKey(key);
      return about('read object', key, async () => (await readIntact(key))?.body);
    },

    async head(key) {
      checkKey(key);
      return about('read object', key, async () => {
        const found = await stat(fileOf(key)).catch((error: unknown) => {
          if (isAbsent(error)) return undefined;
          throw error;
        });
        if (found === undefined || !found.isFile()) return undefined;
        const [sha256, ...others] = await knownChecksums(key);
        if (sha256 !== undefined && others.length === 0) return { key, size: found.size, sha256 };
        const object = await readIntact(key);
        return object && { key, size: object.body.length, sha256: object.sha256 };
      });
    },

    async remove(key) {
      checkKey(key);
      return about('remove object', key, () => remove(key));
    },

    async *list(prefix) {
      checkPrefix(prefix);
      const at = prefix.lastIndexOf('/') + 1;
      const above = prefix.slice(0, at);
      try {
        yield* walk(join(dir, above), above, prefix);
      } catch (cause) {
        if (cause instanceof ObjectStoreError || !('syscall' in (cause as object))) throw cause;
        throw new ObjectStoreUnavailable(
          `cannot list objects in ${dir} (${codeOf(cause)}); look at the folder’s permissions`,
          { cause },
        );
      }
    },
  };
}
