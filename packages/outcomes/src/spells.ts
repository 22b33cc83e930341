import type { Spell, StudyDay } from './facts.ts';

/** What spells of one kind have in common. */
export type SpellHead = Omit<Spell, 'from' | 'to' | 'count'>;

/**
 * All spells of one kind of a measure, as runs in increasing order of day: of each its first and last day, how much it adds on the
 * first, and by how much more on each day after that: person-days in a window grow and shrink by one, of all else that is 0.
 * There may be no run at all. As numbers, since a participant has hundreds of spells.
 */
export type SpellRuns = SpellHead & { readonly runs: readonly number[] };

/** Numbers of a run: from, to, count, slope. */
export const perRun = 4;

/** Most spells of most kinds are none. */
const none: readonly number[] = [];

/** Gathers days, given in increasing order, into maximal runs. */
class RunBuilder implements SpellHead {
  readonly measure: string;
  readonly kind: Spell['kind'];
  readonly window: Spell['window'];
  readonly policy: Spell['policy'];
  runs: readonly number[] = none;
  private from = 0;
  private to = -1;
  private count = 0;
  private slope = 0;

  constructor({ measure, kind, window, policy }: SpellHead) {
    this.measure = measure;
    this.kind = kind;
    this.window = window;
    this.policy = policy;
  }

  /** Adds all days from one to another; none if `to` lies before `from`. */
  addRun(from: StudyDay, to: StudyDay): void {
    if (from > to) return;
    if (this.count === 1 && from === this.to + 1) {
      this.to = to;
      return;
    }
    this.close();
    this.from = from;
    this.to = to;
    this.count = 1;
  }

  /** Adds a day that counts so much; a builder is given runs or days, never both. */
  add(day: StudyDay, count: number): void {
    if (day === this.to + 1 && this.count > 0) {
      const length = day - this.from;
      if (length === 1) this.slope = count - this.count;
      if (count === this.count + this.slope * length) {
        this.to = day;
        return;
      }
    }
    this.close();
    this.from = day;
    this.to = day;
    this.count = count;
  }

  done(): SpellRuns {
    this.close();
    return this;
  }

  private close(): void {
    if (this.count > 0) {
      const { from, to, count, slope } = this;
      if (this.runs === none) this.runs = [from, to, count, slope];
      else (this.runs as number[]).push(from, to, count, slope);
    }
    this.count = 0;
    this.slope = 0;
  }
}

export function runBuilder(head: SpellHead): RunBuilder {
  return new RunBuilder(head);
}

/** Spells one by one, each of equal count on all its days. */
export function spellsOf({ measure, kind, window, policy, runs }: SpellRuns): Spell[] {
  const spells: Spell[] = [];
  for (let at = 0; at < runs.length; at += perRun) {
    const [from = 0, to = 0, count = 0, slope = 0] = runs.slice(at, at + perRun);
    if (slope === 0) spells.push({ measure, kind, window, policy, from, to, count });
    else
      for (let day = from; day <= to; day += 1)
        spells.push({ measure, kind, window, policy, from: day, to: day, count: count + slope * (day - from) });
  }
  return spells;
}
