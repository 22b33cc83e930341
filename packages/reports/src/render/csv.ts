import type { RawTable } from '../model.ts';
import { csvLines } from '../rows/csv-lines.ts';

/** A table as CSV, as the command line prints it. */
export function csvOf({ columns, rows }: RawTable): Uint8Array {
  return Buffer.from(csvLines([columns, ...rows]), 'utf8');
}
