import type { Measure, MeasureKind, MeasureOf, ObservationType, Protocol } from '@holdfast/events';
import { adverseEventsFold } from './adverse-events.ts';
import { continuousAbstinence } from './continuous-abstinence.ts';
import { firstUseFold } from './first-use.ts';
import type { MeasureFacts, MeasureFold, Told, When } from './measure-fold.ts';
import { rollingAbstinence } from './rolling-abstinence.ts';
import { suicidalityFold } from './suicidality.ts';
import { visitsFold } from './visits.ts';
import { vitalPeaksFold } from './vital-peaks.ts';

const notYet = (kind: string): never => {
  throw new Error(`${kind} is not folded yet`);
};
const missing = { types: () => notYet('this kind'), judge: () => notYet('this kind') };

/** Every kind of measure, and how it is folded. */
const folds: { readonly [K in MeasureKind]: MeasureFold<MeasureOf<K>> } = {
  'rolling-abstinence': rollingAbstinence,
  'continuous-abstinence': continuousAbstinence,
  'first-use': firstUseFold,
  lapse: missing,
  relapse: missing,
  retention: missing,
  'days-of-use': missing,
  amount: missing,
  'no-heavy-days': missing,
  'risk-level': missing,
  scale: missing,
  choices: missing,
  visits: visitsFold,
  exposure: missing,
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
