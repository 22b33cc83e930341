import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** A shard's file is held by another process: only its owner may open it. */
export class ShardInUse extends Error {
  readonly code = 'HF_SHARD_IN_USE';
  override readonly name = 'ShardInUse';
}

/** A shard's file cannot be read: it can be rebuilt from the log. */
export class ShardUnreadable extends Error {
  readonly code = 'HF_SHARD_UNREADABLE';
  override readonly name = 'ShardUnreadable';
}

/** Text of a SQL statement; the tag lets editors colour it, and marks where SQL lives. */
export function sql(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts.raw }, ...values);
}

/** A text as a literal in SQL, for statements that take no parameters. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export type Database = { readonly connection: DuckDBConnection; close(): void };

/** Opens a shard's DuckDB file. This module alone opens them: two instances of one file in a process would diverge. */
export async function openDatabase(
  file: string,
  { memoryLimit, threads }: { memoryLimit: string; threads: number },
): Promise<Database> {
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(file, {
      threads: String(threads),
      memory_limit: memoryLimit,
      temp_directory: `${file}.tmp`,
      max_temp_directory_size: '16GB',
      // Never `latest`: files must stay readable for the next major version, and for the one before.
      storage_compatibility_version: 'v1.2.0',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      preserve_insertion_order: 'false',
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const holder = /PID (\d+)/.exec(message)?.[1];
    if (message.includes('Could not set lock')) {
      throw new ShardInUse(
        `another process${holder ? ` (pid ${holder})` : ''} holds ${file}; wait until it ends, or stop it`,
        { cause },
      );
    }
    throw new ShardUnreadable(
      `cannot open ${file} (${message.split('\n')[0]}); move it away and run \`holdfast replay\` to rebuild it from the log`,
      { cause },
    );
  }
  const connection = await instance.connect();
  // Evidence is looked up participant by participant: compressed, a lookup would unpack thousands of neighbours each time.
  await connection.run(sql`
    SET TimeZone = 'UTC';
    PRAGMA force_compression = 'uncompressed';
    SET enable_external_access = false;
    SET lock_configuration = true;
  `);
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** A database in memory that may read and write files of one folder, and nothing else: for Parquet on its way in or out. */
export async function openScratch(folder: string): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:', {
    // One thread: what is written must not depend on who was faster.
    threads: '1',
    memory_limit: '1GB',
    temp_directory: `${folder}/tmp`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(sql`
    SET TimeZone = 'UTC';
    SET allowed_directories = [${quoted(folder)}];
    SET enable_external_access = false;
    SET lock_configuration = true;
  `);
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** One transaction: everything or nothing. */
export async function transaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN TRANSACTION');
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
