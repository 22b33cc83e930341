import { type CivilDay, civilDay, type EventData } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import type { Statement } from './statement.ts';

/**
 * What calendars say of the given substances on study days 1 … lastDay. A calendar that asked every day speaks for all
 * substances; else only its listed days of use are evidence. Within an informant the shorter recall counts, and use wins a tie.
 */
export function reportStatements(
  observations: readonly Effective[],
  dayZero: number,
  substances: readonly string[],
  lastDay: number,
): Statement[] {
  const decisive = new Map<string, Statement>();
  const offer = (statement: Statement) => {
    const key = `${statement.source} ${statement.day} ${statement.substance}`;
    const held = decisive.get(key);
    if (held === undefined || outranks(statement, held)) decisive.set(key, statement);
  };
  for (const observation of observations) {
    if (observation.type !== 'use-calendar') continue;
    const { complete, informant } = observation.data;
    const { type, source, id } = observation;
    eachReportedDay(observation.data, dayZero, 1, lastDay, (day, recall, uses) => {
      for (const substance of substances) {
        const use = uses !== undefined && Object.hasOwn(uses, substance);
        if (use || complete)
          offer({ day, substance, use, source: informant, known: 'reported', event: { type, source, id }, recall });
      }
    });
  }
  return [...decisive.values()];
}

type Uses = EventData<'use-calendar'>['days'][string];

/**
 * Calls `take` for each day from `first` to `last` that a calendar speaks of, with the days between it and the interview and with what
 * was used on it. A calendar that asked every day speaks of all its days, another only of those that it lists.
 */
export function eachReportedDay(
  { from, to, complete, days, interview }: EventData<'use-calendar'>,
  dayZero: CivilDay,
  first: StudyDay,
  last: StudyDay,
  take: (day: StudyDay, recall: number, uses: Uses | undefined) => void,
): void {
  const interviewed = civilDay(interview) - dayZero;
  if (!complete) {
    for (const [date, uses] of Object.entries(days)) {
      const day = civilDay(date) - dayZero;
      if (day >= first && day <= last) take(day, interviewed - day, uses);
    }
    return;
  }
  // Few days are of use: their dates are looked up, not the dates of all days.
  const usesOn = new Map(Object.entries(days).map(([date, uses]) => [civilDay(date) - dayZero, uses]));
  const end = Math.min(last, civilDay(to) - dayZero);
  for (let day = Math.max(first, civilDay(from) - dayZero); day <= end; day += 1)
    take(day, interviewed - day, usesOn.get(day));
}

function outranks(a: Statement, b: Statement): boolean {
  const [recallA = 0, recallB = 0] = [a.recall, b.recall];
  if (recallA !== recallB) return recallA < recallB;
  if (a.use !== b.use) return a.use;
  // Equal in what they say: any rule will do, as long as it does not depend on the order of arrival.
  return a.event.id !== b.event.id ? a.event.id < b.event.id : a.event.source < b.event.source;
}
