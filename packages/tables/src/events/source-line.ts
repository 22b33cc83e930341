import { BIGINT, type DuckDBConnection, DuckDBListValue, DuckDBStructValue, LIST, listValue } from '@duckdb/node-api';

/** A line that an event stands on; `part` is the path into its data that this line alone supplies. */
export type SourceLine = { readonly tab: string; readonly line: number; readonly part: string | undefined };

function sourceLine({ entries: { tab, line, part } }: DuckDBStructValue): SourceLine {
  return { tab: String(tab), line: Number(line), part: part === null || part === undefined ? undefined : String(part) };
}

/** The lines of selected rows, by row. They stay in DuckDB until an event is refused, which is rare. */
export async function sourceLines(
  connection: DuckDBConnection,
  rows: readonly number[],
): Promise<ReadonlyMap<number, readonly SourceLine[]>> {
  const found = await connection.runAndReadAll(
    'select rowid::DOUBLE, list_sort(lines) from holdfast.selected where rowid in (select unnest($1))',
    [listValue(rows.map(BigInt))],
    [LIST(BIGINT)],
  );
  const lists = found
    .getRows()
    .map(([row, list]): [number, SourceLine[]] => [
      Number(row),
      list instanceof DuckDBListValue
        ? list.items.filter((item) => item instanceof DuckDBStructValue).map(sourceLine)
        : [],
    ]);
  return new Map(lists);
}
