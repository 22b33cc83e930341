import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';

/** Appends rows to a table, inside the connection's open transaction. */
export async function append(
  connection: DuckDBConnection,
  table: string,
  rows: (appender: DuckDBAppender) => void,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    rows(appender);
  } finally {
    // Rows left in an appender would be committed by its closing later, even after a rollback.
    appender.closeSync();
  }
}
