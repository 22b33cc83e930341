import type { FirstEventMeasure } from '@holdfast/events';
import type { FirstEvent, Spell } from '../facts.ts';
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
  const { origin = 0, day: end, outcome } = event;
  // Days at risk up to each study day.
  const atRisk = new Uint16Array(Math.max(1, lastDay + 1));
  for (let day = 1; day <= lastDay; day += 1)
    atRisk[day] = (atRisk[day - 1] ?? 0) + (day > origin && day <= end && excluded[day] !== 1 ? 1 : 0);
  const { id } = measure;
  const spells: Spell[] = [];
  for (const window of measure.windows) {
    const events = spellBuilder({ measure: id, kind: 'events', window });
    const personDays = spellBuilder({ measure: id, kind: 'person-days', window });
    for (let day = window; day <= lastDay; day += 1) {
      if (mature[day] !== 1) continue;
      const inWindow = (atRisk[day] ?? 0) - (atRisk[day - window] ?? 0);
      if (inWindow > 0) personDays.add(day, inWindow);
      if (outcome === 'event' && end <= day && end > day - window) events.add(day);
    }
    spells.push(...events.spells(), ...personDays.spells());
  }
  return spells;
}
