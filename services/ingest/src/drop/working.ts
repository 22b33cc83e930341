import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';

/** When something was claimed, as a name that sorts. */
const stampOf = (time: Date) => time.toISOString().replace(/[-:.]/g, '');
const isStamp = (name: string) => /^\d{8}T\d{9}Z$/.test(name);

/** Where in a delivery's folder lies what was delivered: it may be called as it likes. */
export const deliveredIn = (folder: string): string => join(folder, 'delivered');

/** The room with what is being taken in: each delivery in a folder of its own, called by when it was claimed. */
export interface Working {
  /** The deliveries, the earliest first. */
  deliveries(): Promise<readonly string[]>;
  folderOf(delivery: string): string;
  /** Moves something into a folder of its own, at once and whole; undefined if it went away. */
  claim(from: string, name: string): Promise<string | undefined>;
  /** Takes away the folder of a delivery into which nothing came. */
  remove(delivery: string): Promise<void>;
}

export function workingRoom(path: string, now: () => Date): Working {
  let lastClaim = 0;
  const folderOf = (delivery: string) => join(path, delivery);

  /** A folder that no other delivery has, or had since the start. */
  const makeFolder = async (): Promise<string> => {
    for (;;) {
      lastClaim = Math.max(now().getTime(), lastClaim + 1);
      const delivery = stampOf(new Date(lastClaim));
      try {
        await mkdir(folderOf(delivery), { mode: 0o700 });
        await mkdir(deliveredIn(folderOf(delivery)), { mode: 0o700 });
        return delivery;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
  };

  const remove = async (delivery: string): Promise<void> => {
    // Fails if anything is in it.
    await rmdir(deliveredIn(folderOf(delivery))).catch((error) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await rm(folderOf(delivery), { recursive: true });
  };

  return {
    deliveries: async () => (await readdir(path)).filter(isStamp).sort(),
    folderOf,
    async claim(from, name) {
      const delivery = await makeFolder();
      try {
        await rename(join(from, name), join(deliveredIn(folderOf(delivery)), name));
        return delivery;
      } catch (error) {
        await remove(delivery);
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    remove,
  };
}
