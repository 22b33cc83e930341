import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

/** What a person should know of the kinds of measures that are scored at landmarks. */
export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  scale: {
    kind: 'scale',
    meaning:
      'The course of a rating scale: at each landmark the score, its change from baseline, and whether there is a response and a remission. A landmark is a scheduled visit, a study day with days that it may be off, or a number of hours after a dosing session. At a visit counts what names it, on whatever day it was taken, and of several scores the last (then the greater id); around a day the nearest, of two the earlier; after a dose the nearest to the hours, of two that of fewer hours. Scores with `hoursAfterDose` count at hours after a dose alone, the others at visits and days alone: so that a blinded trial and an open one mean the same. The total, or the named subscore; a total that was not sent is the sum of the items, if all of them were and the total of that instrument is a sum.',
    formula:
      'Change = score − baseline. Baseline = the score at the declared landmark, else the last up to study day 0 without `hoursAfterDose`. Response = the score fell (where higher is better: rose) by at least the instrument’s share of its baseline; there is none without a baseline above 0. Remission = the score is at most the instrument’s cut-off, whatever the baseline was. Response and remission are of totals, and only where the instrument declares them. The first dose on study day 0 or later is session 1, or what its `session` says; a score with hours belongs to the session whose day agrees best with them, and to none if they are a day apart.',
    source:
      'HAM-D-17: Hamilton 1960, remission at most 7: Frank 1991; response of 50 % at 24 hours after ketamine: Zarate 2006, Han 2016. MADRS: Montgomery & Åsberg 1979, remission at most 9: Hawley 2002. BDI-II: Beck 1996. Other instruments: their sources in docs/events.md.',
    missing:
      'A landmark is due for everybody randomised who has the visit on their schedule (or had the dose), also after leaving and death: once the visit’s window has closed (the days or hours that it may be off have passed) and the entry lag is over. Missing = due − scored; nothing is imputed. A change or response waits for its baseline to be due as well. A score after the administrative end does not count.',
    values: [
      { kind: 'due', meaning: 'the landmark has come due, by landmark', unit: 'participants' },
      { kind: 'score', meaning: 'score, by landmark', unit: 'points (in thousandths)' },
      { kind: 'change', meaning: 'score − baseline, by landmark', unit: 'points (in thousandths)' },
      { kind: 'response', meaning: 'whether it improved by at least the instrument’s share', unit: '1 yes, 0 no' },
      { kind: 'remission', meaning: 'whether it is at most the instrument’s cut-off', unit: '1 yes, 0 no' },
    ],
    example:
      'HAM-D-17 is 24 before the infusion. At 24 hours it is 12: a change of −12, which is a response (half of 24), and no remission (12 is above 7). At 72 hours it is 7: a response and a remission. At 168 hours it is 13: neither, though the change is still −11. Of visits in weeks 4, 8 and 12 the second is missed: weeks 4 and 12 have scores, all three are due, one of them is missing.',
  },
  choices: {
    kind: 'choices',
    meaning:
      'Laboratory self-administration: how often the substance was chosen when it or an alternative, such as money, was offered. Landmarks are those of `scale`. A choice task says no hours after a dose, so there it belongs to the last dose on its day or before, and is 24 hours for each day after it. Of several tasks at a landmark one counts, as of several scores.',
    formula:
      'Chosen of offered, per participant and landmark. The mean over participants is of these shares; how far it fell = 1 − mean after / mean before.',
    source: 'Dakwar 2017 (choices of 25 mg cocaine or 11 USD, at least 24 hours after the infusion).',
    missing:
      'As with `scale`: due once the landmark is over and entered, for everybody who has the visit or had the dose; missing = due − done. Who came and chose nothing has 0 of those offered, which is not missing.',
    values: [
      { kind: 'due', meaning: 'the landmark has come due, by landmark', unit: 'participants' },
      { kind: 'chosen', meaning: 'choices of the substance, of those offered, by landmark', unit: 'share of choices' },
    ],
    example:
      'Eighteen participants have five choices each. Before the infusion they chose cocaine 88 times of 90, after midazolam 78 times and after ketamine 29 times: means of 4.89, 4.33 and 1.61 of five choices, so after ketamine they fell by 67 % from before.',
  },
};
