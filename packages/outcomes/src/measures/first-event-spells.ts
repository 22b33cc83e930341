import type { FirstEventMeasure } from '@holdfast/events';
import type { FirstEvent } from '../facts.ts';
import { passingCounts } from '../passing-days.ts';
import { runBuilder, type SpellRuns } from '../spells.ts';
import type { ParticipantDays } from './participant-days.ts';

/**
 * First events and person-days (days at risk: the day after the origin to the day of the event, without excluded days) within the trailing window of
 * each study day d = window … lastDay. As in every rate, a participant enters it at d only if d is mature for them.
 */
export function firstEventSpells(
  measure: FirstEventMeasure,
  event: FirstEvent,
  { lastDay, mature, excluded }: Pick<ParticipantDays, 'lastDay' | 'mature' | 'excluded'>,
): SpellRuns[] {
  const { origin = 0, day: end, outcome } = event;
  // Days at risk up to each study day.
  const atRisk = passingCounts(Math.max(1, lastDay + 1));
  for (let day = 1; day <= lastDay; day += 1)
    atRisk[day] = (atRisk[day - 1] ?? 0) + (day > origin && day <= end && excluded[day] !== 1 ? 1 : 0);
  const { id } = measure;
  const lastMature = mature.lastIndexOf(1);
  const spells: SpellRuns[] = [];
  for (const window of measure.windows) {
    const events = runBuilder({ measure: id, kind: 'events', window });
    const personDays = runBuilder({ measure: id, kind: 'person-days', window });
    for (let day = window; day <= lastMature; day += 1) {
      if (mature[day] !== 1) continue;
      const inWindow = (atRisk[day] ?? 0) - (atRisk[day - window] ?? 0);
      if (inWindow > 0) personDays.add(day, inWindow);
      if (outcome === 'event' && end <= day && end > day - window) events.addRun(day, day);
    }
    spells.push(events.done(), personDays.done());
  }
  return spells;
}
