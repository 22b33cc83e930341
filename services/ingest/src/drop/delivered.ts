import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** By this file a folder says that it holds tables, and that all of them are there: it is written last. */
export const mappingFile = 'mapping.yaml';

type Entry = {
  /** In a delivered folder; of a delivered file empty. */
  readonly name: string;
  readonly is: 'file' | 'folder' | 'neither';
  readonly size: number;
  readonly mtimeMs: number;
};

/** What lies at a path: a file, or a folder with what is directly in it. Links are looked at, never followed. */
export type Lying = { readonly path: string; readonly is: Entry['is']; readonly entries: readonly Entry[] };

const entryOf = (name: string, stats: Stats): Entry => ({
  name,
  is: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'neither',
  size: stats.isFile() ? stats.size : 0,
  mtimeMs: stats.isFile() ? stats.mtimeMs : 0,
});

export async function lyingAt(path: string): Promise<Lying> {
  const own = entryOf('', await lstat(path));
  if (own.is !== 'folder') return { path, is: own.is, entries: [own] };
  const names = (await readdir(path)).sort();
  const entries = await Promise.all(names.map(async (name) => entryOf(name, await lstat(join(path, name)))));
  return { path, is: 'folder', entries };
}

/** Whether nothing was written meanwhile. */
export const isUnchanged = (before: Lying, now: Lying): boolean =>
  before.is === now.is && JSON.stringify(before.entries) === JSON.stringify(now.entries);

/** Whether a folder says already that all of it is there. */
export const hasMapping = ({ entries }: Lying): boolean =>
  entries.some(({ name, is }) => name === mappingFile && is === 'file');

export type HashedFile = { readonly file: string; readonly bytes: number; readonly sha256: string };

/** The files with their SHA-256; `name` is what the whole is called. */
export async function hashed({ path, entries }: Lying, name: string): Promise<readonly HashedFile[]> {
  const files: HashedFile[] = [];
  for (const { name: inFolder, is, size } of entries) {
    if (is !== 'file') continue;
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(path, inFolder)), hash);
    files.push({ file: inFolder === '' ? name : inFolder, bytes: size, sha256: hash.digest('hex') });
  }
  return files;
}

/** The SHA-256 of a file; of a folder, that of the lines `SHA-256  NAME` of its files by name. */
export function digestOf({ is }: Lying, files: readonly HashedFile[]): string {
  const [only] = files;
  if (is === 'file' && only !== undefined) return only.sha256;
  const lines = files.map(({ file, sha256 }) => `${sha256}  ${file}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
