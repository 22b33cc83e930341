import {
  type EvidenceRule,
  isUseMeasure,
  type Measure,
  type Relapse,
  type RelapsePattern,
  type UseMeasure,
} from '@holdfast/events';

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

function patternInWords(pattern: RelapsePattern): string {
  switch (pattern.is) {
    case 'weeks-in-a-row':
      return `${pattern.weeks} week(s) in a row with any use (a week without evidence counts as ${pattern.missing})`;
    case 'days-in-a-row':
      return `${pattern.days} day(s) of use in a row (a day without evidence counts as ${pattern.missing})`;
    case 'heavy-days':
      return `${pattern.days} heavy day(s) within ${pattern.within} day(s)`;
    case 'first-use':
      return 'any use';
    case 'leaving':
      return 'leaving the trial (lost or stopped)';
    case 'baseline-pattern':
      return `as many days of use in ${pattern.within} days as in the ${pattern.within} before randomisation`;
  }
}

function heavyInWords({ patterns, heavy }: Relapse): string {
  if (heavy === undefined || !patterns.some(({ is }) => is === 'heavy-days')) return '';
  if (!('by' in heavy)) return ` (heavy: at least ${heavy.atLeastGrams} g)`;
  const limits = Object.entries(heavy.atLeastGrams).map(([value, grams]) => `${value} ${grams} g`);
  return ` (heavy, by ${heavy.by}: at least ${limits.join(', ')})`;
}

/** A measure in a sentence, so that a trial manager can say whether it is what was meant. */
export function measureInWords(measure: Measure): string {
  if (measure.kind === 'retention')
    return `time to leaving early (lost or stopped), up to day ${measure.horizon}; death competes; rates over ${measure.windows.join(' and ')} days`;
  if (!isUseMeasure(measure)) return `kind ${measure.kind}`;
  const what = measure.substances.join(' or ');
  const evidence = `${evidenceInWords[measure.evidence]}${biomarkersInWords(measure)}`;
  const strategies = `controlled days: ${measure.controlledDays}; death: ${measure.death}`;
  switch (measure.kind) {
    case 'first-use':
      return `first use of ${what} after day 0, up to day ${measure.horizon}; ${evidence}; rates over ${measure.windows.join(' and ')} days; ${strategies}`;
    case 'lapse': {
      const after =
        'quitDay' in measure.after
          ? `study day ${measure.after.quitDay}, the quit day`
          : `${measure.after.abstinentDays} abstinent day(s) in a row`;
      return `first use of ${what} after ${after}, up to day ${measure.horizon}; ${evidence}; rates over ${measure.windows.join(' and ')} days; ${strategies}`;
    }
    case 'relapse': {
      const patterns = measure.patterns.map(patternInWords).join(', or ');
      return `onset of relapse to ${what}, days ${measure.from} to ${measure.horizon}: ${patterns}${heavyInWords(measure)}; ${evidence}; rates over ${measure.windows.join(' and ')} days; ${strategies}`;
    }
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
