import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';

/** Appends rows to a table, inside the connection's open transaction. */
export async function append(
  connection: DuckDBConnection,
  table: string,
  rows: (appender: DuckDBAppender) => Promise<void> | void,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    await rows(appender);
    appender.closeSync();
  } catch (error) {
    discard(appender);
    throw error;
  }
}

/** What is left in an appender would be committed after the rollback by whatever closes it, at last by the garbage collection. */
function discard(appender: DuckDBAppender): void {
  try {
    appender.clear();
    appender.closeSync();
  } catch {
    // What made it fail is thrown already.
  }
}
