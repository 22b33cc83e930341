import type { HoldfastEvent, Protocol } from '@holdfast/events';
import { type Database, openDatabase } from './database.ts';
import { eventStream, type OutgoingEvent } from './events/event-stream.ts';
import { judgedByParts } from './events/judged-by-parts.ts';
import { refusals } from './events/refusals.ts';
import { sourceLines } from './events/source-line.ts';
import { defaultJudge, type Judge } from './events/table-event.ts';
import { loadTables } from './load/load-tables.ts';
import { type Mapping, readMapping } from './mapping/mapping.ts';
import { type Reconciliation, reconciled } from './reconciliation.ts';
import { accountLines, readAccount } from './select/account.ts';
import { selectAll } from './select/select-all.ts';
import { countSelected, refusedRows } from './select/selected.ts';

export type ImportOptions = {
  /** Path of `mapping.yaml`. */
  readonly mapping: string;
  /** Where the tables are. */
  readonly directory: string;
  /** The published trials. Rows of any other trial are counted as filtered, never rejected. */
  readonly trials: ReadonlyMap<string, Protocol>;
  /** What DuckDB may use, such as `400MB`. */
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
  /** Ends the import at any time, once its events are no longer iterated. */
  close(): Promise<void>;
}

/**
 * Reads a mapping, loads its tables and runs its SQL. Whatever is wrong with a mapping or a table as a whole is an `ImportError` here,
 * before the first event; whatever is wrong with a row is in the reconciliation.
 */
export async function openImport(options: ImportOptions): Promise<TableImport> {
  const mapping = await readMapping(options.mapping);
  const database = await openDatabase(options.memoryLimit ?? '400MB');
  try {
    return await opened(options, mapping, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function opened(
  { directory, trials, onStep = () => {} }: ImportOptions,
  mapping: Mapping,
  database: Database,
): Promise<TableImport> {
  const { connection, second } = database;
  const tables = await loadTables(database, mapping, directory, onStep);
  let accounts = await selectAll(database, mapping, tables, [...trials.keys()], onStep);
  const counts = { judged: 0, accepted: 0, ...(await countSelected(connection)) };
  const refused = refusals(tables);
  await refuseIncomplete();
  let state: 'fresh' | 'running' | 'done' = 'fresh';

  /** Rows of which SQL alone could tell that they make no event. */
  async function refuseIncomplete(): Promise<void> {
    const rows = await refusedRows(connection);
    const lines = await sourceLines(
      connection,
      rows.map(({ row }) => row),
    );
    for (const { row, type, field, reason } of rows) {
      const problems = [{ path: field, message: reason }];
      refused.add(
        row,
        mapping.events[type]?.name,
        (lines.get(row) ?? []).map((line) => ({ ...line, problems })),
      );
    }
  }

  async function* judgedEvents<T>(judge: Judge<T>): AsyncGenerator<readonly T[]> {
    if (state !== 'fresh') throw new Error('the events of an import can be had once; open it again');
    state = 'running';
    for await (const batch of eventStream(connection, mapping.name, mapping.events)) {
      const { accepted, rejected } = await judgedBatch(batch, judge);
      counts.judged += batch.length;
      counts.accepted += accepted.length;
      counts.rejected += rejected;
      if (accepted.length > 0) yield accepted;
    }
    // With what the judge refused, the fate of lines is another one than SQL alone could know.
    const refusal = await refused.toTable(connection);
    if (refusal !== undefined) {
      await accountLines(connection, refusal);
      accounts = await readAccount(connection);
    }
    state = 'done';
  }

  async function judgedBatch<T>(
    batch: readonly OutgoingEvent[],
    judge: Judge<T>,
  ): Promise<{ accepted: T[]; rejected: number }> {
    const verdicts = batch.map((outgoing) => ({ outgoing, verdict: judge(outgoing.event, outgoing.trial) }));
    const again = verdicts.filter(({ verdict }) => !verdict.ok).map(({ outgoing }) => outgoing.row);
    const lines = again.length === 0 ? new Map() : await sourceLines(second, again);
    const accepted: T[] = [];
    for (const { outgoing, verdict } of verdicts) {
      if (verdict.ok) {
        accepted.push(verdict.value);
        continue;
      }
      const { event, trial, row, type } = outgoing;
      const parts = judgedByParts(event, trial, lines.get(row) ?? [], verdict.problems, judge);
      refused.add(row, type, parts.refused);
      if (parts.accepted !== undefined) accepted.push(parts.accepted.value);
    }
    return { accepted, rejected: batch.length - accepted.length };
  }

  function events(): AsyncGenerator<readonly HoldfastEvent[]>;
  function events<T>(judge: Judge<T>): AsyncGenerator<readonly T[]>;
  function events(judge: Judge<unknown> = defaultJudge(trials)): AsyncGenerator<readonly unknown[]> {
    return judgedEvents(judge);
  }

  return {
    total: counts.total,
    get judged() {
      return counts.judged;
    },
    events,
    reconciliation() {
      if (state !== 'done') throw new Error('rows are reconciled after the last event; take all events first');
      const { accepted, rejected } = counts;
      return {
        tables: reconciled(tables, accounts),
        rejectedRows: refused.rejectedRows(),
        events: { accepted, rejected },
      };
    },
    close: () => database.close(),
  };
}
