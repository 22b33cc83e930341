import type { Lapse } from '@holdfast/events';
import type { FirstEvent, StudyDay } from '../facts.ts';
import { courseOn, isConfirmed, matureBeginning } from './course-of-use.ts';
import { firstEventSpells } from './first-event-spells.ts';
import { firstUseAfter } from './first-use.ts';
import type { MeasureFold } from './measure-fold.ts';
import { maturitySpells, type ParticipantDays } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/**
 * The day after which use is a lapse: the last day of the first run of so many days judged abstinent (excluded days neither break
 * nor lengthen a run, missing ones break it; *confirmed*, some day of the run needs its test), or the quit day. Undefined: there
 * is no such run yet, or the quit day is not mature yet, or lies after death or the last day that can count.
 */
function originOf({ after, death: strategy }: Lapse, days: ParticipantDays): StudyDay | undefined {
  const { lastDay, mature, death } = days;
  if ('quitDay' in after) {
    const died = strategy === 'exclude' && death !== undefined && death <= after.quitDay;
    // Until the quit day is mature nobody knows who will be there to be at risk.
    const isToCome = after.quitDay > 0 && mature[after.quitDay] !== 1;
    return died || isToCome || after.quitDay > lastDay ? undefined : after.quitDay;
  }
  let run = 0;
  let sinceConfirmed = Number.POSITIVE_INFINITY;
  for (let day = 1; day <= lastDay && mature[day] === 1; day += 1) {
    const course = courseOn(days, day);
    if (course === 'excluded') continue;
    run = course === 'free' ? run + 1 : 0;
    sinceConfirmed = course === 'free' && isConfirmed(days, day) ? 0 : sinceConfirmed + 1;
    if (run >= after.abstinentDays && sinceConfirmed < after.abstinentDays) return day;
  }
  return undefined;
}

/**
 * First use after a declared run of abstinent days (the lapse of Marlatt & Gordon 1985; a year of abstinence in Krupitsky &
 * Grinenko 1997), or after a quit day. Time counts in days from the last day of the run, or from the quit day; at risk from the
 * next day. Undefined of whoever never was abstinent for so long: they have nothing to lapse from, and count nowhere.
 */
export function lapse(measure: Lapse, judged: ParticipantDays): FirstEvent | undefined {
  const days = matureBeginning(judged);
  const origin = originOf(measure, days);
  return origin === undefined ? undefined : { ...firstUseAfter(measure, days, origin), origin };
}

/** Lapse: who has it when after their origin, and lapses and person-days for rolling rates. */
export const lapseFold: MeasureFold<Lapse> = {
  types: typesOfUse,
  judge: (measure, told) => {
    const judged = told.days(measure);
    return ({ mature: matureFor }) => {
      const days = { ...judged, mature: matureFor(measure, judged.lastDay) };
      const maturity = maturitySpells(measure, days.lastDay, days.mature);
      const event = lapse(measure, days);
      if (event === undefined) return { counted: [], spells: maturity, firstEvents: [], values: [] };
      return {
        counted: [],
        spells: [...maturity, ...firstEventSpells(measure, event, days)],
        firstEvents: [event],
        values: [],
      };
    };
  },
};
