import { BIGINT, type DuckDBConnection, LIST, listValue } from '@duckdb/node-api';
import { ImportError } from '../import-error.ts';
import type { Table } from '../mapping/mapping.ts';
import { identifier } from '../sql-text.ts';
import { asType, type BadCell, badCells, sqlTypes } from './bad-cells.ts';
import { loadCsv, loadParquet } from './raw-table.ts';
import { type Repetition, repetitions } from './repetitions.ts';
import type { TableFile } from './table-file.ts';

export type LoadedTable = {
  readonly name: string;
  readonly file: string;
  /** Rows in the file, blank lines not counted. */
  readonly read: number;
  readonly bad: readonly BadCell[];
  readonly repeated: readonly Repetition[];
};

function checkColumns(file: string, columns: readonly string[], declared: readonly string[]): void {
  const has = new Set(columns.map((column) => column.toLowerCase()));
  const lacking = declared.filter((column) => !has.has(column.toLowerCase()));
  if (lacking.length === 0) return;
  const otherDelimiter = columns.length === 1 && /[,;\t|]/.test(columns[0] ?? '');
  throw new ImportError(
    `${file}, line 1: has no column ${lacking.map((column) => `"${column}"`).join(', ')}, which the mapping needs (it has ${columns.join(', ')}); ${
      otherDelimiter
        ? 'if its delimiter is another one, declare it under the table in the mapping'
        : 'add the column or correct its name'
    }`,
  );
}

/**
 * Loads one table so that SQL sees it under its name: each column as text or as its declared type, NULL where a value is missing, and
 * `line`. Lines that are no rows of it, and repetitions, are left out and handed back.
 */
export async function loadTable(
  connection: DuckDBConnection,
  folder: string,
  name: string,
  source: TableFile | undefined,
  table: Table,
): Promise<LoadedTable> {
  const declared = Object.entries(table.columns);
  if (source === undefined) {
    const columns = declared.map(([column, type]) => `${identifier(column)} ${sqlTypes[type]}`);
    await connection.run(`create table ${identifier(name)} (line BIGINT, ${columns.join(', ')})`);
    return { name, file: `${name}.csv`, read: 0, bad: [], repeated: [] };
  }
  const raw = `source.${identifier(name)}`;
  const { columns, read, bad } = source.file.endsWith('.parquet')
    ? await loadParquet(connection, source, table, raw)
    : await loadCsv(connection, folder, source, table, raw);
  checkColumns(
    source.file,
    columns,
    declared.map(([column]) => column),
  );
  const cells = await badCells(connection, raw, declared);
  const isBad = new Set(cells.map(({ line }) => line));
  const repeated = (await repetitions(connection, raw, columns)).filter(({ line }) => !isBad.has(line));
  const out = [...isBad, ...repeated.map(({ line }) => line)];
  if (out.length > 0) {
    await connection.run(
      `delete from ${raw} where line in (select unnest($1))`,
      [listValue(out.map(BigInt))],
      [LIST(BIGINT)],
    );
  }
  const typeOf = new Map(declared.map(([column, type]) => [column.toLowerCase(), type]));
  const values = columns.map(
    (column) => `${asType(identifier(column), typeOf.get(column.toLowerCase()) ?? 'text')} as ${identifier(column)}`,
  );
  await connection.run(`create view ${identifier(name)} as select line, ${values.join(', ')} from ${raw}`);
  return { name, file: source.file, read, bad: [...bad.map((line) => ({ ...line, field: '' })), ...cells], repeated };
}
