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
  } finally {
    // Rows left in an appender would be committed by its closing later, even after a rollback.
    appender.closeSync();
  }
}
