import type { PatternSymbol } from '../patterns/use-pattern.ts';
import { count, longestWithout, share } from './counting.ts';
import { firstWindow, holds, type TimeToEvent, type Window } from './finding.ts';
import { type Lattice, seenThrough } from './lattice.ts';
import { carriedForward, filledByMode, filledFromNeighbours, lastObserved, recoded } from './missing-weeks.ts';
import { type Weighting, weightedUse } from './weighted-use.ts';
import { stretch, type UseWord, type Weeks, wholeWord } from './word.ts';

/** A part of an endpoint's definition: what it does to a word, and the same in words. Definitions are put together of these, so that their text says what is computed. */
export type Rule<Value> = {
  readonly says: string;
  readonly of: (word: UseWord) => Value;
};
type Change = Rule<UseWord>;

/** Rules that change the word, one after the other, and then one that reads it. */
export function after<Value>(changes: readonly Change[], reading: Rule<Value>): Rule<Value> {
  return {
    says: [...changes, reading].map(({ says }) => says).join(' '),
    of: (word) => reading.of(changes.reduce((changed, { of }) => of(changed), word)),
  };
}

const mixedHalf = 0.5;
const halfOfMixed = 'half of `*`';

function weeksText([first, last]: Weeks): string {
  if (first === 1 && last === -1) return 'the whole word';
  if (first === last) return first === -1 ? 'the last week' : `week ${first}`;
  if (first > 0) return last === -1 ? `week ${first} to the end` : `weeks ${first} to ${last}`;
  return last === -1
    ? `the last ${-first} weeks`
    : `the ${last - first + 1} weeks before the last${last === -2 ? '' : ` ${-last - 1}`}`;
}

// --- changes ---------------------------------------------------------------------------------------------------------

/** Weeks of these symbols count as positive or as negative. */
export function countAs(to: '+' | '-', ...symbols: readonly PatternSymbol[]): Change {
  return {
    says: `${symbols.map((symbol) => `\`${symbol}\``).join(' and ')} ${symbols.length === 1 ? 'becomes' : 'become'} \`${to}\`.`,
    of: (word) => symbols.reduce((changed, symbol) => recoded(changed, symbol, to), word),
  };
}

export function takeOut(symbol: PatternSymbol): Change {
  return { says: `Weeks of \`${symbol}\` are taken out; the word closes up.`, of: (word) => recoded(word, symbol, '') };
}

export function only(weeks: Weeks): Change {
  return { says: `Only ${weeksText(weeks)} are looked at.`, of: (word) => stretch(word, weeks) };
}

export const untilLastAttended: Change = {
  says: 'The word ends with the last week that is not `o`.',
  of: (word) => stretch(word, [1, lastObserved(word)]),
};

export function see(lattice: Lattice): Change {
  return {
    says: `The schedule \`${lattice}\` is laid over the word, which is cut, or padded with \`o\`, to its ${lattice.length} weeks; where the schedule has \`_\`, the word gets \`_\`.`,
    of: (word) => seenThrough(word, lattice),
  };
}

export const carryIntoUnobserved: Change = {
  says: 'Each `_` takes the symbol of the week before it.',
  of: (word) => carriedForward(word, { missing: '_' }),
};

export const fillByMode: Change = {
  says: 'Each `o` takes the participant’s most frequent symbol (`*` votes for `+`; a tie goes to `+`).',
  of: (word) => filledByMode(word),
};

export const fillFromNeighbours: Change = {
  says: 'An `o` or `_` whose two neighbours are both known becomes their average (`+` 1, `*` one half, `-` 0), as the nearest symbol, halfway upwards.',
  of: (word) => filledFromNeighbours(word),
};

// --- readings --------------------------------------------------------------------------------------------------------

export function has(weeks: Weeks, ...pieces: readonly UseWord[]): Rule<boolean> {
  const list = pieces.map((piece) => `\`${piece}\``).join(' or ');
  return {
    says: `True if ${weeksText(weeks)} ${weeks[0] === weeks[1] ? 'is' : weeks[1] === -1 ? 'holds' : 'hold'} ${list}.`,
    of: (word) => pieces.some((piece) => holds(word, piece, weeks)),
  };
}

export function hasNo(weeks: Weeks, symbol: PatternSymbol): Rule<boolean> {
  return { says: `True if ${weeksText(weeks)} hold no \`${symbol}\`.`, of: (word) => !holds(word, symbol, weeks) };
}

/** True if all are. */
export function all(...rules: readonly Rule<boolean>[]): Rule<boolean> {
  const conditions = rules.map(({ says }) => says.replace(/^True if /, '').replace(/\.$/, ''));
  return {
    says: `True if ${conditions.slice(0, -1).join(', ')}${conditions.length > 1 ? ', and ' : ''}${conditions.at(-1)}.`,
    of: (word) => rules.every(({ of }) => of(word)),
  };
}

export function atMost(most: number, symbol: PatternSymbol, weeks: Weeks): Rule<boolean> {
  return {
    says: `True if ${weeksText(weeks)} hold at most ${most} \`${symbol}\`.`,
    of: (word) => count(word, symbol, { weeks }) <= most,
  };
}

/** `least` as a fraction or decimal in words, and as the number that it is. */
export function shareIsAtLeast(
  [least, text]: readonly [least: number, text: string],
  weeks: Weeks,
  { halfMixed }: { readonly halfMixed: boolean },
): Rule<boolean> {
  return {
    says: `True if the share of \`-\`${halfMixed ? ` plus ${halfOfMixed}` : ''} in ${weeksText(weeks)} is at least ${text}.`,
    of: (word) => share(word, '-', { weeks, mixed: halfMixed ? mixedHalf : 0 }) >= least,
  };
}

export function countOf(symbol: PatternSymbol, weeks: Weeks = wholeWord): Rule<number> {
  return { says: `The number of \`${symbol}\` in ${weeksText(weeks)}.`, of: (word) => count(word, symbol, { weeks }) };
}

export function countWithMixed(symbol: '+' | '-', weeks: Weeks = wholeWord): Rule<number> {
  return {
    says: `The number of \`${symbol}\` plus ${halfOfMixed} in ${weeksText(weeks)}.`,
    of: (word) => count(word, symbol, { weeks, mixed: mixedHalf }),
  };
}

export const nonPositiveWeeks: Rule<number> = {
  says: `The number of weeks minus those of \`+\` and ${halfOfMixed}.`,
  of: (word) => word.length - count(word, '+', { mixed: mixedHalf }),
};

export function shareNegative(weeks: Weeks = wholeWord): Rule<number> {
  return {
    says: `(\`-\` plus ${halfOfMixed}) / number of weeks, in ${weeksText(weeks)}.`,
    of: (word) => share(word, '-', { weeks, mixed: mixedHalf }),
  };
}

export function shareNotPositive(weeks: Weeks = wholeWord): Rule<number> {
  return {
    says: `1 − (\`+\` plus ${halfOfMixed}) / number of weeks, in ${weeksText(weeks)}.`,
    of: (word) => 1 - share(word, '+', { weeks, mixed: mixedHalf }),
  };
}

export function longestRunWithout(symbol: '+'): Rule<number> {
  return { says: `The longest run of weeks without \`${symbol}\`.`, of: (word) => longestWithout(word, symbol) };
}

/** The first window with enough of a symbol; `cutOff`: weeks that were taken off before, and count in the time all the same. */
export function timeTo(window: Window, cutOff = 0): Rule<TimeToEvent | undefined> {
  const { width, atLeast, of, offset = width - atLeast } = window;
  const shift = offset + cutOff;
  const event =
    width === 1
      ? `The first \`${of}\``
      : `The first ${width} weeks in a row of which ${atLeast === width ? 'all' : `at least ${atLeast}`} are \`${of}\``;
  const time = width === 1 ? 'its week' : 'the first of them';
  const plus = shift === 0 ? '' : ` + ${shift}`;
  const back = width - 1 - shift;
  return {
    says: `${event}: time = ${time}${plus}, event 1. If there is none: time = number of weeks${back === 0 ? '' : ` − ${back}`}, event 0.`,
    of: (word) => {
      const found = firstWindow(word, window);
      return found === undefined || cutOff === 0 ? found : { ...found, time: found.time + cutOff };
    },
  };
}

/** 120 minus the index of use, which `weighting` may vary by the number of weeks. */
export function freedomFromUse(says: string, weighting: (weeks: number) => Weighting): Rule<number | undefined> {
  return {
    says,
    of: (word) => {
      const index = weightedUse(word, weighting(word.length));
      return index === undefined ? undefined : 120 - index;
    },
  };
}

/** `otherwise` if every week from `week` on is missed. */
export function ifStillAttending<Value, Otherwise extends Value>(
  week: number,
  otherwise: Otherwise,
  rule: Rule<Value>,
): Rule<Value> {
  return {
    says: `${otherwise === false ? 'False' : otherwise} if no week from week ${week} on was attended (all are \`o\`, or there are none). Else: ${rule.says}`,
    of: (word) => (lastObserved(word) >= week ? rule.of(word) : otherwise),
  };
}
