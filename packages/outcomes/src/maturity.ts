import {
  type CivilDay,
  type EvidenceRule,
  isUseMeasure,
  type Measure,
  type Protocol,
  type UseMeasure,
  type Visit,
} from '@holdfast/events';
import type { StudyDay } from './facts.ts';

const looksAt: Record<EvidenceRule, readonly ('urine' | 'calendar')[]> = {
  'urine-only': ['urine'],
  'self-report-only': ['calendar'],
  'any-positive': ['urine', 'calendar'],
  'confirmed-by-urine': ['urine', 'calendar'],
  'confirmed-by-relative': ['calendar'],
  'confirmed-by-urine-or-relative': ['urine', 'calendar'],
};

/** The scheduled visits that collect what a measure looks at. */
export type CollectingVisits = {
  readonly urine: readonly Visit[];
  readonly calendar: readonly Visit[];
  /** Those of each biomarker that the measure names. */
  readonly biomarkers: readonly (readonly Visit[])[];
};

/** The scheduled visits that collect what a measure looks at, by what they collect. */
export function collectingVisits(protocol: Protocol, { evidence, biomarkers }: UseMeasure): CollectingVisits {
  const collecting = (what: Visit['collects'][number]) =>
    protocol.visits.filter((visit) => visit.collects.includes(what));
  return {
    urine: looksAt[evidence].includes('urine') ? collecting('urine') : [],
    calendar: looksAt[evidence].includes('calendar') ? collecting('calendar') : [],
    biomarkers: (biomarkers?.kinds ?? []).map(collecting),
  };
}

/**
 * For study days 0 … lastDay, whether the day is mature (1): the clock has passed it, and whatever should cover it has closed
 * and its entry lag is over. Before that nobody counts for it, else the punctual would be counted first.
 * Urine: every visit targeted up to that day; calendars: the first calendar visit targeted later, or if there is none, all;
 * what looks at other events than of use: every visit targeted up to that day, and the entry lag of the day itself;
 * of each biomarker: every visit up to that day and, since it may look back, the first targeted on that day or later.
 */
export function matureDays(
  protocol: Protocol,
  measure: Measure,
  dayZero: CivilDay,
  lastDay: StudyDay,
  clock: CivilDay | undefined,
): Uint8Array {
  const mature = new Uint8Array(Math.max(0, lastDay + 1));
  if (clock === undefined) return mature;
  const today = clock - dayZero;
  const isOver = (visit: Visit) => today > visit.day + visit.closes + protocol.entryLag;
  if (!isUseMeasure(measure)) {
    for (let day = 0; day <= lastDay && day < today - protocol.entryLag; day += 1)
      mature[day] = protocol.visits.filter((visit) => visit.day <= day).every(isOver) ? 1 : 0;
    return mature;
  }
  const { urine, calendar, biomarkers } = collectingVisits(protocol, measure);
  for (let day = 0; day <= lastDay && day < today; day += 1) {
    const due = [...urine.filter((visit) => visit.day <= day), ...nextOrAll(calendar, day + 1)];
    for (const visits of biomarkers) due.push(...visits.filter((visit) => visit.day <= day), ...nextOrAll(visits, day));
    mature[day] = due.every(isOver) ? 1 : 0;
  }
  return mature;
}

/** The first visits targeted on a day or later, or if there are none, all. */
function nextOrAll(visits: readonly Visit[], from: StudyDay): readonly Visit[] {
  const later = visits.filter((visit) => visit.day >= from);
  if (later.length === 0) return visits;
  const next = Math.min(...later.map((visit) => visit.day));
  return later.filter((visit) => visit.day === next);
}
