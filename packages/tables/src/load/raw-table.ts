import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { writeNumberedCsv } from '../csv/numbered-csv.ts';
import type { BadLine } from '../csv/row-taker.ts';
import { ImportError } from '../import-error.ts';
import type { Table } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';
import { columnNames } from './column-names.ts';
import type { TableFile } from './table-file.ts';

/** A file in DuckDB: every column as text, NULL where a value is missing, and the `line` of each row. */
export type RawTable = {
  readonly columns: readonly string[];
  /** Rows in the file, blank lines not counted. */
  readonly read: number;
  /** Lines that are no rows, and so not in DuckDB. */
  readonly bad: readonly BadLine[];
};

/** Missing is what is empty, in quotes or not, and what the mapping names as such: for CSV that only without quotes, since "NA" is Namibia. */
export async function loadCsv(
  connection: DuckDBConnection,
  folder: string,
  { file, path }: TableFile,
  table: Table,
  into: string,
): Promise<RawTable> {
  const copy = join(folder, `${file}.numbered`);
  try {
    const { header, rows, bad } = await writeNumberedCsv(path, file, table.delimiter, copy);
    const columns = columnNames(header);
    const types = columns.map((column) => `${literal(column)}: 'VARCHAR'`);
    const values = columns.map((column) => `nullif(${identifier(column)}, '') as ${identifier(column)}`);
    await connection.run(
      `create table ${into} as select line, ${values.join(', ')}
       from read_csv(${literal(copy)}, columns = {'line': 'BIGINT', ${types.join(', ')}}, header = false, auto_detect = false,
         delim = ${literal(table.delimiter)}, quote = '"', escape = '"', new_line = '\\n', strict_mode = true,
         nullstr = [${['', ...table.nulls].map(literal).join(', ')}], allow_quoted_nulls = false)`,
    );
    return { columns, read: rows, bad };
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new ImportError(`${file}: cannot be read as CSV (${said(cause)})`, { cause });
  } finally {
    await rm(copy, { force: true });
  }
}

export async function loadParquet(
  connection: DuckDBConnection,
  { file, path }: TableFile,
  table: Table,
  into: string,
): Promise<RawTable> {
  const missing = (value: string) =>
    ['', ...table.nulls].reduce((rest, text) => `nullif(${rest}, ${literal(text)})`, value);
  try {
    const described = await connection.runAndReadAll(`describe select * from read_parquet(${literal(path)})`);
    const header = described.getRows().map(([name]) => String(name));
    const columns = columnNames(header);
    const values = header.map(
      (name, i) => `${missing(`${identifier(name)}::VARCHAR`)} as ${identifier(columns[i] ?? name)}`,
    );
    await connection.run(
      `create table ${into} as select row_number() over () as line, ${values.join(', ')} from read_parquet(${literal(path)})`,
    );
    const counted = await connection.runAndReadAll(`select count(*)::DOUBLE from ${into}`);
    return { columns, read: Number(counted.getRows()[0]?.[0] ?? 0), bad: [] };
  } catch (cause) {
    throw new ImportError(`${file}: cannot be read as Parquet (${said(cause)}); is it whole?`, { cause });
  }
}

function said(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
}
