import { defined, type EndpointEntry } from './entry.ts';
import { after, countAs, has, only, timeTo } from './rule.ts';
import { sources } from './sources.ts';
import { wholeWord } from './word.ts';

const untested = countAs('+', 'o', '*');
const asPositive = 'Counts as positive.';
const censoredEarly = 'censors at the start of the last window that fits, not in the last week';

const shorterThan = (weeks: number) => `A word of fewer than ${weeks} weeks has neither time nor event.`;

export const relapseEndpoints: readonly EndpointEntry[] = [
  {
    id: 'Rs_ctnNinetyFour_2023',
    source: sources.ctn94,
    definition: defined({
      output: 'time-to-event',
      meaning: 'Weeks to the first of four weeks in a row that are not negative.',
      rule: after([untested], timeTo({ width: 4, atLeast: 4, of: '+' })),
      missing: asPositive,
      edges: shorterThan(4),
    }),
    warnings: [censoredEarly],
  },
  {
    id: 'Rs_johnson_1992',
    source: sources.johnson1992,
    definition: defined({
      output: 'logical',
      meaning: 'Two weeks in a row that are not negative, from week 4 on.',
      rule: after([untested], has([4, -1], '++')),
      missing: asPositive,
      edges: 'Weeks 4 and 5 are the first that can count; false of fewer than 5 weeks.',
    }),
  },
  {
    id: 'Rs_krupitsky_2004',
    source: sources.krupitsky2004,
    definition: defined({
      output: 'logical',
      meaning: 'Three weeks in a row that are not negative.',
      rule: after([untested], has(wholeWord, '+++')),
      missing: asPositive,
      edges: 'False of fewer than 3 weeks.',
    }),
    warnings: ['stands for the trials of 2004 and of 2006, which have the same rule'],
  },
  {
    id: 'Rs_lee_2016',
    source: sources.lee2016,
    definition: defined({
      output: 'time-to-event',
      meaning:
        'Weeks to relapse: two weeks of four that are not negative (for at least 10 days of use in 28, a positive test worth 5 days).',
      rule: after([untested], timeTo({ width: 4, atLeast: 2, of: '+' })),
      missing: asPositive,
      edges: `The earliest time is 3, of \`++…\` too. ${shorterThan(4)}`,
    }),
    warnings: ['tells the start of the window + 2, wherever in it the two weeks lie', censoredEarly],
  },
  {
    id: 'Rs_ctnFiftyOne_2018',
    source: sources.lee2018,
    definition: defined({
      output: 'time-to-event',
      meaning: 'Weeks to relapse: the first of four weeks in a row that are not negative, from week 3 on.',
      rule: after([untested, only([3, -1])], timeTo({ width: 4, atLeast: 4, of: '+' }, 2)),
      missing: asPositive,
      edges: `The earliest time is 3. ${shorterThan(6)}`,
    }),
    warnings: ['begins with week 3, where the trial’s rule begins on day 20 or 21: about a week later', censoredEarly],
  },
  {
    id: 'Rs_schottenfeld_2008',
    source: sources.schottenfeld2008,
    definition: defined({
      output: 'time-to-event',
      meaning: 'Weeks to the first of three weeks in a row that are not negative.',
      rule: after([untested], timeTo({ width: 3, atLeast: 3, of: '+' })),
      missing: asPositive,
      edges: shorterThan(3),
    }),
    warnings: [censoredEarly],
  },
];

export const retentionEndpoints: readonly EndpointEntry[] = [
  {
    id: 'Dr_ctnNinetyFour_2023',
    source: sources.ctn94,
    definition: defined({
      output: 'time-to-event',
      meaning: 'Weeks until somebody is lost: the first of four missed weeks in a row.',
      rule: timeTo({ width: 4, atLeast: 4, of: 'o' }),
      missing: 'Is the event.',
      edges: `Coming back later does not undo it. ${shorterThan(4)}`,
    }),
    warnings: [censoredEarly],
  },
];
