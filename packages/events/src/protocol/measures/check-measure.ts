import { type Report, reportRepeats } from '../report.ts';
import { isFirstEventMeasure, isUseMeasure, type Measure, type UseMeasure } from './measure.ts';
import { landmarkName } from './scores.ts';
import type { HeavyDay } from './use-evidence.ts';

/** What of a protocol measures are checked against. */
export type KnownOfMeasures = {
  readonly substances: readonly {
    readonly id: string;
    readonly unit?: string | undefined;
    readonly gramsPerUnit?: number | undefined;
  }[];
  readonly visits: readonly { readonly id: string }[];
  readonly instruments: ReadonlySet<string>;
  /** Whether an instrument has a total, and not items alone. */
  hasTotal(instrument: string): boolean;
  /** The baseline covariates; undefined: any may be sent. */
  readonly baseline: ReadonlySet<string> | undefined;
  readonly populations: readonly { readonly id: string }[];
};

function checkCovariate(name: string, { baseline }: KnownOfMeasures, path: PropertyKey[], report: Report): void {
  if (baseline !== undefined && !baseline.has(name))
    report(path, `"${name}" is no covariate of the trial; declare it under baseline`);
}

function checkGrams(measure: UseMeasure, known: KnownOfMeasures, report: Report): void {
  measure.substances.forEach((id, i) => {
    const substance = known.substances.find((one) => one.id === id);
    if (
      substance !== undefined &&
      substance.unit !== undefined &&
      substance.unit !== 'g' &&
      substance.gramsPerUnit === undefined
    )
      report(
        ['substances', i],
        `has no gramsPerUnit, so nobody can say how many grams its ${substance.unit} are; declare it`,
      );
  });
}

function checkTellsAmounts({ evidence }: UseMeasure, report: Report): void {
  if (evidence === 'urine-only')
    report(
      ['evidence'],
      'urine-only looks at no calendar, and only calendars tell amounts; choose another evidence rule',
    );
}

function checkHeavy(measure: UseMeasure, heavy: HeavyDay, known: KnownOfMeasures, report: Report): void {
  if ('by' in heavy) checkCovariate(heavy.by, known, ['heavy', 'by'], report);
  checkGrams(measure, known, report);
}

function checkUse(measure: UseMeasure, known: KnownOfMeasures, report: Report): void {
  measure.substances.forEach((substance, i) => {
    if (!known.substances.some(({ id }) => id === substance))
      report(['substances', i], `"${substance}" is not among the trial’s substances; declare it under substances`);
  });
  reportRepeats(measure.substances, (i) => ['substances', i], 'substance', report);
  reportRepeats(measure.biomarkers?.kinds ?? [], (i) => ['biomarkers', 'kinds', i], 'biomarker', report);
  if (measure.biomarkers !== undefined && measure.evidence === 'self-report-only')
    report(['biomarkers'], 'self-report-only looks at no biomarker; remove it, or choose another evidence rule');
  if (measure.biomarkers !== undefined && measure.evidence === 'confirmed-by-relative')
    report(
      ['biomarkers'],
      'confirmed-by-relative looks at no biomarker; remove it, or use confirmed-by-urine-or-relative',
    );
}

function checkWindows(windows: readonly number[], horizon: number, report: Report): void {
  reportRepeats(windows.map(String), (i) => ['windows', i], 'window', report);
  windows.forEach((window, i) => {
    if (window > horizon) report(['windows', i], `is longer than the horizon (${horizon}); shorten it`);
  });
}

/** What is wrong with a measure beyond its shape; paths begin at the measure. */
export function checkMeasure(measure: Measure, known: KnownOfMeasures, report: Report): void {
  if (measure.population !== undefined && !known.populations.some(({ id }) => id === measure.population))
    report(['population'], `"${measure.population}" is no population of the trial; declare it under populations`);
  if (isUseMeasure(measure)) checkUse(measure, known, report);
  if (isFirstEventMeasure(measure)) checkWindows(measure.windows, measure.horizon, report);
  if ('over' in measure) {
    measure.over.forEach(({ to }, i) => {
      if (to > measure.horizon)
        report(
          ['over', i, 'to'],
          `lies after the horizon (${measure.horizon}); shorten the stretch, or move the horizon`,
        );
    });
    reportRepeats(
      measure.over.map(({ from, to }) => `${from}-${to}`),
      (i) => ['over', i],
      'stretch',
      report,
    );
  }
  if ('policies' in measure) reportRepeats(measure.policies, (i) => ['policies', i], 'policy', report);
  if ('at' in measure) {
    reportRepeats(measure.at.map(landmarkName), (i) => ['at', i], 'landmark', report);
    const landmarks = measure.at.map((landmark, i) => ({ landmark, path: ['at', i, 'visit'] as PropertyKey[] }));
    if (measure.kind === 'scale' && measure.baseline !== undefined)
      landmarks.push({ landmark: measure.baseline, path: ['baseline', 'visit'] });
    for (const { landmark, path } of landmarks) {
      if ('visit' in landmark && !known.visits.some(({ id }) => id === landmark.visit))
        report(path, `"${landmark.visit}" is no visit of the schedule; declare it under visits`);
    }
  }
  switch (measure.kind) {
    case 'rolling-abstinence':
      checkWindows(measure.windows, measure.horizon, report);
      if (typeof measure.coverage === 'object' && measure.coverage.atLeast > Math.min(...measure.windows))
        report(
          ['coverage', 'atLeast'],
          'asks for more days than the shortest window has; no such window could ever be covered',
        );
      break;
    case 'continuous-abstinence':
      if (measure.from > measure.horizon) report(['from'], `lies after the horizon (${measure.horizon}); correct it`);
      break;
    case 'lapse':
      if ('quitDay' in measure.after && measure.after.quitDay >= measure.horizon)
        report(['after', 'quitDay'], `does not lie before the horizon (${measure.horizon}); correct it`);
      break;
    case 'relapse':
      if (measure.from > measure.horizon) report(['from'], `lies after the horizon (${measure.horizon}); correct it`);
      if (measure.patterns.some(({ is }) => is === 'heavy-days')) {
        if (measure.heavy === undefined)
          report(['heavy'], 'is missing for the pattern heavy-days; say from how many grams a day is heavy');
        checkTellsAmounts(measure, report);
      }
      measure.patterns.forEach((pattern, i) => {
        if (pattern.is === 'heavy-days' && pattern.days > pattern.within)
          report(['patterns', i, 'days'], `is more than the ${pattern.within} days it is counted within; correct it`);
      });
      if (measure.heavy !== undefined) checkHeavy(measure, measure.heavy, known, report);
      break;
    case 'days-of-use':
      if (measure.counts === 'heavy' && measure.heavy === undefined)
        report(['heavy'], 'is missing for days of heavy use; say from how many grams a day is heavy');
      if (measure.heavy !== undefined) checkHeavy(measure, measure.heavy, known, report);
      if (measure.counts === 'heavy') checkTellsAmounts(measure, report);
      break;
    case 'no-heavy-days':
      checkTellsAmounts(measure, report);
      checkHeavy(measure, measure.heavy, known, report);
      break;
    case 'risk-level':
      checkTellsAmounts(measure, report);
      checkCovariate(measure.sex.covariate, known, ['sex', 'covariate'], report);
      checkGrams(measure, known, report);
      break;
    case 'amount':
      checkTellsAmounts(measure, report);
      if (measure.unit === 'g') checkGrams(measure, known, report);
      else {
        measure.substances.forEach((id, i) => {
          const substance = known.substances.find((one) => one.id === id);
          if (substance !== undefined && substance.unit !== measure.unit)
            report(
              ['substances', i],
              `is not counted in ${measure.unit}; give the unit that the protocol declares for it, or g`,
            );
        });
      }
      break;
    case 'scale':
      if (!known.instruments.has(measure.instrument))
        report(['instrument'], `"${measure.instrument}" is no instrument of the trial; declare it under instruments`);
      else if (measure.subscore === undefined && !known.hasTotal(measure.instrument))
        report(
          ['instrument'],
          `"${measure.instrument}" has no total, so nobody would ever have a score; name a subscore, or declare a total under instruments`,
        );
      break;
    case 'choices':
      if (!known.substances.some(({ id }) => id === measure.substance))
        report(
          ['substance'],
          `"${measure.substance}" is not among the trial’s substances; declare it under substances`,
        );
      break;
    default:
  }
}
