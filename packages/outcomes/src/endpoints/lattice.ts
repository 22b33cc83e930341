import type { UseWord } from './word.ts';

/** A visit schedule thinner than weekly, a symbol a week: `o` where a visit is expected, `_` where none is. */
export type Lattice = string;

/** A lattice made of pieces, each repeated so many times. */
export function latticeOf(...pieces: readonly (readonly [piece: Lattice, times: number])[]): Lattice {
  return pieces.map(([piece, times]) => piece.repeat(times)).join('');
}

/** The word as a trial with this schedule would have seen it: cut, or padded with `o`, to the lattice's length, and `_` wherever that has `_`. */
export function seenThrough(word: UseWord, lattice: Lattice): UseWord {
  return Array.from(lattice, (expected, at) => (expected === '_' ? '_' : (word[at] ?? 'o'))).join('');
}
