import { defined, type EndpointEntry } from './entry.ts';
import { thinnedSchedule } from './lofwall-schedule.ts';
import {
  after,
  all,
  atMost,
  carryIntoUnobserved,
  countAs,
  countOf,
  has,
  hasNo,
  longestRunWithout,
  see,
  shareIsAtLeast,
  takeOut,
  timeTo,
} from './rule.ts';
import { sources } from './sources.ts';
import { wholeWord } from './word.ts';

const untested = countAs('+', 'o', '*');
const asPositive = 'Counts as positive.';
const breaks = 'Breaks the run, like a mixed one.';

const toFirstNonNegative = defined({
  output: 'time-to-event',
  meaning: 'Weeks until the first week that is not negative; event 1: abstinence ended.',
  rule: after([untested], timeTo({ width: 1, atLeast: 1, of: '+' })),
  missing: 'Counts as positive: a missed week ends abstinence.',
  edges: 'An empty word has neither time nor event.',
});

export const abstinenceEndpoints: readonly EndpointEntry[] = [
  {
    id: 'Ab_ctnNinetyFour_2023',
    source: sources.ctn94,
    definition: defined({
      output: 'logical',
      meaning: 'Weeks 12 to 15 have no positive or mixed result and at most one missed visit.',
      rule: after([countAs('+', '*')], has([12, 15], '----', 'o---', '-o--', '--o-', '---o')),
      missing: 'Is tolerated once in the four weeks, not twice.',
      edges: 'False of fewer than 15 weeks, and with `_` in the four weeks.',
    }),
    warnings: ['looks at study weeks 12 to 15, which are not the end of a longer word'],
  },
  {
    id: 'Ab_fiellin_2006',
    source: sources.fiellin2006,
    definition: defined({
      output: 'count',
      meaning: 'Number of negative weeks.',
      rule: after([untested], countOf('-')),
      missing: asPositive,
      edges: 'No last week: longer words can score higher. Empty: 0.',
    }),
  },
  {
    id: 'Ab_kosten_1993',
    source: sources.kosten1993,
    definition: defined({
      output: 'logical',
      meaning: 'Three negative weeks in a row.',
      rule: has(wholeWord, '---'),
      missing: breaks,
      edges: 'False of fewer than 3 weeks.',
    }),
  },
  {
    id: 'Ab_krupitskyA_2011',
    source: sources.krupitsky2011,
    definition: defined({
      output: 'logical',
      meaning: 'Nothing but negatives from week 5 to week 15.',
      rule: after([untested], hasNo([5, 15], '+')),
      missing: asPositive,
      edges:
        'A shorter word is judged on the weeks that it has: one of 4 weeks or fewer is true. `_` counts as not positive.',
    }),
    warnings: ['is true of whoever has no week 5: a word of 4 weeks or fewer has nothing to fail on'],
  },
  {
    id: 'Ab_krupitskyB_2011',
    source: sources.krupitsky2011,
    definition: defined({
      output: 'count',
      meaning: 'Number of negative weeks among weeks 5 to 15 (0 to 11).',
      rule: after([untested], countOf('-', [5, 15])),
      missing: asPositive,
      edges: 'Fewer than 5 weeks: 0.',
    }),
  },
  {
    id: 'Ab_ling_1998',
    source: sources.ling1998,
    definition: defined({
      output: 'logical',
      meaning: 'Four negative weeks in a row (13 samples, three a week, are about 4.3 weeks).',
      rule: has(wholeWord, '----'),
      missing: breaks,
      edges: 'False of fewer than 4 weeks.',
    }),
  },
  {
    id: 'Ab_lofwall_2018',
    source: sources.lofwall2018,
    definition: defined({
      output: 'logical',
      meaning: 'Responder over a thinned schedule of visits: weeks 5 to 7, week 8, and weeks 9 to 15 negative enough.',
      rule: after(
        [countAs('+', '*', 'o'), see(thinnedSchedule), carryIntoUnobserved],
        all(
          shareIsAtLeast([2 / 3, '2/3'], [5, 7], { halfMixed: false }),
          has([8, 8], '-'),
          shareIsAtLeast([5 / 6, '5/6'], [9, 15], { halfMixed: false }),
        ),
      ),
      missing: asPositive,
      edges:
        'Weeks 10, 12 and 14 repeat 9, 11 and 13, so of weeks 9 to 15 only week 15 may fail. Weeks beyond a short word stay `o`, which is not negative: fewer than 13 weeks are always false.',
    }),
  },
  {
    id: 'Ab_mokri_2016',
    source: sources.mokri2016,
    definition: toFirstNonNegative,
  },
  {
    id: 'Ab_schottenfeld_2005',
    source: sources.schottenfeld2005,
    definition: defined({
      output: 'count',
      meaning: 'Longest run of weeks that are not positive, missed weeks taken out.',
      rule: after([takeOut('o'), countAs('+', '*')], longestRunWithout('+')),
      missing: 'Is taken out: negatives on both sides of a gap join.',
      edges: 'All missed, or empty: 0. `_` counts as abstinent.',
    }),
  },
  {
    id: 'Ab_schottenfeldA_2008',
    source: sources.schottenfeld2008,
    definition: toFirstNonNegative,
  },
  {
    id: 'Ab_schottenfeldB_2008',
    source: sources.schottenfeld2008,
    definition: defined({
      output: 'count',
      meaning: 'Longest run of negative weeks.',
      rule: after([untested], longestRunWithout('+')),
      missing: asPositive,
      edges: 'All missed: 0. `_` counts as abstinent.',
    }),
  },
  {
    id: 'Ab_shufman_1994',
    source: sources.shufman1994,
    definition: defined({
      output: 'time-to-event',
      meaning: 'Weeks until the first positive week, missed weeks bridged; event 1: abstinence ended.',
      rule: after([countAs('-', 'o'), countAs('+', '*')], timeTo({ width: 1, atLeast: 1, of: '+' })),
      missing: 'Counts as negative.',
      edges: 'An empty word has neither time nor event.',
    }),
    warnings: [
      'counts missed weeks as negative: whoever was never seen is censored at the last week, which looks like success',
    ],
  },
  {
    id: 'Ab_ctnThirty_2011',
    source: sources.weiss2011,
    definition: defined({
      output: 'logical',
      meaning: 'The last week is negative, and at least two of the three weeks before it.',
      rule: after([untested], all(has([-1, -1], '-'), atMost(1, '+', [-4, -2]))),
      missing: asPositive,
      edges: 'Of a short word the weeks that there are: `-` alone is true, an empty word false.',
    }),
    warnings: ['looks at the end of the word, whatever its length: trials of different lengths are not comparable'],
  },
];
