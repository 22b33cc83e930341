import type { Spell, StudyDay } from './facts.ts';

/** Gathers days, given in increasing order, into maximal runs of equal count. */
export function spellBuilder(head: Omit<Spell, 'from' | 'to' | 'count'>): {
  add(day: StudyDay, count?: number): void;
  spells(): Spell[];
} {
  const runs: Spell[] = [];
  let run: { from: StudyDay; to: StudyDay; count: number } | undefined;
  const close = () => {
    if (run !== undefined) runs.push({ ...head, ...run });
    run = undefined;
  };
  return {
    add(day, count = 1) {
      if (run !== undefined && day === run.to + 1 && count === run.count) {
        run.to = day;
      } else {
        close();
        run = { from: day, to: day, count };
      }
    },
    spells() {
      close();
      return runs;
    },
  };
}
