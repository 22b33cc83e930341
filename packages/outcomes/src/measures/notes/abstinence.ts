import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

const shares: MeasureNote['values'] = [
  { kind: 'abstinent', meaning: 'spells of days on which the participant counts in the numerator', unit: 'study days' },
  {
    kind: 'assessable',
    meaning: 'spells of days on which the participant counts in the denominator',
    unit: 'study days',
  },
];

export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  'rolling-abstinence': {
    kind: 'rolling-abstinence',
    meaning:
      'On each study day d, of those whose last w days are known, the share without any use in them: point-prevalence abstinence, on every day and not at one visit alone.',
    formula:
      'Of the window d − w + 1 … d without excluded days: covered if every day (or at least n of them) has evidence; use if any day of a covered window has use, else abstinent. The rate is abstinent ÷ assessable participants, with Wilson’s interval.',
    source: 'Hughes et al. 2003 (point prevalence); Wilson 1927 (interval)',
    missing:
      'A window that is not covered is missing, whatever was found in it (unless `decisivePositive` lets use alone cover); the policies say how the missing count.',
    values: shares,
    example:
      'Window 7, coverage at least 5, day 14. Ada has evidence on 6 of days 8 … 14, none of use: abstinent. Ben has evidence on 5, one of use: use. Cyd has evidence on 3, one of use: missing. Observed only the rate is 1 of 2; missing is use makes it 1 of 3, the best case 2 of 3.',
  },
  'continuous-abstinence': {
    kind: 'continuous-abstinence',
    meaning:
      'On each study day d, the share without any use from a first day on. With a first day later than 1, the days before it are grace: prolonged abstinence. Use ends it for good: no policy counts the participant as abstinent again.',
    formula:
      'Of the days `from` … d without excluded days: covered if every one has evidence (or no gap is longer than `gapAtMost` days); use if any day of a covered stretch has use, else abstinent. The rate is abstinent ÷ assessable participants, with Wilson’s interval. It has no window (`window_days` is empty).',
    source:
      'Hughes et al. 2003 (continuous and prolonged abstinence); West et al. 2005 (grace); Wilson 1927 (interval)',
    missing:
      'A stretch with a longer gap is missing from the day the gap grows too long, also if evidence comes later; the policies say how the missing count. Whose use is known is not counted as abstinent by the best case either.',
    values: shares,
    example:
      'From day 15, gaps of at most 7 days, day 28. Ada’s calendars speak of every day, use on day 3 only: that was grace, so abstinent. Ben used on day 20: use. Cyd is known but for days 17 … 26, ten in a row: missing. Observed only the rate is 1 of 2; missing is use makes it 1 of 3.',
  },
};
