import type { Measure, MeasureKind, MeasureOf, ObservationType, Protocol } from '@holdfast/events';
import { adverseEventsFold } from './adverse-events.ts';
import { amount } from './amount.ts';
import { choicesFold } from './choices.ts';
import { continuousAbstinence } from './continuous-abstinence.ts';
import { daysOfUse } from './days-of-use.ts';
import { exposureFold } from './exposure.ts';
import { firstUseFold } from './first-use.ts';
import { lapseFold } from './lapse.ts';
import type { MeasureFacts, MeasureFold, Told, When } from './measure-fold.ts';
import { noHeavyDays } from './no-heavy-days.ts';
import { relapseFold } from './relapse.ts';
import { retentionFold } from './retention.ts';
import { riskLevel } from './risk-level.ts';
import { rollingAbstinence } from './rolling-abstinence.ts';
import { scaleFold } from './scale.ts';
import { suicidalityFold } from './suicidality.ts';
import { visitsFold } from './visits.ts';
import { vitalPeaksFold } from './vital-peaks.ts';

/** Every kind of measure, and how it is folded. */
const folds: { readonly [K in MeasureKind]: MeasureFold<MeasureOf<K>> } = {
  'rolling-abstinence': rollingAbstinence,
  'continuous-abstinence': continuousAbstinence,
  'first-use': firstUseFold,
  lapse: lapseFold,
  relapse: relapseFold,
  retention: retentionFold,
  'days-of-use': daysOfUse,
  amount,
  'no-heavy-days': noHeavyDays,
  'risk-level': riskLevel,
  scale: scaleFold,
  choices: choicesFold,
  visits: visitsFold,
  exposure: exposureFold,
  'adverse-events': adverseEventsFold,
  suicidality: suicidalityFold,
  'vital-peaks': vitalPeaksFold,
};

const foldOf = <M extends Measure>(measure: M): MeasureFold<M> => folds[measure.kind] as unknown as MeasureFold<M>;

/** The event types that a measure's facts are made of. */
export function typesBehind(measure: Measure, protocol: Protocol): readonly ObservationType[] {
  return foldOf(measure).types(measure, protocol);
}

/** Judges what a measure is told of a participant; what comes out gives the facts as of any clock. */
export function judge(measure: Measure, told: Told): (when: When) => MeasureFacts {
  return foldOf(measure).judge(measure, told);
}
