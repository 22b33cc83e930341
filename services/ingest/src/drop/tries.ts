import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';

const fileIn = (folder: string) => join(folder, 'tries');

/** Notes that a delivery is tried; the number of tries in a row that nobody saw end, with this one: the server died of those. */
export async function triesBegun(folder: string): Promise<number> {
  const text = await readFile(fileIn(folder), 'utf8').catch((error) => {
    if (codeOf(error) === 'ENOENT') return '0';
    throw error;
  });
  // Killed while it was written, it holds nothing.
  const tries = 1 + (Number.parseInt(text, 10) || 0);
  await writeFile(fileIn(folder), `${tries}\n`, { mode: 0o600 });
  return tries;
}

/** Notes that a try ended, in whatever way: the server lives. */
export const tryEnded = (folder: string): Promise<void> => rm(fileIn(folder), { force: true });
