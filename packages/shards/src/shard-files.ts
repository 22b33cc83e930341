import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { foldVersion } from '@holdfast/outcomes';
import { shardFormat } from './schema.ts';

/** Shards that are newer than what would be made now: a trial is never taken back to an older fold or protocol version. */
export class ShardsAreNewer extends Error {
  readonly code = 'HF_SHARDS_ARE_NEWER';
  override readonly name = 'ShardsAreNewer';
}

/** What a shard's file is named for, besides its partition: another generation or format is built in another file, beside it. */
function suffix(protocolVersion: number, fold = foldVersion): string {
  return `-p${protocolVersion}-f${fold}-s${shardFormat}.duckdb`;
}

/** Where the shards of a trial live, of one edition of its log: a log that was rewritten has shards of its own. */
export function shardFolder(root: string, { trial, edition = 1 }: { trial: string; edition?: number }): string {
  return edition === 1 ? join(root, trial) : join(root, trial, `r${edition}`);
}

/** Where a shard of a trial lives, as this Holdfast makes it of a protocol version. */
export function shardFile(folder: string, partition: number, protocolVersion: number): string {
  return join(folder, `${partition}${suffix(protocolVersion)}`);
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Refuses a trial's folder in which shards of a newer protocol version were made, or shards by a newer Holdfast. */
export async function checkShardFiles(folder: string, protocolVersion: number): Promise<void> {
  for (const file of await filesIn(folder)) {
    const [, protocol, fold, format] = /^\d+-p(\d+)-f(\d+)-s(\d+)\.duckdb/.exec(file) ?? [];
    if (Number(fold) > foldVersion || Number(format) > shardFormat) {
      throw new ShardsAreNewer(
        `${join(folder, file)} was made by a newer Holdfast (fold ${fold}, format ${format}; this one makes fold ${foldVersion}, format ${shardFormat}); use that one on this store`,
      );
    }
    if (Number(protocol) > protocolVersion) {
      throw new ShardsAreNewer(
        `${join(folder, file)} is of protocol version ${protocol}, which was published after this command began with version ${protocolVersion}; repeat the command`,
      );
    }
  }
}

/** Removes all shards in a folder of a trial; those of other editions of its log stay. */
export async function removeShards(folder: string): Promise<void> {
  for (const file of await filesIn(folder))
    if (/^\d+.*\.duckdb/.test(file)) await rm(join(folder, file), { recursive: true, force: true });
  await rmdir(folder).catch(() => undefined); // it may hold those of others, or be gone
}

/** Removes the shards of other generations and formats, once no reader stands on them any more. */
export async function removeOtherShards(folder: string, protocolVersion: number): Promise<void> {
  const kept = suffix(protocolVersion);
  for (const file of await filesIn(folder)) {
    if (/^\d+.*\.duckdb(\.[a-z]+)?$/.test(file) && !file.replace(/\.duckdb\.[a-z]+$/, '.duckdb').endsWith(kept))
      await rm(join(folder, file), { recursive: true, force: true });
  }
}
