import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from './shared-data.ts';

/** A column of numbers as R wrote it; NA, NaN and infinities are strings, a missing value of a data set is null. */
export type Column = readonly (number | string | null | readonly number[])[];
export type Columns = Readonly<Record<string, Column>>;
type Goldens = {
  readonly datasets: Readonly<Record<string, { readonly data: Columns }>>;
  readonly goldens: readonly { readonly id: string; readonly inputs: Columns; readonly outputs: Columns }[];
};

function goldens(): Goldens {
  return JSON.parse(readFileSync(join(sharedFolder() ?? '', 'goldens', 'goldens.json'), 'utf8')) as Goldens;
}

/** What R says in one case. Asked for by name, so that a renamed case cannot pass unnoticed. */
export function goldenCase(id: string): { readonly inputs: Columns; readonly outputs: Columns } {
  const found = goldens().goldens.find((golden) => golden.id === id);
  if (found === undefined) throw new Error(`there is no golden case ${id}`);
  return found;
}

/** One column by its name; a single number is a column of one. */
export function columnOf(columns: Columns | undefined, name: string): Column {
  const column = [columns?.[name] ?? []].flat();
  if (column.length === 0) throw new Error(`there is no column ${name}`);
  return column;
}

/** A column of the participants' data that cases are computed from. */
export function datasetColumn(dataset: string, name: string): Column {
  return columnOf(goldens().datasets[dataset]?.data, name);
}
