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
      'On each study day d, of those whose last w days are known, the share without any use in them: point-prevalence abstinence, on every day and not at one visit alone. Who has used is abstinent again once the last day of use has left the window.',
    formula:
      'Of the window d − w + 1 … d without excluded days: covered if every day (or at least n of them) has evidence, and under a rule that confirms at least one day is confirmed; use if any day of a covered window has use, else abstinent. A positive biomarker that looks back is use if all its days lie inside, else it only forbids abstinent (unclear). The rate is abstinent ÷ assessable participants, with Wilson’s interval.',
    source: 'Hughes et al. 2003 (point prevalence); Wilson 1927 (interval)',
    missing:
      'A window that is not covered is missing, whatever was found in it (unless `decisivePositive` lets use alone cover); the policies say how the missing count. So the best case takes every missing window for abstinent, also one that is not covered and has a day of use in it: it is the upper bound of the rule as declared, since coverage is judged before anything that was found. Where known use is to stay use under every policy, declare `decisivePositive: true`.',
    values: shares,
    example:
      'Window 7, coverage at least 5, day 14. Ada has evidence on 6 of days 8 … 14, none of use: abstinent. Ben has evidence on 5, one of use: use. Cyd has evidence on 3, none of use: missing. Observed only the rate is 1 of 2; missing is use makes it 1 of 3, the best case 2 of 3.',
  },
  'continuous-abstinence': {
    kind: 'continuous-abstinence',
    meaning:
      'On each study day d, the share without any use from a first day on. With a first day later than 1, the days before it are grace: prolonged abstinence. Who has used is never abstinent again, under no policy.',
    formula:
      'Of the days `from` … d without excluded days: covered if every one has evidence; or, with `gapAtMost`, if there is any and no run of days without it is longer. Under a rule that confirms, the confirming source must have spoken of at least one of the days too and, with `gapAtMost`, leave no longer run either. Use if any day of a covered stretch has use, else abstinent. The rate is abstinent ÷ assessable participants, with Wilson’s interval. It has no window (`window_days` is empty).',
    source:
      'Hughes et al. 2003 (continuous and prolonged abstinence); Krupitsky & Grinenko 1997 (a year, confirmed by relatives); Wilson 1927 (interval)',
    missing:
      'A stretch is missing from the day on which a gap has grown too long, for good, also if evidence comes later. Missing is use counts it as use; the best case as abstinent, but not where use was seen before it; nothing abstinent is carried forward over known use either.',
    values: shares,
    example:
      'A year by `confirmed-by-relative` with `gapAtMost` 31: the participant and a relative are each asked every 30 days about the last week. Neither ever tells of use: abstinent on day 365. The relative falls silent after day 60: abstinent to day 91, from day 92 on missing. The relative tells of a drink on day 205, the participant does not: use from day 205 on. With 15 as first day a drink on day 10 is grace and one on day 15 is use.',
  },
};
