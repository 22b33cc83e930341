import {
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
 * For study days 0 … lastDay, how many days after randomisation the day becomes mature: when the clock has passed it, and whatever
 * should cover it has closed and its entry lag is over. Before that nobody counts for it, else the punctual would be counted first.
 * Urine: every visit targeted up to that day; calendars: the first calendar visit targeted later, or if there is none, all;
 * what looks at other events than of use: every visit targeted up to that day, and the entry lag of the day itself;
 * of each biomarker: every visit up to that day and, since it may look back, the first targeted on that day or later.
 */
function maturesAfter(protocol: Protocol, measure: Measure, lastDay: StudyDay): Int32Array {
  const { visits, entryLag } = protocol;
  const after = new Int32Array(Math.max(0, lastDay + 1));
  const closed = (due: readonly Visit[]) => Math.max(0, ...due.map(({ day, closes }) => day + closes + entryLag));
  if (!isUseMeasure(measure)) {
    for (let day = 0; day <= lastDay; day += 1)
      after[day] = 1 + Math.max(day + entryLag, closed(visits.filter((visit) => visit.day <= day)));
    return after;
  }
  const { urine, calendar, biomarkers } = collectingVisits(protocol, measure);
  for (let day = 0; day <= lastDay; day += 1) {
    const due = [...urine.filter((visit) => visit.day <= day), ...nextOrAll(calendar, day + 1)];
    for (const ofOne of biomarkers) due.push(...ofOne.filter((visit) => visit.day <= day), ...nextOrAll(ofOne, day));
    after[day] = 1 + Math.max(day, closed(due));
  }
  return after;
}

/** Which of study days 0 … lastDay are mature (1), and how many days after randomisation more of them will be; infinity if none. */
export type Maturity = { readonly days: Uint8Array; readonly nextAfter: number };

/** The maturity of days so many days after randomisation. */
export function maturityAfter(protocol: Protocol, measure: Measure, lastDay: StudyDay, today: number): Maturity {
  const days = new Uint8Array(Math.max(0, lastDay + 1));
  let nextAfter = Number.POSITIVE_INFINITY;
  for (const [day, after] of maturesAfter(protocol, measure, lastDay).entries()) {
    if (after <= today) days[day] = 1;
    else nextAfter = Math.min(nextAfter, after);
  }
  return { days, nextAfter };
}

/** The first visits targeted on a day or later, or if there are none, all. */
function nextOrAll(visits: readonly Visit[], from: StudyDay): readonly Visit[] {
  const later = visits.filter((visit) => visit.day >= from);
  if (later.length === 0) return visits;
  const next = Math.min(...later.map((visit) => visit.day));
  return later.filter((visit) => visit.day === next);
}
