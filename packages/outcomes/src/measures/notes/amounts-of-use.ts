import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

const due: MeasureNote['values'][number] = {
  kind: 'due',
  meaning: 'the stretch is over, with a day at risk in it, whether there is a value or not',
  unit: '1 of 1',
};

const heaviness =
  'A heavy day is a day of use on which the participant’s own calendar has at least so many grams; of a day of use without an amount, or that the calendar denies, nobody knows whether it was heavy, nor of any day of use of a participant whose covariate names no limit.';
const calendars =
  'Amounts are those of the participant’s own calendars; of several the one with the shorter recall counts for each day, and in a tie the greater known amount.';
const unknown =
  'Days that were not asked about, whose amount is not known, or that another source of the evidence rule shows to be of use while the calendar has none, are left out of sum and days; no policy fills them in. Positive biomarkers that look back change no amount, since they name no day.';

export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  'days-of-use': {
    kind: 'days-of-use',
    meaning:
      'Of each participant the share of days abstinent, of use or of heavy use in stretches of study days: percent days abstinent, percent heavy drinking days. Of an arm the mean of the participants’ shares, not that of pooled days: everybody weighs the same.',
    formula: `Days counted ÷ days at risk: the days of the stretch without excluded ones. A day is of use, abstinent or missing by the measure’s evidence rule. ${heaviness} A stretch counts once all its days are mature.`,
    source:
      'Sobell & Sobell 1992 (timeline follow-back); Babor et al. 1994 (percent days abstinent); Grabski et al. 2022 (KARE)',
    missing:
      'Observed only: of the days known; no value if none is. Missing is use and worst case: of all days at risk within planned follow-up, those after leaving included, the missing are of use (heavy where heavy days are counted). Best case: the same, the missing are abstinent. A day that a positive biomarker with look-back speaks of, and no other evidence of use, is missing: one of its days is of use, and nobody knows which.',
    values: [
      { kind: 'days', meaning: 'days counted, of the days at risk that the policy counts', unit: 'days of days' },
      due,
    ],
    example:
      'Days 1–180. Ada is asked about all of them and drinks on 18: 162 of 180. Ben is asked about days 1–90 and drinks on 45: observed only 45 of 90, missing is use 45 of 180, best case 135 of 180. Percent days abstinent are 70 % observed only (the mean of 90 and 50 %; pooled days would give 76.7 %), 57.5 % with missing as use, 82.5 % at best.',
  },
  amount: {
    kind: 'amount',
    meaning:
      'Mean amount per day, or per day of use, in grams of pure substance or in the unit that the protocol counts it in, which may be money.',
    formula: `Sum of the amounts ÷ number of days at risk whose amount is known, days without use included (per day), or left out (per using-day); in thousandths of the unit, so that sums are exact. ${calendars} Grams are amount × \`gramsPerUnit\`.`,
    source: 'Babor et al. 1994 (drinks per drinking day); Dakwar et al. 2014 (dollars per day of use)',
    missing: unknown,
    values: [{ kind: 'amount', meaning: 'mean amount of the stretch', unit: 'the measure’s `unit`' }, due],
    example:
      'Cocaine for $149.30 on each of 22 of 28 days: $149.30 per day of use, $117.31 per day. Then for $10.50 on each of 5 of 28 days: $10.50 per day of use, $1.88 per day. Four days of $100 and one of an unknown sum: $100 per day of use, of 4 days; $14.81 per day, of 27. Who did not use has no amount per day of use, and $0 per day.',
  },
  'no-heavy-days': {
    kind: 'no-heavy-days',
    meaning:
      'Whether a participant had no heavy day in a stretch of study days; of an arm the share who had none. Days before the stretch are grace.',
    formula: `1 if no day at risk is heavy, else 0. ${heaviness} A stretch counts once all its days are mature.`,
    source: 'Falk et al. 2010 (percent of participants with no heavy drinking days); FDA draft guidance 2015',
    missing:
      'Coverage is judged alone, whatever was found: observed only counts whom every day at risk is known of, a heavy day seen or not. Missing is use and worst case: everybody with a day at risk within planned follow-up; who lacks one has had a heavy day. Best case: the same, but only a heavy day that was seen counts.',
    values: [{ kind: 'no-heavy-days', meaning: 'no heavy day in the stretch', unit: 'yes (1) or no (0)' }, due],
    example:
      'Heavy from 70 g of men, 56 g of women; days 1–28, all asked about; 4 US drinks (56 g) on days 1–7. A man has no heavy day (1), a woman has seven (0). With a drink of an unknown amount on day 11 he is not counted observed only, 0 with missing as use, 1 at best. With 70 g on day 8 besides he is still not counted observed only, and 0 even at best.',
  },
  'risk-level': {
    kind: 'risk-level',
    meaning:
      'Level of risk of drinking by mean grams of pure alcohol a day: 0 abstinent, 1 low, 2 medium, 3 high, 4 very high; and how many levels it fell from the days before randomisation. Falls of one and two levels are endpoints of their own. Both are shares of everybody with a shift: also of those who were at level 0 before and cannot fall, and of those at level 1, who cannot fall by two. A publication that leaves them out, or takes in those of high risk alone, has a smaller denominator.',
    formula: `Mean over all days at risk whose grams are known, sober days included; 0 is abstinent. Men: low to 40 g, medium to 60, high to 100, very high above; women: to 20, 40, 60; a mean on a limit is at the lower level. Shift = level of the last \`baselineDays\` before randomisation (days in a controlled environment aside, where they are excluded) − level of the stretch; negative if risk rose. ${calendars}`,
    source: 'World Health Organization 2000 (levels); Witkiewitz et al. 2017 (falls by one and two levels)',
    missing: `${unknown} There is no level where no day is known, or sex is not; no shift where no day before randomisation is known.`,
    values: [
      { kind: 'level', meaning: 'level of the stretch', unit: 'level, 0 to 4' },
      { kind: 'shift', meaning: 'levels fallen since before randomisation', unit: 'levels, −4 to 4' },
      { kind: 'fell-one', meaning: 'fallen by at least one level, of all with a shift', unit: 'yes (1) or no (0)' },
      { kind: 'fell-two', meaning: 'fallen by at least two levels, of all with a shift', unit: 'yes (1) or no (0)' },
      due,
    ],
    example:
      'A woman drinks 98 g on 20 of the 28 days before randomisation: 70 g a day, very high (4). On days 1–28 she drinks 42 g on 14 days: 21 g a day, medium (2), a fall of 2. Her days of use alone would say 98 and 42 g, very high and high, a fall of 1: so sober days must be asked about. A man with the same amounts falls from high (3) to low (1).',
  },
};
