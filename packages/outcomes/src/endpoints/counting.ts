import { stretch, type UseWord, type Weeks, wholeWord } from './word.ts';

export type Counting = {
  readonly weeks?: Weeks;
  /** What a mixed week counts, 0 unless given; half a week in all published endpoints that count it. */
  readonly mixed?: number;
};

/** How often a piece stands in a stretch, without overlaps, plus what its mixed weeks count; 0 of an empty stretch. In weeks if the piece is one symbol. */
export function count(word: UseWord, piece: UseWord, { weeks = wholeWord, mixed = 0 }: Counting = {}): number {
  const part = stretch(word, weeks);
  return timesIn(part, piece) + (mixed === 0 ? 0 : mixed * timesIn(part, '*'));
}

/** `count` over the number of weeks in the stretch (not: of places for the piece), a proportion; 0 of an empty stretch. */
export function share(word: UseWord, piece: UseWord, counting: Counting = {}): number {
  const weeks = stretch(word, counting.weeks ?? wholeWord).length;
  return weeks === 0 ? 0 : count(word, piece, counting) / weeks;
}

function timesIn(part: UseWord, piece: UseWord): number {
  let times = 0;
  for (let at = part.indexOf(piece); at !== -1; at = part.indexOf(piece, at + piece.length)) times += 1;
  return times;
}

/** The length in weeks of the longest run without a symbol; 0 of an empty word. Every other symbol belongs to the run. */
export function longestWithout(word: UseWord, symbol: '+' | '-'): number {
  let longest = 0;
  let run = 0;
  for (const week of word) {
    run = week === symbol ? 0 : run + 1;
    if (run > longest) longest = run;
  }
  return longest;
}
