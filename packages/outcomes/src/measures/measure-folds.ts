import {
  isUseMeasure,
  type Measure,
  type MeasureKind,
  type MeasureOf,
  type ObservationType,
  type Protocol,
} from '@holdfast/events';
import { adverseEventsFold } from './adverse-events.ts';
import { amount } from './amount.ts';
import { choicesFold } from './choices.ts';
import { continuousAbstinence } from './continuous-abstinence.ts';
import { daysOfUse } from './days-of-use.ts';
import { exposureFold } from './exposure.ts';
import { firstUseFold } from './first-use.ts';
import { lapseFold } from './lapse.ts';
import type { CountedBefore, MeasureFacts, MeasureFold, Told, When } from './measure-fold.ts';
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

const ofDays: readonly ObservationType[] = ['urine-screen', 'visit-attended', 'use-calendar'];

/** The event types that a measure reads event by event. Of what is only judged by the day it is told the days. */
export function eventsRead(measure: Measure, protocol: Protocol): readonly ObservationType[] {
  const types = typesBehind(measure, protocol);
  if (!isUseMeasure(measure)) return types;
  const readsCalendars = foldOf(measure).readsCalendars?.(measure) === true;
  return types.filter((type) => !ofDays.includes(type) || (type === 'use-calendar' && readsCalendars));
}

/** Judges what a measure is told of a participant; what comes out gives the facts as of any clock. */
export function judge(measure: Measure, told: Told): (when: When, before?: CountedBefore) => MeasureFacts {
  return foldOf(measure).judge(measure, told);
}
