import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { temporaryFolder } from '@holdfast/processes';

/** A DuckDB that lives as long as one import. */
export type Database = {
  readonly connection: DuckDBConnection;
  /** For work beside that of `connection`, and for questions while it is busy handing out a result. */
  readonly second: DuckDBConnection;
  /** For what does not fit into memory, and for tables on their way in. Readable by this user only; gone after `close`. */
  readonly folder: string;
  /** From here on no SQL reaches a file, the network or a setting. */
  lock(): Promise<void>;
  close(): Promise<void>;
};

export async function openDatabase(memoryLimit: string): Promise<Database> {
  const folder = await temporaryFolder('import');
  const instance = await DuckDBInstance.create(':memory:', {
    // One thread a query and two queries at once: two threads in one query cost half as much again and save next to nothing.
    threads: '1',
    memory_limit: memoryLimit,
    temp_directory: join(folder, 'spill'),
    // Otherwise what one query has given back stays with the process until the next one needs it.
    allocator_flush_threshold: '1MB',
    allocator_bulk_deallocation_flush_threshold: '1MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  const second = await instance.connect();
  await connection.run("set global TimeZone = 'UTC'");
  return {
    connection,
    second,
    folder,
    async lock() {
      // Tables are loaded in the order of their lines; from here on no order but a declared one means anything.
      await connection.run('set preserve_insertion_order = false');
      await connection.run('set enable_external_access = false');
      await connection.run('set lock_configuration = true');
    },
    async close() {
      second.closeSync();
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
