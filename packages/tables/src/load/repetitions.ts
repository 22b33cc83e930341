import type { DuckDBConnection } from '@duckdb/node-api';
import { identifier } from '../sql-text.ts';

/** A row that says what an earlier one has said. */
export type Repetition = { readonly line: number; readonly of: number };

export async function repetitions(
  connection: DuckDBConnection,
  raw: string,
  names: readonly string[],
): Promise<Repetition[]> {
  const columns = names.map(identifier).join(', ');
  // Equal rows have equal hashes, and counting those is cheap; the rows themselves are compared only if there is something to find.
  const hashes = await connection.runAndReadAll(`select count(distinct hash(${columns})) = count(*) from ${raw}`);
  if (hashes.getRows()[0]?.[0] === true) return [];
  const found = await connection.runAndReadAll(
    `select line::DOUBLE, earliest::DOUBLE from
       (select line, min(line) over (partition by ${columns}) as earliest from ${raw}
        where hash(${columns}) in (select hash(${columns}) as hash from ${raw} group by hash having count(*) > 1))
     where line > earliest order by line`,
  );
  return found.getRows().map(([line, of]) => ({ line: Number(line), of: Number(of) }));
}
