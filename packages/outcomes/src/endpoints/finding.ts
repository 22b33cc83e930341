import type { PatternSymbol } from '../patterns/use-pattern.ts';
import { stretch, type UseWord, type Weeks, wholeWord } from './word.ts';

/** Whether a stretch of a word holds a piece, symbol for symbol. */
export function holds(word: UseWord, piece: UseWord, weeks: Weeks = wholeWord): boolean {
  return stretch(word, weeks).includes(piece);
}

/** `time` in weeks from the start of week 1, as the endpoint counts them; `event` 1 if it was seen, 0 if the time is censored. */
export type TimeToEvent = { readonly time: number; readonly event: 0 | 1 };

export type Window = {
  /** How many weeks in a row are looked at together. */
  readonly width: number;
  /** How many of them must be `of`. */
  readonly atLeast: number;
  /** Mixed and unscheduled weeks are no findings: recode them first, so that a definition says what they count for. */
  readonly of: Exclude<PatternSymbol, '*' | '_'>;
  /** Weeks from the window's start to the time that is told; `width - atLeast` unless given. */
  readonly offset?: number;
};

/**
 * The first window of so many weeks in a row with enough of a symbol: its first week plus the offset. If there is none, the time is
 * censored at the last window's first week plus the offset, which is not the last week. Undefined if the word is shorter than a window.
 * A window that asks for more weeks than it has is a `RangeError`.
 */
export function firstWindow(
  word: UseWord,
  { width, atLeast, of, offset = width - atLeast }: Window,
): TimeToEvent | undefined {
  if (atLeast > width) throw new RangeError(`a window of ${width} weeks cannot hold ${atLeast} of them`);
  const windows = word.length - width + 1;
  if (windows < 1) return undefined;
  let found = 0;
  for (let week = 1; week <= word.length; week += 1) {
    if (word[week - 1] === of) found += 1;
    if (week > width && word[week - 1 - width] === of) found -= 1;
    if (week >= width && found >= atLeast) return { time: week - width + 1 + offset, event: 1 };
  }
  return { time: windows + offset, event: 0 };
}
