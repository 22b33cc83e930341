import { join } from 'node:path';

/** Where everything of an embedded store lies. What blinded people may not see is under `closed`, readable by its owner alone. */
export type StoreFolders = {
  readonly log: string;
  readonly closedLog: string;
  readonly shards: string;
  /** Archive and data cuts: what is closed lies sealed there too, as in the log. */
  readonly objects: string;
};

export function storeFolders(data: string): StoreFolders {
  return {
    log: join(data, 'log'),
    closedLog: join(data, 'closed', 'log'),
    shards: join(data, 'closed', 'shards'),
    objects: join(data, 'objects'),
  };
}
