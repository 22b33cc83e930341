import type { DuckDBConnection } from '@duckdb/node-api';
import type { CivilDay, Protocol } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import type { Cell } from '@holdfast/tallies';
import { append } from './append.ts';
import { sql } from './duckdb.ts';
import { cellText, Numbers } from './numbers.ts';
import { createTables, shardFormat } from './schema.ts';

/** What a shard has taken in of its log: all before an offset. */
export type TakenIn = {
  readonly offset: number;
  /** SHA-256 (hexadecimal) of the record before the offset, empty at 0: a log that has another one there is not what was taken in. */
  readonly lastRecord: string;
};

/** How far a shard has come. */
export type State = {
  offset: number;
  chain: string;
  lastRecord: string;
  clock: CivilDay | undefined;
  sequence: number;
  readonly refillTo: number;
};

/** What a shard knows by number. */
export type ShardNumbers = { readonly participants: Numbers<string>; readonly cells: Numbers<Cell> };

/** The numbers that a shard has given so far. */
export async function readNumbers(connection: DuckDBConnection): Promise<ShardNumbers> {
  const participants = new Numbers<string>();
  const cells = new Numbers<Cell>();
  const names = await connection.runAndReadAll('SELECT participant FROM participants ORDER BY number');
  for (const [name] of names.getRows() as [string][]) participants.of(name, () => name);
  const columns = await connection.runAndReadAll(sql`
    SELECT measure, kind, window_days, policy, item, fraction_of, axis, arm, site, groups FROM cells ORDER BY number
  `);
  for (const row of columns.getRows()) {
    const [measure, kind, window, policy, item, of, axis, arm, site, group] = row as unknown as CellColumns;
    const cell: Cell = { measure, kind, window, policy, item, of, axis, arm, site, group };
    cells.of(cellText(cell), () => cell);
  }
  for (const numbers of [participants, cells]) numbers.storeNew(() => undefined);
  return { participants, cells };
}

/** Stores what was numbered since the last time. */
export async function storeNumbers(connection: DuckDBConnection, { participants, cells }: ShardNumbers): Promise<void> {
  if (participants.anyNew) {
    await append(connection, 'participants', (table) =>
      participants.storeNew((number, participant) => {
        table.appendInteger(number);
        table.appendVarchar(participant);
        table.endRow();
      }),
    );
  }
  if (!cells.anyNew) return;
  await append(connection, 'cells', (table) =>
    cells.storeNew((number, { measure, kind, window, policy, item, of, axis, arm, site, group }) => {
      table.appendInteger(number);
      table.appendVarchar(measure);
      table.appendVarchar(kind);
      table.appendInteger(window);
      for (const text of [policy, item]) table.appendVarchar(text);
      table.appendInteger(of);
      for (const text of [axis, arm, site, group]) table.appendVarchar(text);
      table.endRow();
    }),
  );
}

/** Begins a shard. */
export async function begin(
  connection: DuckDBConnection,
  protocol: Protocol,
  digest: string,
  logId: string,
  logEnd: number,
): Promise<State> {
  await connection.run(createTables);
  const made = [shardFormat, foldVersion, protocol.version, digest, logId, BigInt(logEnd)];
  await connection.run(`INSERT INTO shard VALUES ($1, $2, $3, $4, $5, $6, 0, '', '', NULL, 0)`, made);
  // DDL does not stay in the write-ahead log: replaying it there is where DuckDB has failed others.
  await connection.run('CHECKPOINT');
  return { offset: 0, chain: '', lastRecord: '', clock: undefined, sequence: 0, refillTo: logEnd };
}

/** How far the shard had come; undefined if there is none here, or one that must be begun anew. */
export async function readState(
  connection: DuckDBConnection,
  digest: string,
  logId: string,
): Promise<State | undefined> {
  const tables = await connection.runAndReadAll(`SELECT 1 FROM duckdb_tables() WHERE table_name = 'shard'`);
  if (tables.getRows().length === 0) return undefined;
  // The format comes first: a table of another one may have other columns.
  const [head] = (await connection.runAndReadAll('SELECT format FROM shard')).getRows();
  if (head?.[0] !== shardFormat) return undefined;
  const [row] = (
    await connection.runAndReadAll(sql`
      SELECT
        fold_version, protocol_digest, log_id, next_offset::DOUBLE, chain, last_record, clock, sequence::DOUBLE, refill_to::DOUBLE
      FROM shard
    `)
  ).getRows();
  if (row === undefined) return undefined;
  const [folded, protocol, log, offset, chain, lastRecord, clock, sequence, refillTo] = row;
  if (folded !== foldVersion || protocol !== digest || log !== logId) return undefined;
  return {
    offset: offset as number,
    chain: chain as string,
    lastRecord: lastRecord as string,
    clock: (clock as number | null) ?? undefined,
    sequence: sequence as number,
    refillTo: refillTo as number,
  };
}

type CellColumns = [string, string, number, string, string, number, Cell['axis'], string, string, string];
