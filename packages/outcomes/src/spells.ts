import type { Spell, StudyDay } from './facts.ts';

/** Gathers days, given in increasing order, into maximal runs of equal count. A class: a participant has hundreds of them. */
class SpellBuilder {
  private readonly head: Omit<Spell, 'from' | 'to' | 'count'>;
  private readonly runs: Spell[] = [];
  private from = 0;
  private to = -1;
  private count = 0;

  constructor(head: Omit<Spell, 'from' | 'to' | 'count'>) {
    this.head = head;
  }

  add(day: StudyDay, count = 1): void {
    this.extend(day, day, count);
  }

  /** Adds all days from one to another; none if `to` lies before `from`. */
  addRun(from: StudyDay, to: StudyDay): void {
    if (from <= to) this.extend(from, to, 1);
  }

  spells(): Spell[] {
    this.close();
    return this.runs;
  }

  private extend(from: StudyDay, to: StudyDay, count: number): void {
    if (this.count === count && from === this.to + 1) {
      this.to = to;
      return;
    }
    this.close();
    this.from = from;
    this.to = to;
    this.count = count;
  }

  private close(): void {
    if (this.count > 0) {
      const { measure, kind, window, policy } = this.head;
      this.runs.push({ measure, kind, window, policy, from: this.from, to: this.to, count: this.count });
    }
    this.count = 0;
  }
}

export function spellBuilder(head: Omit<Spell, 'from' | 'to' | 'count'>): SpellBuilder {
  return new SpellBuilder(head);
}
