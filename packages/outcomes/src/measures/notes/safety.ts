import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

/** What a person should know of the kinds of measures of safety. */
export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  'adverse-events': {
    kind: 'adverse-events',
    meaning:
      'Who had at least one adverse event, how bad the worst was, and how many there were: over all, by class (SOC) and by term (PT). All reports with the same `ae` are one event, and the last one (the later `recordedtime`, then the greater id) says everything of it. `only` keeps the serious ones; the related (possible, probable or definite); or the treatment-emergent: with onset on the day of the first dose after randomisation or later. The last looks at doses, so in a double-blind trial it is closed.',
    formula:
      'An event counts by its onset, on study days 0 … horizon that are over. Its grade is `grade`, else mild 1, moderate 2, severe 3; at least 4 if it was life-threatening, 5 if it was death. Share with at least one = participants with a worst grade / participants with person-days; of treatment-emergent ones those who were given a dose, once its day is over: nobody else could have any. Rate = events / person-time; person-time runs from day 0 (treatment-emergent: the day of the first dose) to the earliest of horizon, leaving or death, and yesterday. A term stands under its class (`term: CLASS › TERM`), since a dictionary may know it under several; what nobody coded is the site’s own term in lower case, in the class `not coded`.',
    source:
      'ICH E2A (1994) and E3 (1995); grades: CTCAE 5.0 (NCI 2017); a share has Wilson’s interval (Wilson 1927), a rate the exact Poisson one (Garwood 1936).',
    missing:
      'Nothing is imputed: an event that nobody reported did not happen, for anybody. Person-time ends with follow-up, so a rate does not take silence for safety; a share does. An event with onset after leaving, such as a death that is heard of later, counts all the same. It waits for no visit and no entry lag.',
    values: [
      { kind: 'worst-grade', meaning: 'worst grade, by item (`any`, `class: …`, `term: …`)', unit: 'grade, 1 to 5' },
      { kind: 'events', meaning: 'adverse events, by item', unit: 'events' },
      { kind: 'serious-events', meaning: 'serious adverse events, by item; absent if there was none', unit: 'events' },
      {
        kind: 'person-days',
        meaning:
          'days followed; everybody has it (treatment-emergent: everybody who was given a dose), and who had no event has it alone',
        unit: 'days',
      },
    ],
    example:
      'Nausea on day 3 is reported as mild and, later, as moderate; a second nausea on day 10 is mild; a fall on day 40, not coded, is severe and led to hospital; the participant stops on day 99. Then there are 3 events, 1 of them serious, the worst of grade 3, in 100 days. Gastrointestinal disorders: 2 events, worst grade 2. A nausea that began 5 days before randomisation is none of them.',
  },
  suicidality: {
    kind: 'suicidality',
    meaning:
      'The worst suicidal ideation and any suicidal behaviour on the C-SSRS after randomisation, against the last score before. Ideation has types: 0 none, 1 wish to be dead, 2 non-specific active thoughts, 3 with method, 4 with some intent, 5 with plan and intent.',
    formula:
      'Worst = the highest type of ideation of all C-SSRS scores on study days 1 … horizon that are over, and of those of day 0 that were taken after a dose. Behaviour is 1 if any of these scores found it. Any behaviour = preparatory, aborted, interrupted or attempt; self-injury without intent to die stands beside it and is none. Baseline = ideation of the last score up to day 0 that is not of hours after a dose. Rose = worst − baseline is `rise` types or more (2 if the protocol says nothing).',
    source:
      'Posner 2011 (C-SSRS; self-injury without intent to die is no suicidal behaviour); FDA draft guidance on suicidal ideation and behavior (2012).',
    missing:
      'Who was never asked an item after randomisation has no value of it and is in no denominator; what was never asked is not taken for no. In a double-blind trial a score with `hoursAfterDose` is sealed and no part of this measure, unless the trial closes `scale-score` as a whole: so that the blinded monitor sees every C-SSRS, send it without `hoursAfterDose`.',
    values: [
      { kind: 'ideation', meaning: 'worst type of ideation after randomisation', unit: 'type, 0 to 5' },
      { kind: 'ideation-before', meaning: 'type of ideation at baseline', unit: 'type, 0 to 5' },
      { kind: 'rose', meaning: 'whether ideation rose by `rise` types or more', unit: '1 yes, 0 no' },
      {
        kind: 'behaviour',
        meaning:
          'whether there was any of preparatory, aborted, interrupted, attempt, self-injury; `any`: of the first four',
        unit: '1 yes, 0 no',
      },
    ],
    example:
      'Ideation is of type 4 on day −7 and of type 1 on day 0; of type 3 on day 14 with self-injury without intent, and of type 2 on day 28. Baseline is 1, the worst 3, so it rose (by 2 types); behaviour is 1 for self-injury and 0 for any suicidal behaviour.',
  },
  'vital-peaks': {
    kind: 'vital-peaks',
    meaning:
      'The highest blood pressure and heart rate after a dose: after any, and after those of each dosing session; and whether blood pressure was severe. It looks at doses and at what is measured after them, so in a double-blind trial it is closed.',
    formula:
      'Highest = the maximum over the vital signs with `minutesAfterDose` on study days 0 … horizon that are over. Severe = systolic or diastolic at or above the limit that the protocol sets (`severe`; 180 and 110 mmHg if it says nothing). The session is that whose day agrees best with `minutesAfterDose`, to 24 hours (else none); its number is the `session` of the dose, or the how-manieth day with a dose it is. Numbers that are not whole are rounded to thousandths.',
    source: 'As a severe adverse event in trial NCT05661669 (180 mmHg systolic or 110 diastolic); Holdfast',
    missing:
      'Who was never measured after a dose has no value and is in no denominator. A peak between two measurements is not known.',
    values: [
      { kind: 'systolic', meaning: 'highest systolic blood pressure, by item (`any`, `session-N`)', unit: 'mmHg' },
      { kind: 'diastolic', meaning: 'highest diastolic blood pressure, by item', unit: 'mmHg' },
      { kind: 'heart-rate', meaning: 'highest heart rate, by item', unit: 'beats per minute' },
      { kind: 'severe', meaning: 'whether blood pressure was severe, by item', unit: '1 yes, 0 no' },
    ],
    example:
      'Doses on days 1 and 8. After the first: 150/90 and 162/112 mmHg; after the second: 171/95. The peaks are 171 systolic and 112 diastolic over all, 162/112 in session 1 and 171/95 in session 2; session 1 is severe (112 is above 110), session 2 is not. 210/120 before the first dose does not count.',
  },
};
