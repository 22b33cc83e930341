import type { CivilDay, EvidenceRule, Protocol, Visit } from '@holdfast/events';
import type { StudyDay } from './facts.ts';

const looksAt: Record<EvidenceRule, readonly ('urine' | 'calendar')[]> = {
  'urine-only': ['urine'],
  'self-report-only': ['calendar'],
  'any-positive': ['urine', 'calendar'],
  'confirmed-by-urine': ['urine', 'calendar'],
};

/**
 * For study days 0 … lastDay, whether the day is mature (1): the clock has passed it, and whatever should cover it has closed
 * and its entry lag is over. Before that nobody counts for it, else the punctual would be counted first.
 * Urine: every visit targeted up to that day; calendars: the first calendar visit targeted later, or if there is none, all.
 */
export function matureDays(
  protocol: Protocol,
  rule: EvidenceRule,
  dayZero: CivilDay,
  lastDay: StudyDay,
  clock: CivilDay | undefined,
): Uint8Array {
  const mature = new Uint8Array(Math.max(0, lastDay + 1));
  if (clock === undefined) return mature;
  const today = clock - dayZero;
  const collecting = (what: 'urine' | 'calendar') => protocol.visits.filter((visit) => visit.collects.includes(what));
  const urine = looksAt[rule].includes('urine') ? collecting('urine') : [];
  const calendar = looksAt[rule].includes('calendar') ? collecting('calendar') : [];
  const isOver = (visit: Visit) => today > visit.day + visit.closes + protocol.entryLag;
  for (let day = 0; day <= lastDay && day < today; day += 1) {
    const due = [...urine.filter((visit) => visit.day <= day), ...covering(calendar, day)];
    mature[day] = due.every(isOver) ? 1 : 0;
  }
  return mature;
}

function covering(calendarVisits: readonly Visit[], day: StudyDay): readonly Visit[] {
  const later = calendarVisits.filter((visit) => visit.day > day);
  if (later.length === 0) return calendarVisits;
  const next = Math.min(...later.map((visit) => visit.day));
  return later.filter((visit) => visit.day === next);
}
