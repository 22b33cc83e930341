import { stringify } from 'csv-stringify/sync';
import type { Value } from './value.ts';

/** A text by which a spreadsheet would compute something; words of weeks (`++-o`) and numbers compute nothing worth doing. */
const isFormula = (text: string) => /^[=+\-@\t\r]/.test(text) && !/^[-+*o_.\d]+$/.test(text);

/** Rows as CSV: numbers in shortest round-trip form, what does not apply empty. What sites wrote is text, in spreadsheets too. */
export function csvLines(rows: readonly (readonly Value[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { cast: { string: (text) => (isFormula(text) ? `'${text}` : text) } },
  );
}
