import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { thisHolder } from '@holdfast/processes';
import { claimsPrefix } from './keys.ts';
import { openStore } from './store.ts';
import { syncFolder } from './store-files.ts';

export type LogFolders = { readonly dir: string; readonly closedDir: string };

/**
 * Copies a log into new folders while others append to it. What was acknowledged before is in the copy. The closed topics are copied
 * first: so what tallies say they include is in the events of the copy as well.
 */
export async function copyEmbeddedLog(from: LogFolders, to: LogFolders): Promise<void> {
  await copy(from.closedDir, to.closedDir, 0o700, 0o600);
  await copy(from.dir, to.dir, 0o777, 0o666 & ~process.umask());
}

async function copy(dir: string, to: string, folderMode: number, fileMode: number): Promise<void> {
  const shared = {
    folderMode,
    fileMode,
    me: thisHolder(randomUUID().replaceAll('-', '').slice(0, 12)),
    newId: randomUUID,
  };
  await mkdir(to, { recursive: true, mode: folderMode });
  const source = await openStore({ ...shared, dir, readOnly: true, mapBytes: 64 * 2 ** 30 });
  try {
    await source.copyTo(to);
  } finally {
    await source.close();
  }
  await chmod(join(to, 'data.mdb'), fileMode);
  const copied = await openStore({ ...shared, dir: to, readOnly: false, mapBytes: 64 * 2 ** 30 });
  try {
    // Who has members of a group has them in the original: in the copy nobody has.
    await copied.write((change) => {
      for (const { key } of change.under(claimsPrefix)) change.remove(key);
    });
  } finally {
    await copied.close();
  }
  const file = await open(join(to, 'data.mdb'), 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  syncFolder(to);
}
