import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';
import { unfinishedReceipt } from './receipt.ts';

/** When something was claimed, as a name that sorts. */
const stampOf = (time: Date) => time.toISOString().replace(/[-:.]/g, '');
const isStamp = (name: string) => /^\d{8}T\d{9}Z$/.test(name);

/** Where in a delivery's folder lies what was delivered: it may be called as it likes. */
export const deliveredIn = (folder: string): string => join(folder, 'delivered');

export const linesToMendFile = 'rejected.ndjson';
export const rejectedRowsFile = 'rejected.csv';

/** Takes away what a try that came to no receipt left in a delivery's folder. */
export async function removeLeft(folder: string): Promise<void> {
  for (const left of [linesToMendFile, rejectedRowsFile, unfinishedReceipt])
    await rm(join(folder, left), { force: true });
}

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

  /** A folder that no other delivery has, or had since the start. Under its stamp it is there whole, or not at all. */
  const makeFolder = async (): Promise<string> => {
    const unfinished = join(path, '.claiming');
    await mkdir(deliveredIn(unfinished), { recursive: true, mode: 0o700 });
    for (;;) {
      lastClaim = Math.max(now().getTime(), lastClaim + 1);
      const delivery = stampOf(new Date(lastClaim));
      try {
        await rename(unfinished, folderOf(delivery));
        return delivery;
      } catch (error) {
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
      }
    }
  };

  /** Never with what is in it: should a second server watch the folder, a delivery may lie there by now. */
  const removeEmpty = async (folder: string): Promise<void> => {
    await rmdir(folder).catch((error) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  };

  const remove = async (delivery: string): Promise<void> => {
    await removeEmpty(deliveredIn(folderOf(delivery)));
    await removeLeft(folderOf(delivery));
    await removeEmpty(folderOf(delivery));
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
