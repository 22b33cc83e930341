import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BIGINT, type DuckDBConnection, LIST, listValue } from '@duckdb/node-api';
import { type BadLine, writeNumberedCsv } from '../csv/numbered-csv.ts';
import type { Database } from '../database.ts';
import { ImportError } from '../import-error.ts';
import type { ColumnType, Table } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';
import { columnNames } from './column-names.ts';
import type { TableFile } from './table-file.ts';

/** A line that is rejected before any SQL sees it. */
export type BadCell = BadLine & { readonly field: string };
/** A row that says what an earlier one has said. */
export type Repetition = { readonly line: number; readonly of: number };

export type LoadedTable = {
  readonly name: string;
  readonly file: string;
  /** Rows in the file, blank lines not counted. */
  readonly read: number;
  readonly bad: readonly BadCell[];
  readonly repeated: readonly Repetition[];
};

const sqlTypes: Record<ColumnType, string> = { text: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE', date: 'DATE' };

/** SQL that gives a text as its declared type, or NULL where it is none: DuckDB alone would round 7.5 to 8 and read `infinity` as a date. */
function typed(column: string, type: ColumnType): string {
  const cast = `try_cast(${column} as ${sqlTypes[type]})`;
  switch (type) {
    case 'text':
      return column;
    case 'integer':
      return `case when try_cast(${column} as DOUBLE) = ${cast} then ${cast} end`;
    case 'number':
      return `case when isfinite(${cast}) then ${cast} end`;
    case 'date':
      return `case when regexp_full_match(${column}, '[0-9]{4}-[0-9]{2}-[0-9]{2}') then ${cast} end`;
  }
}

const remedies: Record<ColumnType, string> = {
  text: 'is no text',
  integer: 'is no whole number; write it like 12 or -3, or leave it empty',
  number: 'is no number; write it like 1.5, or leave it empty',
  date: 'is no date; write it like 2026-03-02, or leave it empty',
};

/** Missing is what is empty, in quotes or not, and what the mapping names as such. */
function withoutMissing(column: string, nulls: readonly string[]): string {
  return nulls.reduce((value, text) => `nullif(${value}, ${literal(text)})`, `nullif(${column}, '')`);
}

type Raw = { readonly header: readonly string[]; readonly read: number; readonly bad: readonly BadLine[] };

async function loadCsv(database: Database, { file, path }: TableFile, table: Table, into: string): Promise<Raw> {
  const copy = join(database.folder, `${file}.numbered`);
  try {
    const { header, rows, bad } = await writeNumberedCsv(path, file, table.delimiter, copy);
    const names = columnNames(header);
    const columns = ['line', ...names].map(
      (name) => `${literal(name)}: ${literal(name === 'line' ? 'BIGINT' : 'VARCHAR')}`,
    );
    // `nullstr` holds for what stands without quotes only: "NA" in quotes is Namibia.
    await database.connection.run(
      `create table ${into} as
       select line, ${names.map((name) => `nullif(${identifier(name)}, '') as ${identifier(name)}`).join(', ')}
       from read_csv(${literal(copy)}, columns = {${columns.join(', ')}}, header = false, auto_detect = false,
         delim = ${literal(table.delimiter)}, quote = '"', escape = '"', new_line = '\\n', strict_mode = true,
         nullstr = [${['', ...table.nulls].map(literal).join(', ')}], allow_quoted_nulls = false)`,
    );
    return { header: names, read: rows, bad };
  } finally {
    await rm(copy, { force: true });
  }
}

async function loadParquet(database: Database, { file, path }: TableFile, table: Table, into: string): Promise<Raw> {
  try {
    const described = await database.connection.runAndReadAll(`describe select * from read_parquet(${literal(path)})`);
    const header = described.getRows().map(([name]) => String(name));
    const names = columnNames(header);
    const columns = header.map(
      (name, i) => `${withoutMissing(`${identifier(name)}::VARCHAR`, table.nulls)} as ${identifier(names[i] ?? name)}`,
    );
    await database.connection.run(
      `create table ${into} as select row_number() over () as line, ${columns.join(', ')} from read_parquet(${literal(path)})`,
    );
    const counted = await database.connection.runAndReadAll(`select count(*)::INTEGER from ${into}`);
    return { header: names, read: Number(counted.getRows()[0]?.[0] ?? 0), bad: [] };
  } catch (cause) {
    throw new ImportError(
      `${file}: cannot be read as Parquet (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}); is it whole?`,
      { cause },
    );
  }
}

async function badCells(
  connection: DuckDBConnection,
  raw: string,
  columns: readonly (readonly [string, ColumnType])[],
): Promise<BadCell[]> {
  const checks = columns.filter(([, type]) => type !== 'text');
  if (checks.length === 0) return [];
  const failing = checks.map(
    ([name, type]) => `(${identifier(name)} is not null and (${typed(identifier(name), type)}) is null)`,
  );
  const counted = await connection.runAndReadAll(`select count(*)::INTEGER from ${raw} where ${failing.join(' or ')}`);
  if (counted.getRows()[0]?.[0] === 0) return [];
  const cells = checks.map(
    ([name, type], i) =>
      `select line::INTEGER as line, ${i} as i, ${literal(name)} as field, ${literal(remedies[type])} as remedy, ${identifier(name)} as value from ${raw} where ${failing[i]}`,
  );
  const found = await connection.runAndReadAll(
    `select line, arg_min(field, i), arg_min(remedy, i), arg_min(value, i) from (${cells.join(' union all ')}) group by line order by line`,
  );
  return found.getRows().map(([line, field, remedy, value]) => ({
    line: Number(line),
    field: String(field),
    reason: `${JSON.stringify(String(value).slice(0, 40))} ${String(remedy)}`,
  }));
}

async function repetitions(connection: DuckDBConnection, raw: string, names: readonly string[]): Promise<Repetition[]> {
  const columns = names.map(identifier).join(', ');
  // Equal rows have equal hashes, and counting those is cheap; the rows themselves are compared only if there is something to find.
  const hashes = await connection.runAndReadAll(`select count(distinct hash(${columns})) = count(*) from ${raw}`);
  if (hashes.getRows()[0]?.[0] === true) return [];
  const found = await connection.runAndReadAll(
    `select line::INTEGER, first::INTEGER from
       (select line, min(line) over (partition by ${columns}) as first from ${raw}
        where hash(${columns}) in (select hash(${columns}) from ${raw} group by all having count(*) > 1))
     where line > first order by line`,
  );
  return found.getRows().map(([line, of]) => ({ line: Number(line), of: Number(of) }));
}

/**
 * Loads one table so that SQL sees it under its name: each column as text or as its declared type, NULL where a value is missing, and
 * `line`. Lines that are no rows of it, and repetitions, are left out and handed back.
 */
export async function loadTable(
  database: Database,
  name: string,
  source: TableFile | undefined,
  table: Table,
): Promise<LoadedTable> {
  const { connection } = database;
  const raw = `source.${identifier(name)}`;
  const declared = Object.entries(table.columns);
  if (source === undefined) {
    const columns = ['line BIGINT', ...declared.map(([column, type]) => `${identifier(column)} ${sqlTypes[type]}`)];
    await connection.run(`create table ${identifier(name)} (${columns.join(', ')})`);
    return { name, file: `${name}.csv`, read: 0, bad: [], repeated: [] };
  }
  const { header, read, bad } = await (source.file.endsWith('.parquet') ? loadParquet : loadCsv)(
    database,
    source,
    table,
    raw,
  );
  const lacking = declared
    .filter(([column]) => !header.some((known) => known.toLowerCase() === column.toLowerCase()))
    .map(([column]) => column);
  if (lacking.length > 0) {
    const hint =
      header.length === 1 && /[;\t|]/.test(header[0] ?? '')
        ? '; if its delimiter is another one, declare it under the table in the mapping'
        : '';
    throw new ImportError(
      `${source.file}, line 1: has no column ${lacking.map((column) => `"${column}"`).join(', ')}, which the mapping needs (it has ${header.join(', ')})${hint}; add the column or correct its name`,
    );
  }
  const cells = await badCells(connection, raw, declared);
  const repeated = header.length === 0 ? [] : await repetitions(connection, raw, header);
  const badLines = new Set(cells.map(({ line }) => line));
  const repeats = repeated.filter(({ line }) => !badLines.has(line));
  const left = [...badLines, ...repeats.map(({ line }) => line)];
  const typeOf = new Map(declared.map(([column, type]) => [column.toLowerCase(), type]));
  const columns = header.map(
    (column) => `${typed(identifier(column), typeOf.get(column.toLowerCase()) ?? 'text')} as ${identifier(column)}`,
  );
  if (left.length > 0)
    await connection.run(
      `delete from ${raw} where line in (select unnest($1))`,
      [listValue(left.map(BigInt))],
      [LIST(BIGINT)],
    );
  await connection.run(`create view ${identifier(name)} as select line, ${columns.join(', ')} from ${raw}`);
  return {
    name,
    file: source.file,
    read,
    bad: [...bad.map((line) => ({ ...line, field: '' })), ...cells],
    repeated: repeats,
  };
}
