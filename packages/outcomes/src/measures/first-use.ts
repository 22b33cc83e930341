import type { FirstUse } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { FirstEvent } from '../facts.ts';
import { firstEventSpells } from './first-event-spells.ts';
import type { MeasureFold } from './measure-fold.ts';
import { maturitySpells, type ParticipantDays } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/**
 * First use after study day 0; needs no abstinence before. Only mature days that no strategy excludes give evidence. Without
 * use, death competes (where the strategy says so), else observation ends at the last assessment; day 0 means there was none.
 * A positive biomarker that looks back shows a first use but not its day: it is dated at the sample, by when it had happened.
 * (To censor whom a test has shown to use would hide relapses.) Where the use may have been before day 1 or on an excluded day it
 * dates nothing; nor are the days it looks back on assessments: nobody knows that they were free of use.
 */
export function firstUse(measure: FirstUse, days: ParticipantDays): FirstEvent {
  const { lastDay, evidence, lookBacks, mature, excluded, death } = days;
  let lastCovering = 0;
  let lastConfirming = 0;
  for (let day = 1; day <= lastDay; day += 1) {
    if (mature[day] !== 1 || excluded[day] === 1) continue;
    const isShown = lookBacks !== undefined && lookBacks.shownSince[day] !== 0;
    if (isUse(evidence, day) || isShown) return { measure: measure.id, day, outcome: 'event' };
    if (lookBacks !== undefined && lookBacks.touched[day] === 1) continue;
    if (evidence.covering[day] !== nothing) lastCovering = day;
    if (evidence.confirming !== undefined && evidence.confirming[day] !== nothing) lastConfirming = day;
  }
  if (measure.death === 'exclude' && death !== undefined && death >= 1 && death <= lastDay && mature[death] === 1) {
    return { measure: measure.id, day: death, outcome: 'competing' };
  }
  // Confirmed by urine, a day counts as free of use only as far as both sources reach.
  const lastFree = evidence.confirming === undefined ? lastCovering : Math.min(lastCovering, lastConfirming);
  return { measure: measure.id, day: lastFree, outcome: 'censored' };
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
        spells: [...maturitySpells(measure, days.lastDay, days.mature), ...firstEventSpells(measure, event, days)],
        firstEvents: [event],
        values: [],
      };
    };
  },
};
