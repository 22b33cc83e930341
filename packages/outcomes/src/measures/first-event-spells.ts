import type { FirstEventMeasure } from '@holdfast/events';
import type { FirstEvent, Spell, StudyDay } from '../facts.ts';
import { spellBuilder } from '../spells.ts';
import type { ParticipantDays } from './participant-days.ts';

/**
 * First events and person-days (days at risk: the day after the origin to the day of the event, without excluded days) within the trailing window of
 * each study day d = window … lastDay. As in every rate, a participant enters it at d only if d is mature for them.
 */
export function firstEventSpells(
  measure: FirstEventMeasure,
  event: FirstEvent,
  { lastDay, mature, excluded }: Pick<ParticipantDays, 'lastDay' | 'mature' | 'excluded'>,
): Spell[] {
  return measure.windows.flatMap((window) => {
    const events = spellBuilder({ measure: measure.id, kind: 'events', window });
    const personDays = spellBuilder({ measure: measure.id, kind: 'person-days', window });
    const atRisk = (day: StudyDay) => (day > (event.origin ?? 0) && day <= event.day && excluded[day] !== 1 ? 1 : 0);
    let inWindow = 0;
    for (let day = 1; day <= lastDay; day += 1) {
      inWindow += atRisk(day) - atRisk(day - window);
      if (day < window || mature[day] !== 1) continue;
      if (inWindow > 0) personDays.add(day, inWindow);
      if (event.outcome === 'event' && event.day <= day && event.day > day - window) events.add(day);
    }
    return [...events.spells(), ...personDays.spells()];
  });
}
