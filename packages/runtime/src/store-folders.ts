import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UnusableSetting } from './settings.ts';

/** Where everything of an embedded store lies. What blinded people may not see is under `closed`, readable by its owner alone. */
export type StoreFolders = {
  readonly log: string;
  readonly closedLog: string;
  readonly shards: string;
  /** Archive and data cuts: what is closed lies sealed there too, as in the log. */
  readonly objects: string;
  /** Snapshots of shards, and closed reports of double-blind trials. */
  readonly closedObjects: string;
  /** Jobs that wait or have ended. That a closed report is made is not for blinded people. */
  readonly jobs: string;
};

export function storeFolders(data: string): StoreFolders {
  return {
    log: join(data, 'log'),
    closedLog: join(data, 'closed', 'log'),
    shards: join(data, 'closed', 'shards'),
    objects: join(data, 'objects'),
    closedObjects: join(data, 'closed', 'objects'),
    jobs: join(data, 'closed', 'jobs'),
  };
}

/**
 * Makes the folder of what is closed one of its owner alone, before anything is made in it. Who only reads may not be its owner, and then
 * has no way in.
 */
export function guardClosed(data: string, access: 'read' | 'write'): void {
  const closed = join(data, 'closed');
  try {
    mkdirSync(closed, { recursive: true, mode: 0o700 });
    chmodSync(closed, 0o700);
  } catch (error) {
    if (access === 'read') return;
    throw new UnusableSetting(
      `cannot make ${closed} a folder of its owner alone (${(error as NodeJS.ErrnoException).code}); look at the permissions of ${data}`,
    );
  }
}
