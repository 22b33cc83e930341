import type { StudyDay } from '../facts.ts';
import { runBuilder, type SpellHead, type SpellRuns } from '../spells.ts';

/**
 * What study days count as, several kinds of spells at once: a bit for each kind, so that a measure's windows of one length are one
 * small array, which is soon made and soon compared.
 */
export type CountedDays = {
  /** What the bits stand for, from the lowest on. The same array wherever the same is counted. */
  readonly kinds: readonly SpellHead[];
  /** By study day, from 0 on. */
  readonly codes: Uint16Array | Uint32Array;
  /** The days before this one count as they did when they were last counted into the same codes; 0 if there was no such time. */
  readonly from: StudyDay;
};

/** The same as spells, kind by kind. */
export function spellsIn({ kinds, codes }: CountedDays): SpellRuns[] {
  return kinds.map((head, bit) => {
    const runs = runBuilder(head);
    for (let day: StudyDay = 0; day < codes.length; day += 1)
      if (((codes[day] ?? 0) >>> bit) & 1) runs.addRun(day, day);
    return runs.done();
  });
}
