import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const lockfile = new URL('../../../pnpm-lock.yaml', import.meta.url);

/** What runs: SHA-256 of the lockfile (null where Holdfast was installed without it), and the version of Node. */
export async function codeDigest(): Promise<{ readonly lockfile: string | null; readonly node: string }> {
  const bytes = await readFile(lockfile).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const digest = bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');
  return { lockfile: digest, node: process.version };
}
