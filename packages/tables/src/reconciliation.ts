import type { ObservationType, Problem } from '@holdfast/events';
import type { LoadedTable } from './load/load-table.ts';
import type { Repetition } from './load/repetitions.ts';
import type { Account, FilteredRows } from './select/account.ts';

/** A row of a table that was refused, wholly or as the source of one event. */
export type RejectedRow = {
  /** The table's file, such as `uds.csv`. */
  readonly file: string;
  /** The physical line on which the row begins; of Parquet, its number. */
  readonly line: number;
  /** The event that was refused; absent if the line is no row of its table at all. */
  readonly type?: ObservationType;
  /** A column, or a path into the event; empty if the whole line is meant. */
  readonly field: string;
  /** What is wrong and what to do about it. */
  readonly reason: string;
};

export type TableReconciliation = {
  readonly table: string;
  readonly file: string;
  /** Always `used + filtered + rejected`. */
  readonly read: number;
  /** Rows on which an accepted event stands. */
  readonly used: number;
  readonly filtered: number;
  /** Why rows were filtered. */
  readonly reasons: readonly FilteredRows[];
  /** Rows from which nothing was accepted. */
  readonly rejected: number;
};

export type Reconciliation = {
  readonly tables: readonly TableReconciliation[];
  /** By table and line. A row that gave one event and was refused as another is listed here and counts as used there. */
  readonly rejectedRows: readonly RejectedRow[];
  readonly events: { readonly accepted: number; readonly rejected: number };
};

/** Every problem of one refusal, in one sentence after the field of the first. */
export function reasonOf(problems: readonly Problem[]): { field: string; reason: string } {
  const [first, ...others] = problems;
  if (first === undefined) return { field: '', reason: 'was refused without a reason' };
  return {
    field: first.path,
    reason: [first.message, ...others.map(({ path, message }) => `${path}: ${message}`)].join('; also '),
  };
}

function repeatedRows(repeated: readonly Repetition[]): FilteredRows[] {
  const [first] = repeated;
  if (first === undefined) return [];
  const reason =
    repeated.length === 1 ? `repeats line ${first.of}` : `repeats an earlier line (the first repeats line ${first.of})`;
  return [{ reason, rows: repeated.length, line: first.line }];
}

/** The rows of each table, each counted once. */
export function reconciled(
  tables: readonly LoadedTable[],
  accounts: ReadonlyMap<string, Account>,
): TableReconciliation[] {
  return tables.map(({ name, file, read, bad, repeated }) => {
    const { used, rejected, filtered } = accounts.get(name) ?? { used: 0, rejected: 0, filtered: [] };
    const reasons = [...filtered, ...repeatedRows(repeated)];
    const left = reasons.reduce((sum, { rows }) => sum + rows, 0);
    return { table: name, file, read, used, filtered: left, reasons, rejected: rejected + bad.length };
  });
}
