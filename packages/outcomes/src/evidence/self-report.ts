import { civilDay } from '@holdfast/events';
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
    const { from, to, complete, days, informant, interview } = observation.data;
    const { type, source, id } = observation;
    const said = (day: number, substance: string, use: boolean): Statement => ({
      day,
      substance,
      use,
      source: informant,
      known: 'reported',
      event: { type, source, id },
      recall: civilDay(interview) - dayZero - day,
    });
    if (complete) {
      const first = Math.max(1, civilDay(from) - dayZero);
      const last = Math.min(lastDay, civilDay(to) - dayZero);
      // Few days are of use: their dates are looked up, not the dates of all days.
      const usesOn = new Map(Object.entries(days).map(([date, uses]) => [civilDay(date) - dayZero, uses]));
      for (let day = first; day <= last; day += 1) {
        const uses = usesOn.get(day);
        for (const substance of substances)
          offer(said(day, substance, uses !== undefined && Object.hasOwn(uses, substance)));
      }
    } else {
      for (const [date, uses] of Object.entries(days)) {
        const day = civilDay(date) - dayZero;
        if (day < 1 || day > lastDay) continue;
        for (const substance of substances) if (Object.hasOwn(uses, substance)) offer(said(day, substance, true));
      }
    }
  }
  return [...decisive.values()];
}

function outranks(a: Statement, b: Statement): boolean {
  const [recallA = 0, recallB = 0] = [a.recall, b.recall];
  if (recallA !== recallB) return recallA < recallB;
  if (a.use !== b.use) return a.use;
  // Equal in what they say: any rule will do, as long as it does not depend on the order of arrival.
  return a.event.id !== b.event.id ? a.event.id < b.event.id : a.event.source < b.event.source;
}
