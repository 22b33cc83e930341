import type { HoldfastEvent, Protocol } from '@holdfast/events';
import { type Database, openDatabase } from './database.ts';
import { eventStream } from './events/event-stream.ts';
import { judgedBatch } from './events/judged-batch.ts';
import { openRefusals } from './events/refusals.ts';
import { defaultJudge, type Judge } from './events/table-event.ts';
import { type FullExport, heldAgainst, type ImportedEvent } from './full-export.ts';
import { loadTables } from './load/load-tables.ts';
import { type Mapping, readMapping } from './mapping/mapping.ts';
import { type Reconciliation, reconciled } from './reconciliation.ts';
import { accountLines, readAccount } from './select/account.ts';
import { selectAll } from './select/select-all.ts';
import { countSelected } from './select/selected.ts';

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
   * The accepted events of each batch of about 2,000 (of some there may be none), by trial, participant and time; can be had once. Without a judge, schema and protocol
   * decide. What is refused is listed in the reconciliation, and never stops the import.
   */
  events(): AsyncGenerator<readonly HoldfastEvent[]>;
  events<T>(judge: Judge<T>): AsyncGenerator<readonly T[]>;
  /** The name of the mapping. */
  readonly mapping: string;
  /** Takes the tables as a full export, held against what was imported before; before the first event is taken. */
  against(imported: AsyncIterable<readonly ImportedEvent[]>): Promise<FullExport>;
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
  const refused = await openRefusals(connection, mapping, tables);
  const { total, rejected } = await countSelected(connection);
  const counts = { judged: 0, accepted: 0 };
  let state: 'fresh' | 'running' | 'done' = 'fresh';

  async function* judgedEvents<T>(judge: Judge<T>): AsyncGenerator<readonly T[]> {
    if (state !== 'fresh') throw new Error('the events of an import can be had once; open it again');
    state = 'running';
    for await (const batch of eventStream(connection, mapping)) {
      const accepted = await judgedBatch(batch, judge, refused, second);
      counts.judged += batch.length;
      counts.accepted += accepted.length;
      yield accepted;
    }
    // With what the judge refused, the fate of lines is another one than SQL alone could know.
    const refusal = await refused.toTable(connection);
    if (refusal !== undefined) {
      await accountLines(connection, refusal);
      accounts = await readAccount(connection);
    }
    state = 'done';
  }

  function events(): AsyncGenerator<readonly HoldfastEvent[]>;
  function events<T>(judge: Judge<T>): AsyncGenerator<readonly T[]>;
  function events(judge: Judge<unknown> = defaultJudge(trials)): AsyncGenerator<readonly unknown[]> {
    return judgedEvents(judge);
  }

  return {
    total,
    mapping: mapping.name,
    against: (imported) => heldAgainst(database, mapping, tables, imported),
    get judged() {
      return counts.judged;
    },
    events,
    reconciliation() {
      if (state !== 'done') throw new Error('rows are reconciled after the last event; take all events first');
      const { judged, accepted } = counts;
      return {
        tables: reconciled(tables, accounts),
        rejectedRows: refused.rejectedRows(),
        events: { accepted, rejected: rejected + judged - accepted },
      };
    },
    close: () => database.close(),
  };
}
