import type { Measure, MeasureKind, MeasureOf, ObservationType, Protocol } from '@holdfast/events';
import { choicesFold } from './choices.ts';
import { continuousAbstinence } from './continuous-abstinence.ts';
import { exposureFold } from './exposure.ts';
import { firstUseFold } from './first-use.ts';
import type { MeasureFacts, MeasureFold, Told, When } from './measure-fold.ts';
import { rollingAbstinence } from './rolling-abstinence.ts';
import { scaleFold } from './scale.ts';
import { visitsFold } from './visits.ts';

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
  scale: scaleFold,
  choices: choicesFold,
  visits: visitsFold,
  exposure: exposureFold,
  'adverse-events': missing,
  suicidality: missing,
  'vital-peaks': missing,
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
