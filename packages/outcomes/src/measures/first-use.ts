import type { FirstUse, Lapse } from '@holdfast/events';
import type { FirstEvent, StudyDay } from '../facts.ts';
import { courseOn, lastAssessed } from './course-of-use.ts';
import { firstEventSpells } from './first-event-spells.ts';
import type { MeasureFold } from './measure-fold.ts';
import { maturitySpells, type ParticipantDays } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/**
 * First use after a study day, the origin; needs no abstinence before. Only mature days that no strategy excludes give evidence.
 * Without use, death competes (where the strategy says so), else observation ends at the last assessment; the origin itself means
 * there was none. Confirmed by urine, a day counts as free of use only as far as both sources reach.
 * A positive biomarker that looks back shows a first use but not its day: it is dated at the sample, by when it had happened.
 * (To censor whom a test has shown to use would hide relapses.) Where the use may have been before day 1 or on an excluded day it
 * dates nothing; nor are the days it looks back on assessments: nobody knows that they were free of use.
 */
export function firstUseAfter(measure: FirstUse | Lapse, days: ParticipantDays, origin: StudyDay): FirstEvent {
  const { lastDay, mature, death } = days;
  for (let day = origin + 1; day <= lastDay; day += 1) {
    if (mature[day] === 1 && courseOn(days, day) === 'use')
      return { measure: measure.id, day, outcome: 'event', lastFree: lastAssessed(days, origin, day - 1) };
  }
  if (measure.death === 'exclude' && death !== undefined && death > origin && mature[death] === 1)
    return { measure: measure.id, day: death, outcome: 'competing', why: 'death' };
  const day = lastAssessed(days, origin, lastDay);
  return { measure: measure.id, day, outcome: 'censored', why: 'last-assessment' };
}

/** First use after study day 0. */
export function firstUse(measure: FirstUse, days: ParticipantDays): FirstEvent {
  return firstUseAfter(measure, days, 0);
}

/** First use: who has it when, and first uses and person-days for rolling rates. */
export const firstUseFold: MeasureFold<FirstUse> = {
  types: typesOfUse,
  judge: (measure, told) => {
    const judged = told.days(measure);
    return ({ mature: matureFor }) => {
      const days = { ...judged, mature: matureFor(measure, judged.lastDay) };
      const event = firstUse(measure, days);
      return {
        counted: [],
        spells: [...maturitySpells(measure, days.lastDay, days.mature), ...firstEventSpells(measure, event, days)],
        firstEvents: [event],
        values: [],
      };
    };
  },
};
