import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type AmendedProtocol, canonicalJson, sha256 } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { openDatabase } from './duckdb.ts';
import { shardFormat } from './schema.ts';
import { readState, type TakenIn } from './state.ts';

/** What made a shard's file, and of which log: of use only to a shard of the same making. */
export type ShardMaking = {
  readonly protocolVersion: number;
  readonly protocolDigest: string;
  readonly foldVersion: number;
  readonly shardFormat: number;
  readonly logId: string;
};

export function makingOf(protocol: AmendedProtocol, logId: string): ShardMaking {
  const protocolDigest = sha256(canonicalJson(protocol));
  return { protocolVersion: protocol.version, protocolDigest, foldVersion, shardFormat, logId };
}

/** What the shard in a file, which nobody has open, has taken in of its log; undefined if there is none, or one of another making. */
export async function takenInBy(file: string, { protocolDigest, logId }: ShardMaking): Promise<TakenIn | undefined> {
  if (!existsSync(file)) return undefined;
  const database = await openDatabase(file, { memoryLimit: '256MB', threads: 1 });
  try {
    const state = await readState(database.connection, protocolDigest, logId);
    return state && { offset: state.offset, lastRecord: state.lastRecord };
  } finally {
    database.close();
  }
}

const chunkBytes = 4 * 2 ** 20;

/**
 * Copies a file that DuckDB has open in this process. A process loses its lock of a file as soon as it closes it anywhere, so the file is
 * opened once and closed after the database.
 */
export class OpenFileCopies {
  private readonly file: string;
  private handle: FileHandle | undefined;

  constructor(file: string) {
    this.file = file;
  }

  async copyTo(target: string): Promise<void> {
    this.handle ??= await open(this.file, 'r');
    const copy = await open(target, 'w', 0o600);
    try {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      for (let at = 0; ; ) {
        const { bytesRead } = await this.handle.read(chunk, 0, chunkBytes, at);
        if (bytesRead === 0) break;
        await copy.writeFile(chunk.subarray(0, bytesRead));
        at += bytesRead;
      }
    } finally {
      await copy.close();
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}
