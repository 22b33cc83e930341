import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

/** What a person should know of the kinds of measures of how a trial is conducted. */
export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  visits: {
    kind: 'visits',
    meaning:
      'Which of the scheduled visits that came due were kept, and which of those were late. Kept is a visit that a `visit-attended` names, on whatever day; nothing else says that somebody came, for samples come by post and scores by telephone. Late is a kept visit that was attended outside its window alone, before it opened or after it closed. Each participant has the visits of the schedule that was in force at randomisation, those before it included.',
    formula:
      'Due = target on or before the horizon and the administrative end, window closed, entry lag over; and not targeted after the day of leaving, however the participant left, unless it was kept. Kept = kept / due, over all and by visit; late = late / kept, by visit.',
    source:
      'The definition is Holdfast’s own; missed and late visits are protocol deviations by ICH E3 1995, section 10.2.',
    missing:
      'A due visit of which nothing was sent was not kept: so was one with `visit-missed`. If both were sent, it was kept. Before the window has closed and the entry lag is over, nobody is counted for it.',
    values: [
      { kind: 'due', meaning: 'the visit has come due, by visit; without a visit: any has', unit: 'participants' },
      {
        kind: 'kept',
        meaning: 'whether it was kept, by visit; without a visit: kept, of those due',
        unit: 'share of visits',
      },
      {
        kind: 'late',
        meaning:
          'whether a kept visit was outside its window, by visit; of kept visits alone, so that `due` − `n` were not kept',
        unit: '1 yes, 0 no',
      },
    ],
    example:
      'Visits on days 7, 14, 21 and 28, each within 2 days. The first is attended on day 8, the second on day 18, the third is missed; the participant stops on day 25. Three visits are due (that of day 28 lies after leaving), 2 of 3 were kept, and the second of them late.',
  },
  exposure: {
    kind: 'exposure',
    meaning:
      'How much study treatment a participant has had: doses given, their milligrams, how many were stopped early; therapy sessions and their minutes. On study days 0 … horizon, as of the clock: up to the day before its own. With `drug`, of the doses of that drug alone. In a double-blind trial it is closed.',
    formula:
      'Sessions = doses given, each by itself (two drugs in one session are two). mg and mg/kg = sums of what was given. Therapy sessions = those that lasted any time; minutes = their sum.',
    source: 'ICH E3 1995, section 12.1 (extent of exposure).',
    missing:
      'Nobody knows of a dose that was not sent. Who has had nothing has 0 of each, and stands in every mean. If one dose does not say its mg (or mg/kg), the participant has no sum of it: what is left would be too little. It waits for no visit and no entry lag.',
    values: [
      { kind: 'due', meaning: 'everybody randomised, from the day after randomisation', unit: 'participants' },
      { kind: 'sessions', meaning: 'doses given', unit: 'doses' },
      { kind: 'mg', meaning: 'sum of the doses', unit: 'mg (in thousandths)' },
      { kind: 'mg-per-kg', meaning: 'sum of the doses', unit: 'mg/kg (in thousandths)' },
      { kind: 'stopped-early', meaning: 'doses that were stopped before all was given', unit: 'doses' },
      { kind: 'therapy-sessions', meaning: 'therapy sessions that took place', unit: 'sessions' },
      { kind: 'therapy-minutes', meaning: 'their length', unit: 'minutes (in thousandths)' },
    ],
    example:
      'Three infusions of 0.8 mg/kg, on days 1, 8 and 15, the last stopped after 0.5 mg/kg; therapy of 90 minutes on days 2 and 9, and on day 16 nobody came. On day 20 that is 3 doses, 2.1 mg/kg, 1 stopped early, 2 therapy sessions and 180 minutes. There is no sum of mg, since no infusion says its mg.',
  },
};
