import {
  carriedDays,
  type EvidenceRule,
  type HeavyDay,
  isUseMeasure,
  type Landmark,
  type Measure,
  type MissingPolicy,
  type RelapsePattern,
  type Stretch,
  type UseMeasure,
} from '@holdfast/events';
import { counted, listed } from './words.ts';

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

/** What every measure says that looks at days of use. */
function lookInWords(measure: UseMeasure): string {
  const { horizon, controlledDays, death } = measure;
  return `to day ${horizon}; ${evidenceInWords[measure.evidence]}${biomarkersInWords(measure)}; controlled days: ${controlledDays}; death: ${death}`;
}

function policyInWords(policy: MissingPolicy): string {
  const days = carriedDays(policy);
  return days === undefined ? policy : `${policy} (the last judgement up to ${counted(days, 'day')} on)`;
}

const policiesInWords = (policies: readonly MissingPolicy[]) => `missing: ${policies.map(policyInWords).join(', ')}`;

function heavyInWords(heavy: HeavyDay): string {
  if (!('by' in heavy)) return `heavy is a day from ${heavy.atLeastGrams} g on`;
  const each = Object.entries(heavy.atLeastGrams).map(([value, grams]) => `${grams} g (${value})`);
  return `heavy is a day, by ${heavy.by}, from ${each.join(', ')} on`;
}

const stretchesInWords = (over: readonly Stretch[]) =>
  `over days ${over.map(({ from, to }) => `${from} to ${to}`).join(', and over days ')}`;

function landmarkInWords(landmark: Landmark): string {
  if ('visit' in landmark) return `visit ${landmark.visit}`;
  if ('day' in landmark) return `day ${landmark.day} (${counted(landmark.within, 'day')} off at most)`;
  const session = landmark.session === undefined ? 'the first dosing session' : `dosing session ${landmark.session}`;
  return `${landmark.hoursAfterDose} hours after ${session} (${counted(landmark.within, 'hour')} off at most)`;
}

const landmarksInWords = (at: readonly Landmark[]) => `at ${at.map(landmarkInWords).join(', ')}`;

const windowsInWords = (windows: readonly number[]) => `rates over ${listed(windows.map(String))} days`;

function patternInWords(pattern: RelapsePattern): string {
  const missing = (word: string, as: 'use' | 'free') =>
    `(a ${word} without evidence is ${as === 'use' ? 'one of use' : 'free of it'})`;
  switch (pattern.is) {
    case 'weeks-in-a-row':
      return `use in ${counted(pattern.weeks, 'week')} in a row ${missing('week', pattern.missing)}`;
    case 'days-in-a-row':
      return `use on ${counted(pattern.days, 'day')} in a row ${missing('day', pattern.missing)}`;
    case 'heavy-days':
      return `${counted(pattern.days, 'heavy day')} within ${counted(pattern.within, 'day')}`;
    case 'first-use':
      return 'a first use';
    case 'leaving':
      return 'leaving the trial (lost or stopped)';
    case 'baseline-pattern':
      return `as many days of use in ${counted(pattern.within, 'day')} as in the ${pattern.within} before randomisation`;
  }
}

const countedDays = { abstinent: 'abstinent', use: 'of use', heavy: 'of heavy use' } as const;
const eventsCounted = {
  all: 'adverse events',
  serious: 'serious adverse events',
  related: 'related adverse events',
  'treatment-emergent': 'treatment-emergent adverse events (from the day of the first dose on)',
} as const;

function kindInWords(measure: Measure): string {
  const what = isUseMeasure(measure) ? measure.substances.join(' or ') : '';
  switch (measure.kind) {
    case 'rolling-abstinence': {
      const { windows, coverage, decisivePositive, policies } = measure;
      const covered =
        coverage === 'all-days' ? 'every day has evidence' : `at least ${coverage.atLeast} day(s) have evidence`;
      const alone = decisivePositive ? ', or if a day of it is one of use' : '';
      return `share without ${what} in the last ${listed(windows.map(String))} days, ${lookInWords(measure)}; a window is covered if ${covered}${alone}; ${policiesInWords(policies)}`;
    }
    case 'continuous-abstinence': {
      const { from, coverage, decisivePositive, policies } = measure;
      const covered =
        coverage === 'all-days'
          ? 'every day has evidence'
          : `no more than ${counted(coverage.gapAtMost, 'day')} in a row have none`;
      const alone = decisivePositive ? ', or if a day of it is one of use' : '';
      const grace = from > 1 ? ` (the days before are grace)` : '';
      return `share without any ${what} from day ${from} on${grace}, ${lookInWords(measure)}; all days so far are covered if ${covered}${alone}; ${policiesInWords(policies)}`;
    }
    case 'first-use':
      return `first use of ${what} after day 0, ${lookInWords(measure)}; ${windowsInWords(measure.windows)}`;
    case 'lapse': {
      const after =
        'quitDay' in measure.after
          ? `the quit day ${measure.after.quitDay}`
          : `${counted(measure.after.abstinentDays, 'abstinent day')} in a row`;
      return `first use of ${what} after ${after}, ${lookInWords(measure)}; ${windowsInWords(measure.windows)}`;
    }
    case 'relapse': {
      const { from, patterns, heavy, windows } = measure;
      const limit = heavy === undefined ? '' : `; ${heavyInWords(heavy)}`;
      return `onset of relapse to ${what}, from day ${from} on: ${patterns.map(patternInWords).join(', or ')}; the earliest onset counts${limit}; ${lookInWords(measure)}; ${windowsInWords(windows)}`;
    }
    case 'retention':
      return `time to leaving the trial early (lost or stopped), to day ${measure.horizon}; death competes; ${windowsInWords(measure.windows)}`;
    case 'days-of-use': {
      const { counts, over, heavy, policies } = measure;
      const limit = heavy === undefined ? '' : `; ${heavyInWords(heavy)}`;
      return `share of each participant’s days ${countedDays[counts]}, of ${what}, ${stretchesInWords(over)}${limit}; ${lookInWords(measure)}; ${policiesInWords(policies)}`;
    }
    case 'amount': {
      const days = measure.per === 'day' ? 'day asked about' : 'day of use';
      return `mean amount of ${what} in ${measure.unit} per ${days}, ${stretchesInWords(measure.over)}; ${lookInWords(measure)}`;
    }
    case 'no-heavy-days':
      return `whether a participant had no heavy day of ${what}, ${stretchesInWords(measure.over)}; ${heavyInWords(measure.heavy)}; ${lookInWords(measure)}; ${policiesInWords(measure.policies)}`;
    case 'risk-level': {
      const { over, sex, baselineDays } = measure;
      return `WHO risk level of ${what} by mean grams a day, ${stretchesInWords(over)}, and how far it fell from the ${counted(baselineDays, 'day')} before randomisation; limits of women where ${sex.covariate} is ${sex.female}; ${lookInWords(measure)}`;
    }
    case 'scale': {
      const { instrument, subscore, baseline, at } = measure;
      const from = baseline === undefined ? 'the last score up to day 0' : landmarkInWords(baseline);
      return `${subscore ?? 'total'} of ${instrument} ${landmarksInWords(at)}; change, response and remission from ${from}`;
    }
    case 'choices':
      return `share of choices in which ${measure.substance} was taken and not the alternative, ${landmarksInWords(measure.at)}`;
    case 'visits':
      return `scheduled visits due, kept and late, to day ${measure.horizon}`;
    case 'exposure':
      return `doses of ${measure.drug ?? 'any drug'} (sessions, mg, mg/kg, stopped early) and therapy sessions, to day ${measure.horizon}`;
    case 'adverse-events':
      return `participants with ${eventsCounted[measure.only]}, by term, class and worst grade, to day ${measure.horizon}`;
    case 'suicidality':
      return `worst suicidal ideation and any behaviour by C-SSRS after randomisation, to day ${measure.horizon}; ideation has risen if it is ${counted(measure.rise, 'type')} or more above its baseline`;
    case 'vital-peaks':
      return `highest blood pressure and heart rate after a dose, to day ${measure.horizon}; severe from ${measure.severe.systolic} mmHg systolic or ${measure.severe.diastolic} diastolic on`;
  }
}

/** A measure in a sentence, so that a trial manager can say whether it is what was meant. */
export function measureInWords(measure: Measure): string {
  const { title, population } = measure;
  const who = population === undefined ? '' : `; of the population ${population}`;
  return `${kindInWords(measure)}${who}${title === undefined ? '' : ` (“${title}”)`}`;
}
