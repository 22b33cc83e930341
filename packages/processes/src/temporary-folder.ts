import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf, lifeOf, thisHolder, wordOf } from './holder.ts';

/** Whose folder it is stands in its name; the token is what makes the name new. */
const named = /^holdfast-[a-z]+-(\d.*)$/;

/**
 * Whether a folder is one that a process left behind here. Only what is certain: one of another machine that shares the temporary folder, or
 * from before this one was started, tells itself apart by its boot, one of another container by its namespace, and both are left alone.
 */
function isLeftBehind(name: string): boolean {
  const holder = holderOf(named.exec(name)?.[1] ?? '');
  return (
    holder !== undefined && holder.boot !== '0' && holder.boot === thisHolder('').boot && lifeOf(holder) === 'dead'
  );
}

/** Removes what killed processes left in the temporary folder. What cannot be removed is somebody else’s, and hinders nobody. */
async function removeLeftBehind(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter(isLeftBehind))
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
}

let looked: Promise<void> | undefined;

/**
 * A new folder of this process in the temporary folder, for this user only. Who makes it removes it; whoever is killed before leaves it to the
 * next process that makes one.
 *
 * @param what it is for: small letters
 */
export async function temporaryFolder(what: string): Promise<string> {
  looked ??= removeLeftBehind();
  await looked;
  return mkdtemp(join(tmpdir(), `holdfast-${what}-${wordOf(thisHolder(''))}`));
}
