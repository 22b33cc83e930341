import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { copyEmbeddedLog } from '@holdfast/log/embedded';
import type { ObjectStore } from '@holdfast/objects';
import { folderObjectStore } from '@holdfast/objects/folder';
import { storeFolders } from '@holdfast/runtime';
import { CommandFailed } from './command-failed.ts';

/** In the order of the prefixes; what was copied already is left. */
async function copyObjects(from: ObjectStore, to: ObjectStore, prefixes: readonly string[]): Promise<void> {
  const copied = new Set<string>();
  for (const prefix of prefixes) {
    for await (const key of from.list(prefix)) {
      if (copied.has(key)) continue;
      const body = await from.get(key);
      if (body !== undefined) await to.put(key, body);
      copied.add(key);
    }
  }
}

async function isFree(folder: string): Promise<boolean> {
  return !existsSync(folder) || (await readdir(folder)).length === 0;
}

/**
 * Copies a store into a new folder, whoever uses it meanwhile: everything acknowledged before it began is in the copy. Shards are not
 * copied, they refill from the log. What is interrupted leaves `FOLDER.unfinished`, and no backup.
 */
export async function backUp(data: string, out: string): Promise<void> {
  const target = resolve(out);
  if (!relative(data, target).startsWith('..'))
    throw new CommandFailed(`${out} lies inside the store ${data}; choose a place outside, best on another disk`);
  if (!(await isFree(target)))
    throw new CommandFailed(`${out} is there already, and a backup is not overwritten; choose a new folder`);
  const draft = `${target}.unfinished`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const [from, to] = [storeFolders(data), storeFolders(draft)];
  await mkdir(join(draft, 'closed'), { mode: 0o700 });
  // In this order: the cut of a report is there by the time that the report is, and a cut's marks and audit record are in the log.
  if (existsSync(from.closedObjects))
    await copyObjects(folderObjectStore(from.closedObjects), folderObjectStore(to.closedObjects), [
      ...['cancelled/', 'deliveries/', 'due/', 'reports/'],
    ]);
  // Cuts first: what they are made of was there before them.
  if (existsSync(from.objects))
    await copyObjects(folderObjectStore(from.objects), folderObjectStore(to.objects), ['cuts/', '']);
  await copyEmbeddedLog({ dir: from.log, closedDir: from.closedLog }, { dir: to.log, closedDir: to.closedLog });
  if (existsSync(join(data, 'store.json'))) await cp(join(data, 'store.json'), join(draft, 'store.json'));
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
}
