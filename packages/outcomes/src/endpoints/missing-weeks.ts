import type { PatternSymbol } from '../patterns/use-pattern.ts';
import type { UseWord } from './word.ts';

/** The word with every `from` turned into `to`; with `to` empty those weeks are taken out, and the word closes up. */
export function recoded(word: UseWord, from: PatternSymbol, to: '+' | '-' | ''): UseWord {
  return word.replaceAll(from, to);
}

/**
 * Last observation carried forward: each missing week takes the symbol of the week before it, whatever that is, once that one is filled.
 * Missing weeks at the start stay. `upTo: 'last-observed'` leaves those after the last observed week as they are, too.
 */
export function carriedForward(
  word: UseWord,
  { missing = 'o', upTo = 'end' }: { missing?: PatternSymbol; upTo?: 'end' | 'last-observed' } = {},
): UseWord {
  const end = upTo === 'end' ? word.length : lastObserved(word, missing);
  let filled = '';
  for (let at = 0; at < end; at += 1) {
    const symbol = word[at] ?? '';
    filled += symbol === missing ? (filled[at - 1] ?? symbol) : symbol;
  }
  return filled + word.slice(end);
}

/** The number of the last week that is not missing; 0 if there is none. */
export function lastObserved(word: UseWord, missing: PatternSymbol = 'o'): number {
  let week = word.length;
  while (week > 0 && word[week - 1] === missing) week -= 1;
  return week;
}

/**
 * Each missing week takes the participant's most frequent symbol; a word in which all weeks are missing stays. For the vote, and only
 * for it, a mixed week is one of the tiebreaker. Of symbols that are equally frequent the tiebreaker wins, else the first of `* + - _ o`.
 */
export function filledByMode(
  word: UseWord,
  { missing = 'o', tiebreaker = '+' }: { missing?: PatternSymbol; tiebreaker?: '+' | '-' } = {},
): UseWord {
  const votes = new Map<string, number>();
  for (const symbol of word) {
    if (symbol === missing) continue;
    const candidate = symbol === '*' ? tiebreaker : symbol;
    votes.set(candidate, (votes.get(candidate) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  const winners = ['*', '+', '-', '_', 'o'].filter((symbol) => votes.get(symbol) === most);
  const winner = winners.includes(tiebreaker) ? tiebreaker : winners[0];
  return winner === undefined ? word : word.replaceAll(missing, winner);
}

const useOf: Readonly<Record<string, number>> = { '+': 1, '*': 0.5, '-': 0 };

function nearestSymbol(use: number): PatternSymbol {
  if (use >= 0.75) return '+';
  return use >= 0.25 ? '*' : '-';
}

/**
 * Fills a missing week from its `k` neighbours on each side, as they stand in the original word: their average (`+` 1, `*` one half, `-` 0)
 * as the nearest symbol, halfway upwards. If one of the neighbours is missing, not scheduled or outside the word, the week stays; so
 * do weeks fewer than `k` from an end. What stays is written `o`, a `_` too. A word without any week but `o` stays.
 *
 * In a word of at most 2k weeks the published outcomes look at weeks `n - k` to `k + 1` instead, and average what neighbours there
 * are before the word's start: so the first of two weeks takes the second's symbol. `k` so wide that this leaves the word by more than
 * one week is a `RangeError`.
 */
export function filledFromNeighbours(word: UseWord, k = 1): UseWord {
  if (lastObserved(word) === 0) return word;
  const use = Array.from(word, (symbol) => useOf[symbol]);
  const looked = [k, word.length - k - 1];
  const [first, last] = [Math.min(...looked), Math.max(...looked)];
  return use
    .map((own, at) => {
      if (own !== undefined) return word[at];
      if (at < first || at > last) return 'o';
      if (at - k < -1)
        throw new RangeError(`${k} neighbours on each side are too many for a use pattern of ${word.length} weeks`);
      const neighbours = [
        ...use.slice(Math.max(at - k, 0), at),
        ...Array.from({ length: k }, (_, i) => use[at + 1 + i]),
      ];
      const sum = neighbours.reduce<number | undefined>(
        (total, one) => (total === undefined || one === undefined ? undefined : total + one),
        0,
      );
      return sum === undefined ? 'o' : nearestSymbol(sum / neighbours.length);
    })
    .join('');
}
