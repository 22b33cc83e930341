import { defined, type EndpointEntry } from './entry.ts';
import { latticeOf } from './lattice.ts';
import { thinnedSchedule } from './lofwall-schedule.ts';
import type { EndpointDefinition } from './published-endpoint.ts';
import {
  after,
  carryIntoUnobserved,
  countAs,
  countWithMixed,
  fillByMode,
  fillFromNeighbours,
  freedomFromUse,
  has,
  ifStillAttending,
  nonPositiveWeeks,
  only,
  see,
  shareIsAtLeast,
  shareNegative,
  shareNotPositive,
  takeOut,
  untilLastAttended,
} from './rule.ts';
import { sources } from './sources.ts';
import type { Weeks } from './word.ts';

const inDenominator = 'Stays in the denominator, and so counts as positive.';
const asPositive = 'Counts as positive.';
const removed = 'Is taken out.';

const cutAfterRemoval =
  'takes missed weeks out before it takes the first 15: of longer words weeks after study week 15 slip in';
const perfectUntested =
  'gives 1, the best value, to whoever has no test at all, where others give 0: say so before averaging it over everybody randomised';

function shareOfWeeks(weeks: Weeks, edges: string): EndpointDefinition {
  return defined({
    output: 'share',
    meaning: `Share of negative weeks in weeks ${weeks[0]} to ${weeks[1]}.`,
    rule: shareNegative(weeks),
    missing: inDenominator,
    edges,
  });
}

const cutByWord = 'A word that ends earlier is divided by the weeks that it has; empty: 0.';

// One definition each, though several publications have it.
const shareOfAll = defined({
  output: 'share',
  meaning: 'Share of negative weeks in the whole word.',
  rule: shareNegative(),
  missing: inDenominator,
  edges: 'Empty: 0.',
});
const shareOfAttended = defined({
  output: 'share',
  meaning: 'Share of negative weeks among attended weeks.',
  rule: after([takeOut('o')], shareNegative()),
  missing: removed,
  edges: 'Nothing left: 0.',
});
const shareUntilLastAttended = defined({
  output: 'share',
  meaning: 'Share of negative weeks up to the last attended week.',
  rule: after([untilLastAttended], shareNegative()),
  missing: 'Stays in the denominator up to the last attended week; after it, is passed over.',
  edges: 'All missed: 0.',
});
const shareOfThirteen = shareOfWeeks([1, 13], cutByWord);
const notPositiveOfAll = defined({
  output: 'share',
  meaning: 'One minus the share of positive weeks among all weeks.',
  rule: shareNotPositive(),
  missing: 'In the denominator and not positive: counts as negative.',
  edges: 'All missed, or empty: 1.',
});
const notPositiveOfAttended = defined({
  output: 'share',
  meaning: 'One minus the share of positive weeks among attended weeks.',
  rule: after([takeOut('o')], shareNotPositive()),
  missing: removed,
  edges: 'Nothing left: 1.',
});

const missedIsNegative =
  'is described as leaving missed weeks out, and computed on the whole word, where they count as negative; Rd_strain_1996 is the form that leaves them out';

export const reductionEndpoints: readonly EndpointEntry[] = [
  { id: 'Rd_comer_2006', source: sources.comer2006, definition: shareOfWeeks([1, 8], cutByWord) },
  {
    id: 'Rd_eissenberg_1997',
    source: sources.eissenberg1997,
    definition: defined({
      output: 'logical',
      meaning: 'Still attending at week 15 or later, with four negative weeks in a row by week 15.',
      rule: ifStillAttending(15, false, after([fillFromNeighbours], has([1, 15], '----'))),
      missing: 'A single gap is filled from its two neighbours; a longer one breaks the run.',
      edges: 'Week 16 may fill week 15. `_` is filled like `o`.',
    }),
  },
  { id: 'Rd_fiellin_2006', source: sources.fiellin2006, definition: shareOfAll },
  { id: 'Rd_fudala_2003', source: sources.fudala2003, definition: shareOfAttended },
  {
    id: 'Rd_haight_2019',
    source: sources.haight2019,
    definition: shareOfWeeks(
      [5, 15],
      'A word that ends earlier is divided by the weeks that it has; fewer than 5 weeks: 0.',
    ),
  },
  {
    id: 'Rd_jaffe_1972',
    source: sources.jaffe1972,
    definition: defined({
      output: 'share',
      meaning: 'Share of negative weeks, gaps filled with the personal mode; 0 for whoever left before week 8.',
      rule: ifStillAttending(8, 0, after([fillByMode], shareNegative())),
      missing: 'Takes the participant’s most frequent result, after the last attended week too.',
      edges: 'Mixed weeks keep their half weight.',
    }),
  },
  { id: 'Rd_johnson_1992', source: sources.johnson1992, definition: shareOfAll },
  {
    id: 'Rd_kostenB_1993',
    source: sources.kosten1993,
    definition: defined({
      output: 'logical',
      meaning: 'At least 70 % of the first 15 attended weeks are negative.',
      rule: after([takeOut('o')], shareIsAtLeast([0.7, '0.7'], [1, 15], { halfMixed: true })),
      missing: 'Is taken out before the first 15 weeks are taken.',
      edges: 'Nothing left: false.',
    }),
    warnings: [cutAfterRemoval],
  },
  {
    id: 'Rd_lingA_1998',
    source: sources.ling1998,
    definition: defined({
      output: 'share',
      meaning: 'Share of negative weeks among the first 15 attended weeks.',
      rule: after([takeOut('o')], shareNegative([1, 15])),
      missing: 'Is taken out before the first 15 weeks are taken.',
      edges: 'Nothing left: 0.',
    }),
    warnings: [cutAfterRemoval],
  },
  {
    id: 'Rd_lingC_1998',
    source: sources.ling1998,
    definition: defined({
      output: 'count',
      meaning: 'Treatment effectiveness score: negative weeks in weeks 1 to 15 (0 to 15, halves possible).',
      rule: countWithMixed('-', [1, 15]),
      missing: 'Adds nothing.',
      edges: 'Empty: 0.',
    }),
  },
  { id: 'Rd_ling_2010', source: sources.ling2010, definition: shareOfWeeks([1, 15], cutByWord) },
  {
    id: 'Rd_lingA_1976',
    source: sources.ling1976,
    definition: defined({
      output: 'score',
      meaning: '120 minus an index of illicit use: 0 the worst, 120 the best.',
      rule: ifStillAttending(
        4,
        0,
        after(
          [only([1, 15])],
          freedomFromUse(
            'Each week costs: `+` p, `*` one half of p, `o` 0.22, `-` nothing; p is 1 in weeks 1 to 3, 2 in weeks 4 to 6, and so on to 5 in weeks 13 to 15. The worst week costs p. 120 − 120 × costs / worst possible costs. A word of fewer than 15 weeks begins again until they are filled.',
            () => ({ positive: [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5] }),
          ),
        ),
      ),
      missing: 'Costs 0.22 of a positive in week 1, whenever it is.',
      edges: 'No value if one of the 15 weeks is `_`.',
    }),
    warnings: [
      'repeats a word of 4 to 14 weeks from its start until 15 weeks are filled: of 14 weeks, week 15 is week 1 again, with the highest weight',
    ],
  },
  {
    id: 'Rd_lingB_1976',
    source: sources.ling1976,
    definition: defined({
      output: 'score',
      meaning: '120 minus an index of illicit use in which missed weeks weigh more and weights rise evenly.',
      rule: ifStillAttending(
        4,
        0,
        after(
          [only([1, 15])],
          freedomFromUse(
            'Each week costs: `+` 0.8 p, `*` 0.4 p, `o` 1, `-` nothing; p rises evenly from 1 in the first to 5 in the last of the weeks that there are. The worst week costs 0.8 p or 1, whichever is more. 120 − 120 × costs / worst possible costs.',
            (weeks) => ({
              weights: { '+': 0.8, '*': 0.4, o: 1, '-': 0 },
              positive: Array.from({ length: weeks }, (_, week) => 1 + week * (4 / (weeks - 1))),
            }),
          ),
        ),
      ),
      missing: 'Costs 1: more than a positive early on, less late.',
      edges: 'Weights are stretched over a shorter word; nothing is repeated. No value if one of the weeks is `_`.',
    }),
    warnings: ['is a variant of the published index that the library of endpoints defines'],
  },
  {
    id: 'Rd_lofwall_2018',
    source: sources.lofwall2018,
    definition: defined({
      output: 'share',
      meaning: 'Share of negative weeks over 15 weeks of a thinned schedule of visits.',
      rule: after([countAs('+', 'o'), see(thinnedSchedule), carryIntoUnobserved], shareNegative([1, 15])),
      missing: asPositive,
      edges: 'Always divided by 15: weeks beyond a short word stay `o`, which is not negative.',
    }),
  },
  { id: 'Rd_mattickA_2003', source: sources.mattick2003, definition: shareUntilLastAttended },
  { id: 'Rd_mattickB_2003', source: sources.mattick2003, definition: shareOfThirteen },
  { id: 'Rd_paniA_2000', source: sources.pani2000, definition: shareOfAttended },
  { id: 'Rd_paniB_2000', source: sources.pani2000, definition: shareOfAll },
  {
    id: 'Rd_petitjean_2001',
    source: sources.petitjean2001,
    definition: defined({
      output: 'share',
      meaning: 'One minus the share of positive weeks, missed ones among them.',
      rule: after([countAs('+', 'o')], shareNotPositive()),
      missing: asPositive,
      edges: 'Empty: 1.',
    }),
  },
  { id: 'Rd_preston_2000', source: sources.preston2000, definition: shareOfThirteen },
  { id: 'Rd_schottenfeld_2005', source: sources.schottenfeld2005, definition: shareOfAttended },
  {
    id: 'Ab_schwartz_2006',
    source: sources.schwartz2006,
    definition: defined({
      output: 'logical',
      meaning: 'Week 15 is negative.',
      rule: has([15, 15], '-'),
      missing: 'Is not negative.',
      edges: 'False of fewer than 15 weeks. A mixed week is not negative.',
    }),
    warnings: ['was published as reduction of positives at 120 days, though its id says abstinence'],
  },
  { id: 'Rd_shufman_1994', source: sources.shufman1994, definition: notPositiveOfAll, warnings: [perfectUntested] },
  { id: 'Rd_soyka_2008', source: sources.soyka2008, definition: notPositiveOfAttended, warnings: [perfectUntested] },
  {
    id: 'Rd_strain_1993',
    source: sources.strain1993,
    definition: defined({
      output: 'share',
      meaning: 'One minus the share of positive weeks in weeks 6 to 15.',
      rule: shareNotPositive([6, 15]),
      missing: 'In the denominator and not positive: counts as negative.',
      edges: 'Fewer than 6 weeks, or all missed: 1.',
    }),
    warnings: [perfectUntested],
  },
  {
    id: 'Rd_strain_1994',
    source: sources.strain1994,
    definition: notPositiveOfAll,
    warnings: [missedIsNegative, perfectUntested],
  },
  { id: 'Rd_strain_1996', source: sources.strain1996, definition: notPositiveOfAttended, warnings: [perfectUntested] },
  {
    id: 'Rd_strain_1999',
    source: sources.strain1999,
    definition: notPositiveOfAll,
    warnings: [missedIsNegative, perfectUntested],
  },
  {
    id: 'Rd_strang_2010',
    source: sources.strang2010,
    definition: defined({
      output: 'logical',
      meaning: 'At least half of the last 12 weeks are negative.',
      rule: shareIsAtLeast([0.5, '0.5'], [-12, -1], { halfMixed: true }),
      missing: inDenominator,
      edges: 'Of a shorter word all weeks; empty: false.',
    }),
    warnings: ['looks at the end of the word, whatever its length: trials of different lengths are not comparable'],
  },
  { id: 'Rd_strang_2019', source: sources.strang2019, definition: shareOfWeeks([1, 12], cutByWord) },
  { id: 'Rd_tanum_2017', source: sources.tanum2017, definition: shareUntilLastAttended },
  { id: 'Rd_wolstein_2009', source: sources.wolstein2009, definition: shareOfAttended },
  {
    id: 'Rd_woody_2008',
    source: sources.woody2008,
    definition: defined({
      output: 'share',
      meaning: 'One minus the share of positives in weeks 4, 8 and 12.',
      rule: after([see(latticeOf(['___o', 3])), takeOut('_'), countAs('+', 'o')], shareNotPositive()),
      missing: asPositive,
      edges:
        'Weeks that a short word does not reach are missed; empty: 0. A `_` in one of the three weeks is left out.',
    }),
    warnings: ['counts missed weeks as positive, where the published trial imputed them'],
  },
  {
    id: 'Rd_zaks_1972',
    source: sources.zaks1972,
    definition: defined({
      output: 'count',
      meaning: 'Number of attended weeks that are not positive.',
      rule: after([takeOut('o')], nonPositiveWeeks),
      missing: removed,
      edges: 'All missed: 0. `_` counts as a week that is not positive.',
    }),
  },
];
