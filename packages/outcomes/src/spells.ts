import type { Spell, StudyDay } from './facts.ts';

/** Gathers single days, given in increasing order, into maximal runs. */
export function spellBuilder(head: Omit<Spell, 'from' | 'to'>): { add(day: StudyDay): void; spells(): Spell[] } {
  const runs: Spell[] = [];
  let from = Number.NaN;
  let to = Number.NaN;
  const close = () => {
    if (!Number.isNaN(from)) runs.push({ ...head, from, to });
  };
  return {
    add(day) {
      if (day !== to + 1) {
        close();
        from = day;
      }
      to = day;
    },
    spells() {
      close();
      from = Number.NaN;
      to = Number.NaN;
      return runs;
    },
  };
}
