import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { LogError, LogFull, LogUnavailable } from '../log-errors.ts';

const { ENOSPC, EDQUOT, EFBIG, EIO } = constants.errno;
const mapFull = -30792; // MDB_MAP_FULL
const full = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EFBIG', ENOSPC, EDQUOT, EFBIG, mapFull]);
const forbidden = new Set<unknown>(['EACCES', 'EPERM', 'EROFS']);

/**
 * What the file system or LMDB threw, in the log's words. LMDB reports a write that a full disk cut short as an I/O error, so the free
 * space decides about those. What carries no code is a mistake in this package and stays as it is.
 */
export function storeError(
  error: unknown,
  dir: string,
  doing: 'open' | 'read' | 'write' | 'close',
  bytes = 0,
): unknown {
  if (error instanceof LogError || !(error instanceof Error) || !('code' in error)) return error;
  const { code } = error;
  const what = error.message.replace(/: Attempting to .*/s, ''); // page numbers and the like that LMDB adds
  if (full.has(code) || ((code === EIO || code === 'EIO') && freeBytes(dir) < bytes + 1024 * 1024))
    return new LogFull(
      `no room for the log in ${dir} (${what}): nothing of this call was written; make room on that disk, then send it again`,
      { cause: error },
    );
  if (forbidden.has(code))
    return new LogUnavailable(
      `not allowed to ${doing} the log in ${dir} (${what}): give this user the right to read and write there, which readers need too`,
      { cause: error },
    );
  return new LogUnavailable(
    `cannot ${doing} the log in ${dir} (${what}): check that disk and the folder, then start this process again`,
    { cause: error },
  );
}

export function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY; // unknown: do not blame the disk
  }
}
