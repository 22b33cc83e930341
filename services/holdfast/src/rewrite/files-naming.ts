import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Named } from './named.ts';

type Looking = Pick<Named, 'isIn' | 'isInBytes'>;

/** More than any name, and what is looked at beside it. */
const overlap = 256;

async function isNamedIn(path: string, named: Looking): Promise<boolean> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 2 ** 20 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    if (named.isInBytes(bytes)) return true;
    rest = bytes.subarray(-overlap);
  }
  return false;
}

/** The files in a folder, and in its folders, whose bytes or names name a participant. */
export async function filesNaming(folder: string, named: Looking): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesNaming(path, named)));
    else if (entry.isFile() && (named.isIn(entry.name) || (await isNamedIn(path, named)))) found.push(path);
  }
  return found;
}
