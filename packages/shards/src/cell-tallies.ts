import type { AmendedProtocol } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import { addUp, type Cell, type CellTally, cellsOf, noTallies } from '@holdfast/tallies';
import type { ChangedDay } from './batch-difference.ts';
import { cellText, type Numbers } from './numbers.ts';

/** Tallies for both sides of the blind: open measures without arm, and all of them by arm token. */
export type BothSides = { readonly open: CellTally[]; readonly closed: CellTally[] };

/**
 * Makes tallies of days of cells, which come in order of cell and day. They are in order of their cells' texts: equal tallies give equal
 * bytes.
 */
export function cellTallies(
  protocol: AmendedProtocol,
  cells: Numbers<Cell>,
): (changes: Iterable<ChangedDay>) => BothSides {
  const openMeasures = new Set(
    protocol.measures.filter((measure) => isOpenMeasure(measure, protocol)).map(({ id }) => id),
  );
  return (changes) => {
    const byCell = new Map<number, number[]>();
    for (const [cell, day, n] of changes) {
      const days = byCell.get(cell);
      if (days === undefined) byCell.set(cell, [day, n]);
      else days.push(day, n);
    }
    const texts = new Map([...byCell.keys()].map((cell) => [cell, cellText(cells.at(cell))]));
    const byText = ([a]: [number, unknown], [b]: [number, unknown]) =>
      (texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1;
    const closed = [...byCell].sort(byText).map(([cell, days]) => ({ ...cells.at(cell), days }));
    const told = closed.filter(({ measure }) => openMeasures.has(measure)).map((cell) => ({ ...cell, arm: '' }));
    return { closed, open: cellsOf(addUp(noTallies, told)) };
  };
}
