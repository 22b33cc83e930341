import { z } from 'zod';
import { ContinuousAbstinence, RollingAbstinence } from './abstinence.ts';
import { Amount, DaysOfUse, NoHeavyDays, RiskLevel } from './amounts-of-use.ts';
import { Exposure, Visits } from './conduct.ts';
import { FirstUse, Lapse, Relapse, Retention } from './first-events.ts';
import { AdverseEvents, Suicidality, VitalPeaks } from './safety.ts';
import { Choices, Scale } from './scores.ts';

const kinds = [
  RollingAbstinence,
  ContinuousAbstinence,
  FirstUse,
  Lapse,
  Relapse,
  Retention,
  DaysOfUse,
  Amount,
  NoHeavyDays,
  RiskLevel,
  Scale,
  Choices,
  Visits,
  Exposure,
  AdverseEvents,
  Suicidality,
  VitalPeaks,
] as const;

export const Measure = z.discriminatedUnion('kind', kinds, {
  error: `is no kind of measure; use ${kinds.map((kind) => kind.shape.kind.value).join(', ')}`,
});
export type Measure = z.infer<typeof Measure>;
export type MeasureKind = Measure['kind'];
export type MeasureOf<K extends MeasureKind> = Extract<Measure, { kind: K }>;

/** The measures that look at days of use. */
export type UseMeasure = Extract<Measure, { readonly evidence: string }>;
/** The measures with a share of participants on each study day, under missing-data policies. */
export type AbstinenceMeasure = RollingAbstinence | ContinuousAbstinence;
/** The measures that time a first event. */
export type FirstEventMeasure = FirstUse | Lapse | Relapse | Retention;
/** The measures that give each participant values. */
export type ValueMeasure = Exclude<Measure, AbstinenceMeasure | FirstEventMeasure>;
/** The measures of safety, which may be seen by arm while a trial runs. */
export type SafetyMeasure = AdverseEvents | Suicidality | VitalPeaks;

export function isUseMeasure(measure: Measure): measure is UseMeasure {
  return 'evidence' in measure;
}

/** Whether measures of a kind are shares of participants on each study day. */
export function isShareKind(kind: MeasureKind): kind is AbstinenceMeasure['kind'] {
  return kind === 'rolling-abstinence' || kind === 'continuous-abstinence';
}

/** Whether measures of a kind time a first event. */
export function isFirstEventKind(kind: MeasureKind): kind is FirstEventMeasure['kind'] {
  return kind === 'first-use' || kind === 'lapse' || kind === 'relapse' || kind === 'retention';
}

export function isAbstinenceMeasure(measure: Measure): measure is AbstinenceMeasure {
  return isShareKind(measure.kind);
}

export function isFirstEventMeasure(measure: Measure): measure is FirstEventMeasure {
  return isFirstEventKind(measure.kind);
}

export function isValueMeasure(measure: Measure): measure is ValueMeasure {
  return !isAbstinenceMeasure(measure) && !isFirstEventMeasure(measure);
}

export function isSafetyMeasure(measure: Measure): measure is SafetyMeasure {
  return ['adverse-events', 'suicidality', 'vital-peaks'].includes(measure.kind);
}

/** The trailing windows of a measure's rates, in days; 0 stands for all days so far, where there is no window. */
export function windowsOf(measure: AbstinenceMeasure | FirstEventMeasure): readonly number[] {
  return measure.kind === 'continuous-abstinence' ? [0] : measure.windows;
}

/** The last study day that a measure looks at. */
export function horizonOf(measure: Measure, { plannedFollowUp }: { readonly plannedFollowUp: number }): number {
  return 'horizon' in measure ? measure.horizon : plannedFollowUp;
}
