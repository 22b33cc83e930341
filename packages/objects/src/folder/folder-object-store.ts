import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
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
    await makeFolder(dirname(file), key);
    try {
      await synced(draft, body);
      await makeFolder(checksumsOf(key), key);
      await synced(join(checksumsOf(key), head.sha256), new Uint8Array()).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      await synced(checksumsOf(key));
      // A link fails if the name is taken; a rename would overwrite what is there.
      await link(draft, file);
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
      return about('read object', key, async () => {
        const body = await read(key);
        if (body !== undefined) await intact(key, body);
        return body;
      });
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
        return { key, size: found.size, sha256: await intact(key, await readFile(fileOf(key))) };
      });
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
