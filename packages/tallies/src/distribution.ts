import type { Valued } from '@holdfast/statistics';
import { inSlice, type Slice } from './curves.ts';
import { daySums, type Tallies } from './tallies.ts';

/** Which of a measure's values. */
export type ValueQuestion = {
  readonly measure: string;
  readonly kind: string;
  readonly item: string;
  readonly policy: string;
};

/** How a value is distributed over the participants of a part of the trial, in order of the values. */
export function distribution(tallies: Tallies, { measure, kind, item, policy }: ValueQuestion, slice: Slice): Valued[] {
  const ofs = new Set<number>();
  const isAsked = (cell: Parameters<Parameters<typeof daySums>[1]>[0]) =>
    cell.measure === measure &&
    cell.kind === kind &&
    cell.item === item &&
    cell.policy === policy &&
    cell.of > 0 &&
    inSlice(cell, slice);
  for (const { cell } of tallies.values()) if (isAsked(cell)) ofs.add(cell.of);
  return [...ofs]
    .flatMap((of) => {
      const counts = daySums(tallies, (cell) => isAsked(cell) && cell.of === of);
      return [...counts].map(([value, count]) => ({ value, of, count }));
    })
    .sort((a, b) => a.value / a.of - b.value / b.of || a.of - b.of);
}

/** Which values a measure has in the tallies of a part of the trial, in order of kind, item and policy. */
export function valuesOf(tallies: Tallies, measure: string, slice: Slice): Omit<ValueQuestion, 'measure'>[] {
  const found = new Map<string, Omit<ValueQuestion, 'measure'>>();
  for (const { cell } of tallies.values()) {
    if (cell.measure !== measure || cell.of === 0 || !inSlice(cell, slice)) continue;
    const { kind, item, policy } = cell;
    found.set(JSON.stringify([kind, item, policy]), { kind, item, policy });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
