import type { EvidenceRule, ObservationType, Protocol, UseMeasure } from '@holdfast/events';

/** The event types that days of use are judged by. */
export function typesOfUse(measure: UseMeasure, protocol: Protocol): readonly ObservationType[] {
  const urine: ObservationType[] =
    protocol.evidence.attendedVisit === 'nothing' ? ['urine-screen'] : ['urine-screen', 'visit-attended'];
  const sources: Record<EvidenceRule, readonly ObservationType[]> = {
    'urine-only': urine,
    'self-report-only': ['use-calendar'],
    'any-positive': [...urine, 'use-calendar'],
    'confirmed-by-urine': [...urine, 'use-calendar'],
    'confirmed-by-relative': ['use-calendar'],
    'confirmed-by-urine-or-relative': [...urine, 'use-calendar'],
  };
  return [
    ...sources[measure.evidence],
    ...(measure.biomarkers === undefined ? [] : (['biomarker'] as const)),
    ...(measure.controlledDays === 'exclude' ? (['controlled-environment'] as const) : []),
    ...(measure.death === 'exclude' ? (['participant-left'] as const) : []),
  ];
}
