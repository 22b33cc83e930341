import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRows } from '../../../../test/csv-rows.ts';
import {
  naiveLongestRunWithout,
  naiveRetention,
  naiveStretch,
  naiveWindow,
} from '../../../../test/reference/naive-endpoints.ts';
import { sharedFolder } from '../../../../test/shared-data.ts';
import type { PatternSymbol } from '../patterns/use-pattern.ts';
import { count, longestWithout, share } from './counting.ts';
import { firstWindow, holds } from './finding.ts';
import { latticeOf, seenThrough } from './lattice.ts';
import { carriedForward, filledByMode, filledFromNeighbours, lastObserved, recoded } from './missing-weeks.ts';
import { type Penalty, type UseWeights, weightedUse } from './weighted-use.ts';
import { foreignSymbol, stretch, type Weeks } from './word.ts';

const symbols = ['+', '-', 'o', '*', '_'] as const;
const arbWord = fc.string({ unit: fc.constantFrom(...symbols), maxLength: 40 });
const arbSeen = fc.string({ unit: fc.constantFrom('+', '-', '*'), minLength: 1, maxLength: 40 });
const week = fc.integer({ min: -45, max: 45 });
const runs = { numRuns: 2_500 };

describe('a stretch', () => {
  test('is that of the naive reference, and of at most the weeks asked for', () => {
    fc.assert(
      fc.property(arbWord, week, week, (word, first, last) => {
        expect(stretch(word, [first, last])).toBe(naiveStretch(word, first, last).join(''));
        expect(stretch(word, [1, -1])).toBe(word);
        if (first > 0 && last > 0)
          expect(stretch(word, [first, last]).length).toBeLessThanOrEqual(Math.max(last - first + 1, 0));
      }),
      runs,
    );
  });

  test('ends before the word, begins behind it, or is the wrong way round: then it is empty', () => {
    for (const weeks of [
      [1, 0],
      [5, 9],
      [3, 2],
      [-1, -2],
      [1, -5],
    ] as Weeks[])
      expect(stretch('+-o*', weeks)).toBe('');
    expect(stretch('+-o*', [-9, 2])).toBe('+-');
  });
});

describe('a window', () => {
  const window = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(7), fc.constantFrom('+', '-', 'o'))
    .map(([width, less, of]) => ({ width, atLeast: Math.max(width - less, 1), of }) as const);

  test('is found where the naive reference finds it', () => {
    fc.assert(
      fc.property(arbWord, window, (word, given) => {
        const found = firstWindow(word, given);
        expect(found && [found.time, found.event]).toEqual(
          naiveWindow(word, given.width, given.atLeast, given.of) ?? undefined,
        );
      }),
      runs,
    );
  });

  test('that asks for more finds nothing earlier', () => {
    fc.assert(
      fc.property(arbWord, window, (word, given) => {
        if (given.atLeast === given.width) return;
        const fewer = firstWindow(word, { ...given, offset: 0 });
        const more = firstWindow(word, { ...given, atLeast: given.atLeast + 1, offset: 0 });
        expect(more?.time ?? 0).toBeGreaterThanOrEqual(fewer?.time ?? 0);
        expect(more?.event ?? 0).toBeLessThanOrEqual(fewer?.event ?? 0);
      }),
      runs,
    );
  });

  test('cannot hold more weeks than it has', () => {
    expect(() => firstWindow('----', { width: 2, atLeast: 3, of: '-' })).toThrow(
      'a window of 2 weeks cannot hold 3 of them',
    );
  });
});

describe('runs and retention', () => {
  test('are those of the naive reference', () => {
    fc.assert(
      fc.property(arbWord, fc.constantFrom('+', '-'), (word, symbol) => {
        expect(longestWithout(word, symbol)).toBe(naiveLongestRunWithout(word, symbol));
        expect(lastObserved(word)).toBe(naiveRetention(word));
      }),
      runs,
    );
  });

  test('are bounded by the weeks there are, and no run gets longer by a week of use', () => {
    fc.assert(
      fc.property(arbWord, fc.nat(), (word, at) => {
        const longest = longestWithout(word, '+');
        expect(longest).toBeLessThanOrEqual(word.length - count(word, '+'));
        expect(lastObserved(word)).toBeLessThanOrEqual(word.length);
        const changed = at % (word.length + 1);
        const used = `${word.slice(0, changed)}+${word.slice(changed + 1)}`;
        expect(longestWithout(used, '+')).toBeLessThanOrEqual(longest);
      }),
      runs,
    );
  });
});

describe('counts', () => {
  test('of the symbols add up to the weeks of the stretch, and their shares to one', () => {
    fc.assert(
      fc.property(arbWord, week, week, (word, first, last) => {
        const weeks: Weeks = [first, last];
        const length = stretch(word, weeks).length;
        const sum = (of: (symbol: PatternSymbol) => number) => symbols.map(of).reduce((all, one) => all + one, 0);
        expect(sum((symbol) => count(word, symbol, { weeks }))).toBe(length);
        expect(sum((symbol) => share(word, symbol, { weeks }))).toBeCloseTo(length === 0 ? 0 : 1, 12);
        const halves = share(word, '+', { weeks, mixed: 0.5 }) + share(word, '-', { weeks, mixed: 0.5 });
        expect(halves).toBeLessThanOrEqual(1 + 1e-12);
      }),
      runs,
    );
  });
});

describe('filling missed weeks', () => {
  const fillings = [
    (word: string) => carriedForward(word),
    (word: string) => carriedForward(word, { upTo: 'last-observed' }),
    (word: string) => filledByMode(word),
    (word: string) => filledByMode(word, { tiebreaker: '-' }),
    (word: string) => filledFromNeighbours(word),
  ];

  test('keeps every observed week and the length, and leaves a word without gaps alone', () => {
    fc.assert(
      fc.property(arbWord, arbSeen, (word, seen) => {
        for (const filled of fillings) {
          const result = filled(word);
          expect(result.length).toBe(word.length);
          for (const [at, symbol] of [...word].entries())
            if (symbol !== 'o' && symbol !== '_') expect(result[at]).toBe(symbol);
          expect(filled(seen)).toBe(seen);
        }
      }),
      runs,
    );
  });

  test('carried forward leaves only what is missed at the start; up to the last observed week also what is at the end', () => {
    fc.assert(
      fc.property(arbWord, (word) => {
        const carried = carriedForward(word);
        expect(carried.replace(/^o*/, '')).not.toContain('o');
        const end = lastObserved(word);
        expect(carriedForward(word, { upTo: 'last-observed' })).toBe(carried.slice(0, end) + word.slice(end));
      }),
      runs,
    );
  });

  test('from neighbours is the same from both ends, but for words of two weeks', () => {
    const reversed = (word: string) => [...word].reverse().join('');
    fc.assert(
      fc.property(arbWord, fc.integer({ min: 1, max: 3 }), (word, k) => {
        if (word.length <= 2 * k) return;
        expect(filledFromNeighbours(reversed(word), k)).toBe(reversed(filledFromNeighbours(word, k)));
      }),
      runs,
    );
    expect([filledFromNeighbours('o-'), filledFromNeighbours('-o')]).toEqual(['--', '-o']);
  });

  test('takes out exactly the weeks that are recoded to nothing', () => {
    fc.assert(
      fc.property(arbWord, fc.constantFrom(...symbols), (word, symbol) => {
        expect(recoded(word, symbol, '').length).toBe(word.length - count(word, symbol));
        expect(count(recoded(word, 'o', '+'), '+')).toBe(count(word, '+') + count(word, 'o'));
      }),
    );
  });
});

test('a schedule is as long as it is, and shows the word where it looks', () => {
  const lattice = fc.string({ unit: fc.constantFrom('o', '_'), maxLength: 20 });
  fc.assert(
    fc.property(arbWord, lattice, (word, schedule) => {
      const seen = seenThrough(word, schedule);
      expect(seen.length).toBe(schedule.length);
      for (const [at, looked] of [...schedule].entries())
        expect(seen[at]).toBe(looked === '_' ? '_' : at < word.length ? word[at] : 'o');
      expect(seenThrough(seen, schedule)).toBe(seen);
    }),
  );
});

test('an index of use is 0 without any, the whole scale when all is use, and rises with each week of use', () => {
  const penalties = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(arbSeen, penalties, fc.nat(), (word, given, at) => {
      const positive = given.slice(0, word.length);
      const index = (of: string) => weightedUse(of, { positive }) ?? Number.NaN;
      expect(index('-'.repeat(word.length))).toBe(0);
      expect(index('+'.repeat(word.length))).toBe(120);
      const changed = at % word.length;
      const worse = index(`${word.slice(0, changed)}+${word.slice(changed + 1)}`);
      expect(worse).toBeGreaterThanOrEqual(index(word) - 1e-9);
      expect(index(word)).toBeGreaterThanOrEqual(0);
    }),
  );
  expect(() => weightedUse('-', { positive: [1, 2], missed: [1] })).toThrow(
    'penalties for 2 positive and 1 missed weeks do not match',
  );
});

test('what is no symbol is named with its week', () => {
  fc.assert(
    fc.property(
      arbWord,
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      arbWord,
      (before, other, rest) => {
        expect(foreignSymbol(before + rest)).toBe(undefined);
        const [first = ''] = other;
        if (!symbols.some((symbol) => symbol === first))
          expect(foreignSymbol(before + other + rest)).toEqual({
            week: before.length + 1,
            symbol: String.fromCodePoint(other.codePointAt(0) ?? 0),
          });
      },
    ),
  );
});

// --- golden values ---------------------------------------------------------------------------------------------------

const shared = sharedFolder();

/** The arguments of a golden case, by the names of the reference package. */
type Given = {
  readonly use_pattern: string;
  readonly use_pattern_binary: string;
  readonly missing_is?: PatternSymbol;
  readonly missing_becomes?: '+' | '-' | '';
  readonly method: 'locf' | 'locfD' | 'mode' | 'kNV';
  readonly tiebreaker?: '+' | '-';
  readonly k?: number;
  readonly subpattern: string;
  readonly start?: number;
  readonly end?: number;
  readonly window_width?: number;
  readonly threshold?: number;
  readonly offset?: number;
  readonly match_is: string;
  readonly mixed_results_are?: '*';
  readonly mixed_weight?: number;
  readonly proportion?: boolean;
  readonly use_is?: '+' | '-';
  readonly weights_num?: UseWeights;
  readonly posPenalty_num?: Penalty;
  readonly missPenalty_num?: Penalty;
  readonly scaleMax?: number;
  readonly lattice_pattern: string;
  readonly lattice_patterns: string | readonly string[];
  readonly times: number | readonly number[];
};

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one as T]);

const primitives: Readonly<Record<string, (given: Given) => unknown>> = {
  recode_missing_visits: ({ use_pattern, missing_is = 'o', missing_becomes = '+' }) =>
    recoded(use_pattern, missing_is, missing_becomes),
  impute_missing_visits: ({ use_pattern, method, missing_is: missing = 'o', tiebreaker = '+', k = 1 }) => {
    if (method === 'locf') return carriedForward(use_pattern, { missing });
    if (method === 'locfD') return carriedForward(use_pattern, { missing, upTo: 'last-observed' });
    if (method === 'mode') return filledByMode(use_pattern, { missing, tiebreaker });
    return filledFromNeighbours(use_pattern, k);
  },
  detect_subpattern: ({ use_pattern, subpattern, start = 1, end = -1 }) => holds(use_pattern, subpattern, [start, end]),
  detect_in_window: ({ use_pattern, window_width: width = 4, threshold: atLeast = 3, offset, match_is: of = '+' }) => {
    const window = { width, atLeast, of: of as '+' };
    return firstWindow(use_pattern, offset === undefined ? window : { ...window, offset });
  },
  count_matches: ({ use_pattern, match_is, start = 1, end = -1, mixed_results_are, mixed_weight = 0.5, proportion }) =>
    (proportion === true ? share : count)(use_pattern, match_is, {
      weeks: [start, end],
      mixed: mixed_results_are === undefined ? 0 : mixed_weight,
    }),
  measure_abstinence_period: ({ use_pattern_binary, use_is = '+' }) => longestWithout(use_pattern_binary, use_is),
  measure_retention: ({ use_pattern, missing_is = 'o' }) => lastObserved(use_pattern, missing_is),
  weight_positive_visits: ({ use_pattern, weights_num, posPenalty_num = 1, missPenalty_num = 1, scaleMax = 120 }) =>
    weightedUse(use_pattern, {
      positive: posPenalty_num,
      missed: missPenalty_num,
      scale: scaleMax,
      ...(weights_num === undefined ? {} : { weights: weights_num }),
    }),
  collapse_lattice: ({ lattice_patterns, times }) =>
    latticeOf(...list(lattice_patterns).map((piece, at): [string, number] => [piece, list(times)[at] ?? Number.NaN])),
  view_by_lattice: ({ use_pattern, lattice_pattern }) => seenThrough(use_pattern, lattice_pattern),
};

/** What the types refuse where the reference package raises an error: these calls do not compile. */
function refusedByTypes(): void {
  // @ts-expect-error weeks become positive, negative or nothing
  recoded('+o-', 'o', 'x');
  // @ts-expect-error mixed weeks are recoded first
  firstWindow('----', { width: 4, atLeast: 3, of: '*' });
  // @ts-expect-error each piece of a lattice has its times
  latticeOf(['o'], ['_', 1]);
}

/** Errors that cannot be asked for: `refusedByTypes`, and a method of filling that has no function. */
const notAsked = [
  '{"lattice_patterns":["o","_"],"times":1}',
  '{"use_pattern":"+o-","missing_becomes":"x"}',
  '{"use_pattern":"----","match_is":"*"}',
  '{"use_pattern":"-o-","method":"mean"}',
];

test.skipIf(shared === undefined)('every golden case of the primitives is met', () => {
  const rows = csvRows(readFileSync(join(shared ?? '', 'ctn/primitives-goldens.csv'), 'utf8'));
  expect(rows.length).toBe(2_039);
  expect(refusedByTypes).toBeTypeOf('function');
  const skipped: string[] = [];
  const wrong: unknown[] = [];
  for (const { primitive = '', args = '', expected = '', kind = '' } of rows) {
    if (kind === 'error' && notAsked.includes(args)) {
      skipped.push(args);
      continue;
    }
    const call = () => primitives[primitive]?.(JSON.parse(args));
    if (kind === 'error') {
      expect(call, args).toThrow(RangeError);
      continue;
    }
    const got = call();
    const wanted = kind === 'na' ? undefined : kind === 'nan' ? Number.NaN : JSON.parse(expected);
    // The goldens print fifteen digits, and R sums weights in extended precision.
    const isMet =
      typeof wanted === 'number' &&
      !Number.isNaN(wanted) &&
      (!Number.isInteger(wanted) || primitive === 'weight_positive_visits')
        ? Math.abs(Number(got) - wanted) <= 1e-9
        : JSON.stringify([got]) === JSON.stringify([wanted]) && Number.isNaN(got) === Number.isNaN(wanted);
    if (!isMet) wrong.push({ primitive, args, expected, got });
  }
  expect(wrong).toEqual([]);
  expect(skipped.toSorted()).toEqual(notAsked.toSorted());
});
