import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@holdfast/processes';
import { openScratch, quoted, sql } from './duckdb.ts';

/** Rows under named columns; undefined is what does not apply. */
export type PlainTable = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
};

const named = (column: string) => `"${column.replaceAll('"', '""')}"`;

/**
 * The bytes of a Parquet file with these rows: a function of what it is given, on one thread, in order. A column of numbers alone is
 * DOUBLE (or BIGINT, if all are whole), any other is VARCHAR.
 */
export async function parquetOf({ columns, rows }: PlainTable): Promise<Uint8Array> {
  const types = columns.map((_, i) => {
    const values = rows.map((row) => row[i]).filter((value) => value !== undefined);
    if (values.length === 0 || values.some((value) => typeof value === 'string')) return 'VARCHAR';
    return values.every((value) => Number.isSafeInteger(value)) ? 'BIGINT' : 'DOUBLE';
  });
  const folder = await temporaryFolder('table');
  try {
    const file = join(folder, 'table.parquet');
    const { connection, close } = await openScratch(folder);
    try {
      const declared = columns.map((column, i) => `${named(column)} ${types[i]}`).join(', ');
      await connection.run(sql`CREATE TABLE "table" (${declared})`);
      const appender = await connection.createAppender('table');
      try {
        for (const row of rows) {
          for (const [i, type] of types.entries()) {
            const value = row[i];
            if (value === undefined) appender.appendNull();
            else if (type === 'VARCHAR') appender.appendVarchar(String(value));
            else if (type === 'BIGINT') appender.appendBigInt(BigInt(value));
            else appender.appendDouble(Number(value));
          }
          appender.endRow();
        }
      } finally {
        appender.closeSync();
      }
      await connection.run(sql`COPY "table" TO ${quoted(file)} (FORMAT parquet, PARQUET_VERSION v1, COMPRESSION zstd)`);
    } finally {
      close();
    }
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
