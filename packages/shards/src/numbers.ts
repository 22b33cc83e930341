import type { Cell } from '@holdfast/tallies';

/** The numbers that a shard gives to what it counts, in order of appearance; what is new has yet to be stored. */
export class Numbers<T> {
  private readonly numbers = new Map<string, number>();
  private readonly all: T[] = [];
  private stored = 0;

  /** The number of what `key` names; a new one if it has none yet. */
  of(key: string, what: () => T): number {
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.all.push(what()) - 1;
    this.numbers.set(key, number);
    return number;
  }

  has(key: string): boolean {
    return this.numbers.has(key);
  }

  at(number: number): T {
    const found = this.all[number];
    if (found === undefined) throw new Error(`this shard has given no number ${number}`);
    return found;
  }

  /** Everything numbered, in order. */
  list(): readonly T[] {
    return this.all;
  }

  get anyNew(): boolean {
    return this.stored < this.all.length;
  }

  /** Calls `store` with everything that was numbered since the last call, in order. */
  storeNew(store: (number: number, what: T) => void): void {
    for (; this.stored < this.all.length; this.stored += 1) store(this.stored, this.at(this.stored));
  }
}

/** A cell as one text: what is looked up for every fact. An item may hold a tab, but then nothing else that follows can be mistaken for it. */
export function cellText({ measure, kind, window, policy, item, of, axis, arm, site, group }: Cell): string {
  return `${measure}\t${kind}\t${window}\t${policy}\t${item}\t${of}\t${axis}\t${arm}\t${site}\t${group}`;
}
