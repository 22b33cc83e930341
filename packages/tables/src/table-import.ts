import type { HoldfastEvent, Problem, Protocol } from '@holdfast/events';
import { BIGINT, type DuckDBConnection, DuckDBListValue, DuckDBStructValue, LIST, listValue } from '@duckdb/node-api';
import { openDatabase, type Database } from './database.ts';
import { eventStream, type OutgoingEvent } from './events/event-stream.ts';
import { judgedByParts, type RefusedLine, type SourceLine } from './events/judged.ts';
import { defaultJudge, type Judge } from './events/table-event.ts';
import { ImportError } from './import-error.ts';
import { type LoadedTable, loadTable } from './load/load-table.ts';
import { filesOf, tableFile } from './load/table-file.ts';
import { type Mapping, readMapping } from './mapping/mapping.ts';
import { type Reconciliation, type RejectedRow, reasonOf, reconciled } from './reconciliation.ts';
import { type Account, accountLines, checkAccount, readAccount } from './select/account.ts';
import { createSelected, createView, refuseSameKey, selectEvents } from './select/selected.ts';
import { identifier } from './sql-text.ts';

export type ImportOptions = {
  /** Path of `mapping.yaml`. */
  readonly mapping: string;
  /** Where the tables are. */
  readonly directory: string;
  /** The published trials. Rows of any other trial are counted as filtered, never rejected. */
  readonly trials: ReadonlyMap<string, Protocol>;
  /** What DuckDB may use before it turns to a temporary folder. */
  readonly memoryLimit?: string;
  /** Told as tables are loaded and events selected, before the first event can be had. */
  readonly onStep?: (step: string) => void;
};

/** Tables as events, in one pass. */
export interface TableImport {
  /** Events to be judged. */
  readonly total: number;
  /** Events judged so far. */
  readonly judged: number;
  /**
   * The accepted events, in batches of about 2,000, by trial, participant and time; can be had once. Without a judge, schema and protocol
   * decide. What is refused is listed in the reconciliation, and never stops the import.
   */
  events(): AsyncGenerator<readonly HoldfastEvent[]>;
  events<T>(judge: Judge<T>): AsyncGenerator<readonly T[]>;
  /** What became of every row; after the last event. */
  reconciliation(): Reconciliation;
  close(): Promise<void>;
}

/** Reads the mapping, loads its tables and runs its SQL; everything that is wrong with mapping or tables as a whole is an `ImportError` here, before the first event. */
export async function openImport(options: ImportOptions): Promise<TableImport> {
  const mapping = await readMapping(options.mapping);
  const database = await openDatabase(options.memoryLimit ?? '200MB');
  try {
    return await prepared(options, mapping, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function loadTables({ directory, onStep }: ImportOptions, mapping: Mapping, database: Database): Promise<LoadedTable[]> {
  const files = await filesOf(directory);
  const sources = [...mapping.tables].map(([name, table]) => ({ name, table, source: tableFile(name, directory, files) }));
  const missing = sources.filter(({ table, source }) => source === undefined && !table.optional).map(({ name }) => name);
  if (missing.length > 0) {
    throw new ImportError(`${directory}: holds no table ${missing.join(', ')} (as .csv, .csv.gz or .parquet); add it, or declare it optional in the mapping`);
  }
  await database.connection.run('create schema source');
  const loaded: LoadedTable[] = [];
  for (const { name, table, source } of sources) {
    const one = await loadTable(database, name, source, table);
    loaded.push(one);
    onStep?.(source === undefined ? `${name}: no file` : `${one.file}: ${one.read} rows`);
  }
  return loaded;
}

async function linesOf(connection: DuckDBConnection, rows: readonly number[]): Promise<Map<number, SourceLine[]>> {
  const found = await connection.runAndReadAll(
    'select rowid::DOUBLE, list_sort(lines) from selected where rowid in (select unnest($1))',
    [listValue(rows.map(BigInt))],
    [LIST(BIGINT)],
  );
  const lines = new Map<number, SourceLine[]>();
  for (const [row, list] of found.getRows()) {
    if (!(list instanceof DuckDBListValue)) continue;
    const structs = list.items.filter((item) => item instanceof DuckDBStructValue);
    lines.set(Number(row), structs.map(({ entries: { tab, line, part } }) => ({ tab: String(tab), line: Number(line), part: part === null ? undefined : String(part) })));
  }
  return lines;
}

/** What was refused, where the last account can read it, and as people read it. */
function refusals(mapping: Mapping, tables: readonly LoadedTable[]) {
  const fileOf = new Map(tables.map(({ name, file }) => [name, file]));
  const place = new Map(tables.map(({ file }, index) => [file, index]));
  const rows: RejectedRow[] = tables.flatMap(({ file, bad }) => bad.map((line) => ({ file, ...line })));
  const lines: { row: number; tab: string; line: number }[] = [];
  const reasons = new Map<readonly Problem[], { field: string; reason: string }>();
  return {
    lines,
    add(row: number, type: number, refused: readonly RefusedLine[]): void {
      const query = mapping.events[type];
      for (const { tab, line, problems } of refused) {
        const reason = reasons.get(problems) ?? reasonOf(problems);
        reasons.set(problems, reason);
        lines.push({ row, tab, line });
        rows.push({ file: fileOf.get(tab) ?? tab, line, ...(query === undefined ? {} : { type: query.name }), ...reason });
      }
      reasons.clear();
    },
    sorted: () => rows.sort((a, b) => (place.get(a.file) ?? 0) - (place.get(b.file) ?? 0) || a.line - b.line || (a.field < b.field ? -1 : 1)),
  };
}

async function prepared({ trials, onStep, ...options }: ImportOptions, mapping: Mapping, database: Database): Promise<TableImport> {
  const { connection, lookups } = database;
  const number = async (sql: string) => Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0] ?? 0);
  const tables = await loadTables({ trials, ...options, ...(onStep === undefined ? {} : { onStep }) }, mapping, database);
  if (mapping.baseDate !== undefined) {
    // Beyond these days there is no date that anybody means, and DuckDB would give up the whole import for one cell.
    await connection.run(`create macro civil_date(days) as case when try_cast(days as BIGINT) between -700000 and 2000000
      then DATE '${mapping.baseDate}' + try_cast(days as INTEGER) end`);
  }
  await connection.run("create macro substance_id(label) as regexp_replace(lower(trim(label)), '[^a-z0-9]', '-', 'g')");
  await database.lock();

  for (const view of mapping.views) await createView(connection, view);
  await createSelected(connection);
  for (const [type, query] of mapping.events.entries()) {
    const before = await number('select count(*)::DOUBLE from selected');
    await selectEvents(connection, query, type, [...trials.keys()]);
    onStep?.(`${query.file}: ${(await number('select count(*)::DOUBLE from selected')) - before} rows`);
  }
  await refuseSameKey(connection, mapping.events);
  await accountLines(connection);
  await checkAccount(connection, tables, mapping.events);
  let accounts: ReadonlyMap<string, Account> = await readAccount(connection);
  await connection.run('drop table account');
  for (const view of mapping.views) await connection.run(`drop table ${identifier(view.name)}`);
  for (const { name } of tables) await connection.run(`drop view if exists ${identifier(name)}`);
  await connection.run('drop schema source cascade');
  onStep?.('every row is accounted for');

  const refused = refusals(mapping, tables);
  for (const [row, type, why] of (await connection.runAndReadAll('select rowid::DOUBLE, type::INTEGER, refused from selected where refused is not null order by rowid')).getRows()) {
    const [field = '', ...reason] = String(why).split(': ');
    const lines = (await linesOf(connection, [Number(row)])).get(Number(row)) ?? [];
    refused.add(Number(row), Number(type), lines.map((line) => ({ ...line, problems: [{ path: field, message: reason.join(': ') }] })));
  }
  const total = await number('select count(*)::DOUBLE from selected where filtered is null and refused is null');
  const typeNumbers = new Map(mapping.events.map(({ name }, index) => [`org.holdfast.${name}.v1`, index]));
  const counts = { judged: 0, accepted: 0, rejected: await number('select count(*)::DOUBLE from selected where refused is not null') };
  let state: 'fresh' | 'running' | 'done' = 'fresh';

  async function judgedBatch<T>(batch: readonly OutgoingEvent[], judge: Judge<T>): Promise<T[]> {
    const verdicts = batch.map(({ event, trial }) => judge(event, trial));
    counts.judged += batch.length;
    const again = batch.filter((_, i) => verdicts[i]?.ok === false).map(({ row }) => row);
    if (again.length === 0) {
      counts.accepted += batch.length;
      return verdicts.flatMap((verdict) => (verdict.ok ? [verdict.value] : []));
    }
    const lines = await linesOf(lookups, again);
    const accepted: T[] = [];
    for (const [i, verdict] of verdicts.entries()) {
      const outgoing = batch[i];
      if (verdict.ok) accepted.push(verdict.value);
      else if (outgoing !== undefined) {
        const byParts = judgedByParts(outgoing.event, outgoing.trial, lines.get(outgoing.row) ?? [], verdict.problems, judge);
        refused.add(outgoing.row, typeNumbers.get(outgoing.event.type) ?? -1, byParts.refused);
        if (byParts.accepted === undefined) counts.rejected++;
        else accepted.push(byParts.accepted.value);
      }
    }
    counts.accepted += accepted.length;
    return accepted;
  }

  /** With what the judge refused, the fate of lines is another one than SQL alone could know. */
  async function accountAgain(): Promise<void> {
    if (refused.lines.length === 0) return;
    await connection.run('create table refusal (row BIGINT, tab VARCHAR, line BIGINT)');
    const appender = await connection.createAppender('refusal');
    for (const { row, tab, line } of refused.lines) {
      appender.appendBigInt(BigInt(row));
      appender.appendVarchar(tab);
      appender.appendBigInt(BigInt(line));
      appender.endRow();
    }
    appender.closeSync();
    await accountLines(connection, 'refusal');
    accounts = await readAccount(connection);
  }

  async function* judgedEvents<T>(judge: Judge<T>): AsyncGenerator<readonly T[]> {
    if (state !== 'fresh') throw new Error('the events of an import can be had once; open it again');
    state = 'running';
    for await (const batch of eventStream(connection, mapping.name, mapping.events)) {
      const accepted = await judgedBatch(batch, judge);
      if (accepted.length > 0) yield accepted;
    }
    await accountAgain();
    state = 'done';
  }

  function events(): AsyncGenerator<readonly HoldfastEvent[]>;
  function events<T>(judge: Judge<T>): AsyncGenerator<readonly T[]>;
  function events(judge: Judge<unknown> = defaultJudge(trials)): AsyncGenerator<readonly unknown[]> {
    return judgedEvents(judge);
  }

  return {
    total,
    get judged() {
      return counts.judged;
    },
    events,
    reconciliation() {
      if (state !== 'done') throw new Error('rows are reconciled after the last event; take all events first');
      return { tables: reconciled(tables, accounts), rejectedRows: refused.sorted(), events: { accepted: counts.accepted, rejected: counts.rejected } };
    },
    close: () => database.close(),
  };
}
