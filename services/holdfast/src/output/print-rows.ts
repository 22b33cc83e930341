import { csvLines, type Value } from '@holdfast/reports/rows';
import type { Format } from './format.ts';

const rowsAtOnce = 5_000;

/** Writes on standard output, no faster than it is read. */
export async function write(text: string): Promise<void> {
  if (process.stdout.destroyed || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      process.stdout.off('drain', done).off('error', done);
      resolve();
    };
    process.stdout.once('drain', done).once('error', done);
  });
}

/** At most so many decimals are for the eye. */
const mostDecimals = 4;

/** How many decimals show every number of a column to the same place, with none that is 0 in all of them. */
function decimalsOf(column: readonly Value[]): number {
  return column.reduce<number>((most, value) => {
    if (typeof value !== 'number' || Number.isInteger(value)) return most;
    const [, decimals = ''] = value.toFixed(mostDecimals).replace(/0+$/, '').split('.');
    return Math.max(most, decimals.length);
  }, 0);
}

const shown = (value: Value, decimals: number) =>
  value === undefined ? '' : typeof value === 'number' ? value.toFixed(decimals) : value;

/**
 * Prints rows under fixed columns on standard output. CSV and JSON carry full numbers; a table rounds them for the eye, those of a
 * column to the same place. `details` are the last columns of the rows, which CSV leaves out: programs rely on the columns before them.
 */
export async function printRows(
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  format: Format,
  details: readonly string[] = [],
): Promise<void> {
  const all = [...columns, ...details];
  if (format === 'json') {
    const objects = rows.map((row) => Object.fromEntries(all.map((column, i) => [column, row[i] ?? null])));
    return write(`${JSON.stringify(objects, null, 1)}\n`);
  }
  if (format === 'csv') {
    await write(csvLines([columns]));
    for (let i = 0; i < rows.length; i += rowsAtOnce)
      await write(csvLines(rows.slice(i, i + rowsAtOnce).map((row) => row.slice(0, columns.length))));
    return;
  }
  if (rows.length === 0) return write('no rows\n');
  // Columns in which nothing applies only take room from those that say something.
  const used = all.flatMap((column, i) =>
    rows.some((row) => row[i] !== undefined && row[i] !== '') ? [{ column, i }] : [],
  );
  const decimals = used.map(({ i }) => decimalsOf(rows.map((row) => row[i])));
  const cells = rows.map((row) => used.map(({ i }, k) => shown(row[i], decimals[k] ?? 0)));
  const widths = used.map(({ column }, k) =>
    cells.reduce((most, row) => Math.max(most, row[k]?.length ?? 0), column.length),
  );
  const isNumeric = used.map(({ i }) => rows.every((row) => row[i] === undefined || typeof row[i] === 'number'));
  const line = (row: readonly string[]) =>
    row
      .map((cell, k) => (isNumeric[k] ? cell.padStart(widths[k] ?? 0) : cell.padEnd(widths[k] ?? 0)))
      .join('  ')
      .trimEnd();
  await write(`${line(used.map(({ column }) => column))}\n${line(widths.map((width) => '─'.repeat(width)))}\n`);
  for (let i = 0; i < cells.length; i += rowsAtOnce)
    await write(
      `${cells
        .slice(i, i + rowsAtOnce)
        .map(line)
        .join('\n')}\n`,
    );
}
