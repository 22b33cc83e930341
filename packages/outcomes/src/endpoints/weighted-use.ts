import type { UseWord } from './word.ts';

/** What a week of each symbol weighs. */
export type UseWeights = Readonly<Record<'+' | '*' | 'o' | '-', number>>;

/** A factor for every week, or one for each. */
export type Penalty = number | readonly number[];

export type Weighting = {
  readonly weights?: UseWeights;
  /** Multiplies positive and mixed weeks. */
  readonly positive?: Penalty;
  /** Multiplies missed weeks. */
  readonly missed?: Penalty;
  /** What a word scores that has the worst possible week throughout. */
  readonly scale?: number;
};

export const lingWeights: UseWeights = { '+': 1, '*': 0.5, o: 0.22, '-': 0 };

/**
 * An index of use, 0 (none) to `scale` (the worst): the weeks' weights times penalties, over those of a positive or a missed week, whichever
 * is worse, in each of the weeks. With penalties for each week these decide how many weeks there are: a shorter word is repeated from its
 * start until they are used up, and a longer one has no index if it is positive, mixed or (by its own penalties) missed beyond them.
 * Undefined then, and if a week is not scheduled; NaN of an empty word. Two lists of penalties of different lengths are a `RangeError`.
 *
 * Method: Ling W and others, 1976.
 */
export function weightedUse(
  word: UseWord,
  { weights = lingWeights, positive = 1, missed = 1, scale = 120 }: Weighting = {},
): number | undefined {
  if (word === '') return Number.NaN;
  const lengths = [positive, missed].flatMap((penalty) => (typeof penalty === 'number' ? [] : [penalty.length]));
  const [weeks = word.length, other = weeks] = lengths;
  if (weeks !== other) throw new RangeError(`penalties for ${weeks} positive and ${other} missed weeks do not match`);
  const penaltyOf = (penalty: Penalty, week: number) => (typeof penalty === 'number' ? penalty : penalty[week]);

  let index = 0;
  for (let week = 0; week < Math.max(weeks, word.length); week += 1) {
    const symbol = word[week % word.length] ?? '';
    if (!isWeighed(symbol)) return undefined;
    const factor = symbol === '-' ? 1 : penaltyOf(symbol === 'o' ? missed : positive, week);
    if (factor === undefined) return undefined;
    index += weights[symbol] * factor;
  }
  let worst = 0;
  for (let week = 0; week < weeks; week += 1) {
    const ofPositive = weights['+'] * (penaltyOf(positive, week) ?? 1);
    worst += Math.max(ofPositive, weights.o * (penaltyOf(missed, week) ?? 1));
  }
  return (scale * index) / worst;
}

function isWeighed(symbol: string): symbol is keyof UseWeights {
  return symbol === '+' || symbol === '-' || symbol === '*' || symbol === 'o';
}
