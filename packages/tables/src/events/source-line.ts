import { BIGINT, type DuckDBConnection, LIST, listValue } from '@duckdb/node-api';

/** A line that an event stands on; `part` is the path into its data that this line alone supplies. */
export type SourceLine = { readonly tab: string; readonly line: number; readonly part: string | undefined };

/** The lines of selected rows, by row. They stay in DuckDB until an event is refused, which is rare. */
export async function sourceLines(
  connection: DuckDBConnection,
  rows: readonly number[],
): Promise<ReadonlyMap<number, readonly SourceLine[]>> {
  const found = await connection.runAndReadAll(
    `select row, l.tab, l.line::DOUBLE, l.part
     from (select rowid::DOUBLE as row, unnest(lines) as l from holdfast.selected where rowid in (select unnest($1)))
     order by row, l.tab, l.line, l.part`,
    [listValue(rows.map(BigInt))],
    [LIST(BIGINT)],
  );
  const lines = new Map<number, SourceLine[]>();
  for (const [row, tab, line, part] of found.getRows()) {
    const one = { tab: String(tab), line: Number(line), part: part === null ? undefined : String(part) };
    const known = lines.get(Number(row));
    if (known === undefined) lines.set(Number(row), [one]);
    else known.push(one);
  }
  return lines;
}
