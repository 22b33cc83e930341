import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnType } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';

/** A line that is rejected before any SQL sees it; `field` is a column, or empty if the whole line is meant. */
export type BadCell = { readonly line: number; readonly field: string; readonly reason: string };

export const sqlTypes: Record<ColumnType, string> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  date: 'DATE',
};

const faults: Record<ColumnType, string> = {
  text: 'is no text',
  integer: 'is no whole number; write it like 12 or -3, or leave it empty',
  number: 'is no number; write it like 1.5, or leave it empty',
  date: 'is no date; write it like 2026-03-02, or leave it empty',
};

/** SQL that gives a text as a declared type, NULL where it is none: DuckDB alone would round 7.5 to 8 and take `infinity` for a date. */
export function asType(column: string, type: ColumnType): string {
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

/** Rows with a value that is not of its column's declared type; of several such values the first. */
export async function badCells(
  connection: DuckDBConnection,
  raw: string,
  declared: readonly (readonly [string, ColumnType])[],
): Promise<BadCell[]> {
  const checks = declared
    .filter(([, type]) => type !== 'text')
    .map(([name, type]) => {
      const column = identifier(name);
      return { name, type, column, fails: `(${column} is not null and (${asType(column, type)}) is null)` };
    });
  if (checks.length === 0) return [];
  const counted = await connection.runAndReadAll(
    `select count(*)::DOUBLE from ${raw} where ${checks.map(({ fails }) => fails).join(' or ')}`,
  );
  if (counted.getRows()[0]?.[0] === 0) return [];
  const cells = checks.map(
    ({ name, type, column, fails }, i) =>
      `select line, ${i} as i, ${literal(name)} as field, ${column} as value, ${literal(faults[type])} as fault from ${raw} where ${fails}`,
  );
  const found = await connection.runAndReadAll(
    `select line::DOUBLE, arg_min(field, i), arg_min(value, i), arg_min(fault, i) from (${cells.join(' union all ')}) group by line order by line`,
  );
  return found.getRows().map(([line, field, value, fault]) => ({
    line: Number(line),
    field: String(field),
    reason: `${JSON.stringify(String(value).slice(0, 40))} ${String(fault)}`,
  }));
}
