import type { Retention } from '@holdfast/events';
import type { FirstEvent, StudyDay } from '../facts.ts';
import { passingDays } from '../passing-days.ts';
import { lastOfMatureBeginning } from './course-of-use.ts';
import { firstEventSpells } from './first-event-spells.ts';
import { isEarly, leavingOf } from './leaving.ts';
import type { MeasureFold } from './measure-fold.ts';
import { lastDayOf, maturitySpells } from './participant-days.ts';

type Leaving = ReturnType<typeof leavingOf>;

/**
 * Leaving the trial early: lost, or stopped. Death competes. Who completed is censored on that day, and everybody else on the
 * last day to which all is known: the last mature one, at the latest the horizon. The earliest leaving counts (of several on one
 * day death, then early leaving); one on day 0 or before counts on day 1, the first day at risk.
 */
export function retention(measure: Retention, left: Leaving, to: StudyDay, lastDay: StudyDay): FirstEvent {
  const day = left === undefined ? undefined : Math.max(1, left.day);
  if (left === undefined || day === undefined || day > to)
    return { measure: measure.id, day: to, outcome: 'censored', why: to === lastDay ? 'horizon' : 'still-in-trial' };
  if (left.how === 'died') return { measure: measure.id, day, outcome: 'competing', why: 'death' };
  if (isEarly(left.how)) return { measure: measure.id, day, outcome: 'event', lastFree: day - 1, why: left.how };
  return { measure: measure.id, day, outcome: 'censored', why: 'completed' };
}

/** Retention: who left early when, and leavings and person-days for rolling rates. */
export const retentionFold: MeasureFold<Retention> = {
  types: () => ['participant-left'],
  judge: (measure, { protocol, observations, dayZero }) => {
    const lastDay = lastDayOf(measure.horizon, protocol, dayZero);
    const left = leavingOf(observations, dayZero);
    const excluded = passingDays(Math.max(0, lastDay + 1));
    return ({ mature: matureFor }) => {
      const mature = matureFor(measure, lastDay);
      const event = retention(measure, left, lastOfMatureBeginning({ mature, lastDay }), lastDay);
      return {
        counted: [],
        spells: [
          ...maturitySpells(measure, lastDay, mature),
          ...firstEventSpells(measure, event, { lastDay, mature, excluded }),
        ],
        firstEvents: [event],
        values: [],
      };
    };
  },
};
