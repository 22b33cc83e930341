import { nothing } from './in-words.ts';
import type { RawTable } from './model.ts';
import { type Row, rowsOf } from './raw-rows.ts';
import { armsOf, type ReportSource } from './report-source.ts';

export type Shown = {
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
  readonly labels: number;
};

/** Rows for the eye: a line for each thing that is measured, the arms side by side in the order of the protocol. */
export function sideBySide(
  source: ReportSource,
  raw: RawTable,
  labels: readonly (readonly [heading: string, of: (row: Row) => string])[],
  cell: (row: Row) => string,
): Shown {
  const arms = armsOf(source);
  const lines = new Map<
    string,
    { readonly named: readonly string[]; readonly cells: Map<string | undefined, string> }
  >();
  for (const row of rowsOf(raw)) {
    const named = labels.map(([, of]) => of(row));
    const key = JSON.stringify(named);
    const line = lines.get(key) ?? { named, cells: new Map() };
    lines.set(key, line);
    line.cells.set(row.arm === undefined ? undefined : String(row.arm), cell(row));
  }
  return {
    head: [...labels.map(([heading]) => heading), ...arms.map(({ label }) => label)],
    body: [...lines.values()].map(({ named, cells }) => [...named, ...arms.map(({ id }) => cells.get(id) ?? nothing)]),
    labels: labels.length,
  };
}
