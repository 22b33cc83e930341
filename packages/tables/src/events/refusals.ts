import type { DuckDBConnection } from '@duckdb/node-api';
import type { ObservationType } from '@holdfast/events';
import type { LoadedTable } from '../load/load-table.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { type RejectedRow, reasonOf } from '../reconciliation.ts';
import { refusedRows } from '../select/selected.ts';
import type { RefusedLine } from './judged-by-parts.ts';
import { sourceLines } from './source-line.ts';

/** What was refused: as people read it, and so that DuckDB can account for it. */
export type Refusals = {
  add(row: number, type: ObservationType | undefined, lines: readonly RefusedLine[]): void;
  /** By table, line and type, in an order that no timing of SQL's threads changes. */
  rejectedRows(): readonly RejectedRow[];
  /** Writes the table `holdfast.refusal` and gives its name; undefined if nothing was refused. */
  toTable(connection: DuckDBConnection): Promise<string | undefined>;
};

/** Begins with the lines that are no rows, and with the rows of which SQL alone could tell that they make no event. */
export async function openRefusals(
  connection: DuckDBConnection,
  mapping: Mapping,
  tables: readonly LoadedTable[],
): Promise<Refusals> {
  const refused = refusals(
    tables,
    mapping.events.map(({ name }) => name),
  );
  const rows = await refusedRows(connection);
  const numbers = rows.map(({ row }) => row);
  const lines = await sourceLines(connection, numbers);
  for (const { row, type, field, reason } of rows) {
    const problems = [{ path: field, message: reason }];
    const refusedLines = (lines.get(row) ?? []).map((line) => ({ ...line, problems }));
    refused.add(row, mapping.events[type]?.name, refusedLines);
  }
  return refused;
}

function refusals(tables: readonly LoadedTable[], types: readonly ObservationType[]): Refusals {
  const fileOf = new Map(tables.map(({ name, file }) => [name, file]));
  const place = new Map(tables.map(({ file }, index) => [file, index]));
  const rejected: RejectedRow[] = tables.flatMap(({ file, bad }) => bad.map((line) => ({ file, ...line })));
  const refused: { row: number; tab: string; line: number }[] = [];
  return {
    add(row, type, lines) {
      for (const { tab, line, problems } of lines) {
        refused.push({ row, tab, line });
        rejected.push({
          file: fileOf.get(tab) ?? tab,
          line,
          ...(type === undefined ? {} : { type }),
          ...reasonOf(problems),
        });
      }
    },
    rejectedRows() {
      const table = ({ file }: RejectedRow) => place.get(file) ?? tables.length;
      const type = (row: RejectedRow) => (row.type === undefined ? -1 : types.indexOf(row.type));
      const text = ({ field, reason }: RejectedRow) => `${field}\n${reason}`;
      return rejected.sort(
        (a, b) =>
          table(a) - table(b) ||
          a.line - b.line ||
          type(a) - type(b) ||
          Number(text(a) > text(b)) - Number(text(a) < text(b)),
      );
    },
    async toTable(connection) {
      if (refused.length === 0) return undefined;
      await connection.run('create table holdfast.refusal (row BIGINT, tab VARCHAR, line BIGINT)');
      const appender = await connection.createAppender('refusal', 'holdfast');
      for (const { row, tab, line } of refused) {
        appender.appendBigInt(BigInt(row));
        appender.appendVarchar(tab);
        appender.appendBigInt(BigInt(line));
        appender.endRow();
      }
      appender.closeSync();
      return 'holdfast.refusal';
    },
  };
}
