import type { RawTable } from './model.ts';
import type { Value } from './rows/index.ts';

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, Value>>;

export function rowsOf({ columns, rows }: RawTable): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
}

/** The same columns in the same order, of some rows alone. */
export const rowsWhere = ({ columns, rows }: RawTable, isOne: (row: Row) => boolean): RawTable => ({
  columns,
  rows: rows.filter((row) => isOne(Object.fromEntries(columns.map((column, i) => [column, row[i]])))),
});

/** Fewer participants than this are not shown to blinded people: with an arm guessed, few are as good as named. */
export const smallCell = 5;

const isSmall = (n: Value) => typeof n === 'number' && n > 0 && n < smallCell;

/** Empties counts of one to four participants, each for itself. */
export const withoutSmallCounts = ({ columns, rows }: RawTable, counts: ReadonlySet<string>): RawTable => ({
  columns,
  rows: rows.map((row) =>
    row.map((value, at) => (counts.has(columns[at] ?? '') && isSmall(value) ? undefined : value)),
  ),
});

/** Columns that tell the value of whoever stands in a place, by the lesser part of the participants that lies beyond it. */
const partBeyond: Readonly<Record<string, number>> = {
  minimum: 0,
  lower_quartile: 1 / 4,
  median: 1 / 2,
  upper_quartile: 1 / 4,
  maximum: 0,
  highest: 0,
};

/**
 * Empties quantiles of `n` participants beyond which fewer than five lie: they are as good as the values of those few. So no lowest or
 * highest value is shown, which is somebody’s own; nor, of fewer than twenty, quartiles, which with mean and deviation would give it away.
 */
export const withoutExtremes = (raw: RawTable, n: (row: Row) => Value): RawTable => ({
  columns: raw.columns,
  rows: rowsOf(raw).map((row) =>
    raw.columns.map((column) => {
      const part = partBeyond[column];
      return part !== undefined && part * Number(n(row) ?? 0) < smallCell ? undefined : row[column];
    }),
  ),
});

/** The participants on either side of a median, which are counted as any others of whom few are not shown. */
export const beyondMedian = (n: Value): Value => (typeof n === 'number' ? n / 2 : undefined);

/** Those who have something, and those of all who have not: with few of either, both are known. */
export const bothSides = (having: Value, all: Value): readonly Value[] => [
  having,
  typeof having === 'number' && typeof all === 'number' ? all - having : undefined,
];

/** What hides the cells of few participants. */
export type Hidden = {
  /** The counts of participants that a row tells; one to four of any hide the row. */
  readonly counts: (row: Row) => readonly Value[];
  /** The columns that say what a row is of; everything else is emptied. */
  readonly keys: ReadonlySet<string>;
  /** Rows of which one gives another away, by their equal names: all are shown or none. Undefined: the row stands alone. */
  readonly together?: (row: Row) => string | undefined;
};

/** Empties what rows of one to four participants say, and the rows that would give them away. */
export function withoutSmallCells(raw: RawTable, { counts, keys, together = () => undefined }: Hidden): RawTable {
  const { columns, rows } = raw;
  const named = rowsOf(raw).map((row) => ({ name: together(row), isHidden: counts(row).some(isSmall) }));
  const hidden = new Set(named.filter(({ isHidden }) => isHidden).map(({ name }) => name));
  return {
    columns,
    rows: rows.map((row, i) => {
      const { name, isHidden = false } = named[i] ?? {};
      return isHidden || (name !== undefined && hidden.has(name))
        ? row.map((value, at) => (keys.has(columns[at] ?? '') ? value : undefined))
        : row;
    }),
  };
}
