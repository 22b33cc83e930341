import { type EvidenceRule, isUseMeasure, type Measure, type UseMeasure } from '@holdfast/events';

const evidenceInWords: Record<EvidenceRule, string> = {
  'urine-only': 'urine alone counts',
  'self-report-only': 'the participant’s own calendars alone count',
  'any-positive': 'urine and all calendars count, and any use among them is use',
  'confirmed-by-urine': 'the participant’s calendars count, confirmed by urine in the window',
  'confirmed-by-relative': 'the participant’s calendars count, confirmed by a relative in the window',
  'confirmed-by-urine-or-relative': 'the participant’s calendars count, confirmed by urine or a relative in the window',
};

function biomarkersInWords({ biomarkers }: UseMeasure): string {
  if (biomarkers === undefined) return '';
  const covered = biomarkers.covers === 'look-back' ? 'its day and the days it looks back on' : 'the day of its sample';
  return ` (beside urine: ${biomarkers.kinds.join(', ')}; each is evidence on ${covered})`;
}

/** A measure in a sentence, so that a trial manager can say whether it is what was meant. */
export function measureInWords(measure: Measure): string {
  if (!isUseMeasure(measure)) return `kind ${measure.kind}`;
  const what = measure.substances.join(' or ');
  const evidence = `${evidenceInWords[measure.evidence]}${biomarkersInWords(measure)}`;
  const strategies = `controlled days: ${measure.controlledDays}; death: ${measure.death}`;
  switch (measure.kind) {
    case 'first-use':
      return `first use of ${what} after day 0, up to day ${measure.horizon}; ${evidence}; rates over ${measure.windows.join(' and ')} days; ${strategies}`;
    case 'rolling-abstinence': {
      const coverage =
        measure.coverage === 'all-days'
          ? 'every day has evidence'
          : `at least ${measure.coverage.atLeast} day(s) have evidence`;
      return `share without ${what} in the last ${measure.windows.join(' and ')} days, days 1 to ${measure.horizon}; ${evidence}; a window is covered if ${coverage}; missing: ${measure.policies.join(', ')}; ${strategies}`;
    }
    default:
      return `kind ${measure.kind}, of ${what}, to day ${measure.horizon}; ${evidence}; ${strategies}`;
  }
}
