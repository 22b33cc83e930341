import type { PatternSymbol } from '../patterns/use-pattern.ts';

/** The weeks of a use pattern on which endpoints are computed, a `PatternSymbol` each, week 1 first: phases 1 and 2 joined, without the baseline. */
export type UseWord = string;

/** A stretch of weeks, both ends included. Weeks count from 1; negative numbers count from the end, so that -1 is the last week. */
export type Weeks = readonly [first: number, last: number];

export const wholeWord: Weeks = [1, -1];

const symbols: ReadonlySet<string> = new Set<PatternSymbol>(['+', '-', '*', 'o', '_']);

/**
 * The first thing in a text that is no symbol of a use pattern, with its week; undefined if the text is a word. For texts from outside:
 * everything else here takes for granted that a word is one.
 */
export function foreignSymbol(text: string): { readonly week: number; readonly symbol: string } | undefined {
  let week = 1;
  for (const symbol of text) {
    if (!symbols.has(symbol)) return { week, symbol };
    week += 1;
  }
  return undefined;
}

/**
 * The weeks of a stretch, cut to the word. A start before the word is week 1. An end before the word (or week 0), a start behind it, or
 * a start behind the end give an empty stretch.
 */
export function stretch(word: UseWord, [first, last]: Weeks): UseWord {
  const fromStart = (week: number) => (week < 0 ? word.length + week + 1 : week);
  const start = Math.max(fromStart(first), 1);
  const end = Math.min(fromStart(last), word.length);
  return start > end ? '' : word.slice(start - 1, end);
}
