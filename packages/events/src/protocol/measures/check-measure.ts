import type { Instrument } from '../../instruments.ts';
import { type Report, reportRepeats } from '../report.ts';
import type { Exposure } from './conduct.ts';
import type { Relapse, RelapsePattern } from './first-events.ts';
import { isFirstEventMeasure, isUseMeasure, type Measure, type UseMeasure } from './measure.ts';
import { type Landmark, landmarkName, type Scale } from './scores.ts';
import type { HeavyDay } from './use-evidence.ts';

/** What of a protocol measures are checked against. */
export type KnownOfMeasures = {
  readonly substances: readonly {
    readonly id: string;
    readonly unit?: string | undefined;
    readonly gramsPerUnit?: number | undefined;
  }[];
  readonly visits: readonly { readonly id: string; readonly day: number; readonly closes: number }[];
  readonly plannedFollowUp: number;
  readonly arms: readonly { readonly gives?: readonly string[] | undefined }[];
  readonly instruments: ReadonlyMap<string, Instrument>;
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

/** The last study day on which anybody is expected: planned follow-up ends, or a visit's window closes. */
function lastExpectedDay({ plannedFollowUp, visits }: KnownOfMeasures): number {
  return Math.max(plannedFollowUp, ...visits.map(({ day, closes }) => day + closes));
}

/**
 * Evidence may go on coming, and participants of an older version may keep later visits. What lies more than a year later is a slip,
 * and a horizon that does keeps a blinded trial shut.
 */
const longestAfterFollowUp = 365;

const tooLate = (last: number) =>
  `lies more than a year after the planned follow-up and the last visit (${last}), when nobody is followed any more; correct it, or plannedFollowUp`;

function checkHorizon(horizon: number, known: KnownOfMeasures, report: Report): void {
  const last = lastExpectedDay(known);
  if (horizon > last + longestAfterFollowUp) report(['horizon'], tooLate(last));
}

function checkLandmark(landmark: Landmark, path: PropertyKey[], known: KnownOfMeasures, report: Report): void {
  if ('visit' in landmark && !known.visits.some(({ id }) => id === landmark.visit))
    report([...path, 'visit'], `"${landmark.visit}" is no visit of the schedule; declare it under visits`);
  const last = lastExpectedDay(known);
  if ('day' in landmark && landmark.day - landmark.within > last + longestAfterFollowUp)
    report([...path, 'day'], tooLate(last));
}

/** The fewest days in which a pattern can be confirmed, and what they are called; undefined: as many as its days say. */
function shortestRun(pattern: RelapsePattern): { readonly days: number; readonly field: string } | undefined {
  switch (pattern.is) {
    case 'weeks-in-a-row':
      return { days: 7 * pattern.weeks, field: 'weeks' };
    case 'days-in-a-row':
    case 'heavy-days':
      return { days: pattern.days, field: 'days' };
    default:
      return undefined;
  }
}

function checkRelapse(measure: Relapse, known: KnownOfMeasures, report: Report): void {
  const { from, horizon, patterns, heavy } = measure;
  if (from > horizon) report(['from'], `lies after the horizon (${horizon}); correct it`);
  if (patterns.some(({ is }) => is === 'heavy-days')) {
    if (heavy === undefined)
      report(['heavy'], 'is missing for the pattern heavy-days; say from how many grams a day is heavy');
    checkTellsAmounts(measure, report);
  }
  patterns.forEach((pattern, i) => {
    if (pattern.is === 'heavy-days' && pattern.days > pattern.within)
      report(['patterns', i, 'days'], `is more than the ${pattern.within} days it is counted within; correct it`);
    const run = shortestRun(pattern);
    if (run !== undefined && from <= horizon && from + run.days - 1 > horizon)
      report(
        ['patterns', i, run.field],
        `needs ${run.days} days, and days ${from} to ${horizon} are ${horizon - from + 1}: nobody could ever relapse so; shorten it, or move from or the horizon`,
      );
  });
  if (heavy !== undefined) checkHeavy(measure, heavy, known, report);
}

function checkScale({ instrument: id, subscore }: Scale, { instruments }: KnownOfMeasures, report: Report): void {
  const instrument = instruments.get(id);
  if (instrument === undefined)
    report(['instrument'], `"${id}" is no instrument of the trial; declare it under instruments`);
  else if (subscore === undefined && instrument.total === undefined)
    report(
      ['instrument'],
      `"${id}" has no total, so nobody would ever have a score; name a subscore, or declare a total under instruments`,
    );
  const { subscores } = instrument ?? {};
  if (subscore !== undefined && subscores !== undefined && !Object.hasOwn(subscores, subscore))
    report(
      ['subscore'],
      `"${subscore}" is no subscore of ${id} (it has ${Object.keys(subscores).join(', ')}); declare it under instruments`,
    );
}

/** A drug that everybody gets need not be among what tells the arms apart; one that is but written otherwise is a slip. */
function checkDrug({ drug }: Exposure, { arms }: KnownOfMeasures, report: Report): void {
  if (drug === undefined) return;
  const given = arms.flatMap(({ gives = [] }) => gives);
  const plainly = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
  const meant = given.find((name) => name !== drug && plainly(name) === plainly(drug));
  if (meant !== undefined && !given.includes(drug))
    report(['drug'], `"${drug}" is given by no arm, but "${meant}" is; write it alike`);
}

/** What is wrong with a measure beyond its shape; paths begin at the measure. */
export function checkMeasure(measure: Measure, known: KnownOfMeasures, report: Report): void {
  if (measure.population !== undefined && !known.populations.some(({ id }) => id === measure.population))
    report(['population'], `"${measure.population}" is no population of the trial; declare it under populations`);
  if (isUseMeasure(measure)) checkUse(measure, known, report);
  if ('horizon' in measure) checkHorizon(measure.horizon, known, report);
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
    for (const [i, landmark] of measure.at.entries()) checkLandmark(landmark, ['at', i], known, report);
    if (measure.kind === 'scale' && measure.baseline !== undefined)
      checkLandmark(measure.baseline, ['baseline'], known, report);
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
      if ('abstinentDays' in measure.after && measure.after.abstinentDays >= measure.horizon)
        report(
          ['after', 'abstinentDays'],
          `leaves no day before the horizon (${measure.horizon}) on which anybody could lapse; shorten it`,
        );
      break;
    case 'relapse':
      checkRelapse(measure, known, report);
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
      checkScale(measure, known, report);
      break;
    case 'choices':
      if (!known.substances.some(({ id }) => id === measure.substance))
        report(
          ['substance'],
          `"${measure.substance}" is not among the trial’s substances; declare it under substances`,
        );
      break;
    case 'exposure':
      checkDrug(measure, known, report);
      break;
    default:
  }
}
