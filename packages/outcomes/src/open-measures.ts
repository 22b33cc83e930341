import { carriedDays, type Measure, type ObservationType, type Protocol } from '@holdfast/events';

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
  const carries = measure.kind === 'rolling-abstinence' && measure.policies.some((policy) => carriedDays(policy));
  return [
    ...sources[measure.evidence],
    ...(measure.biomarkers === undefined ? [] : (['biomarker'] as const)),
    ...(measure.controlledDays === 'exclude' ? (['controlled-environment'] as const) : []),
    // Death excludes days; nothing is carried forward beyond leaving.
    ...(measure.death === 'exclude' || carries ? (['participant-left'] as const) : []),
  ];
}

/** Whether blinded people may see a measure (pooled): no event type behind it is closed in a double-blind trial. */
export function isOpenMeasure(measure: Measure, protocol: Protocol): boolean {
  if (protocol.blinding === 'open') return true;
  const closed = new Set<string>(protocol.closed);
  return !typesBehind(measure, protocol).some((type) => closed.has(type));
}
