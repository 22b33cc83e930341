import type { Measure, ObservationType, Protocol } from '@holdfast/events';

/** The event types that a measure's facts are made of. */
function typesBehind(measure: Measure, protocol: Protocol): readonly ObservationType[] {
  const urine: ObservationType[] =
    protocol.evidence.attendedVisit === 'nothing' ? ['urine-screen'] : ['urine-screen', 'visit-attended'];
  const sources: Record<Measure['evidence'], readonly ObservationType[]> = {
    'urine-only': urine,
    'self-report-only': ['use-calendar'],
    'any-positive': [...urine, 'use-calendar'],
    'confirmed-by-urine': [...urine, 'use-calendar'],
  };
  return [
    ...sources[measure.evidence],
    ...(measure.controlledDays === 'exclude' ? (['controlled-environment'] as const) : []),
    ...(measure.death === 'exclude' ? (['participant-left'] as const) : []),
  ];
}

/** Whether blinded people may see a measure (pooled): no event type behind it is closed in a double-blind trial. */
export function isOpenMeasure(measure: Measure, protocol: Protocol): boolean {
  if (protocol.blinding === 'open') return true;
  const closed = new Set<string>(protocol.closed);
  return !typesBehind(measure, protocol).some((type) => closed.has(type));
}
