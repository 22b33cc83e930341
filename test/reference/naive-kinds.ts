import type { MeasureKind, MeasureOf, Protocol } from '@holdfast/events';
import { naiveAmount, naiveDaysOfUse, naiveNoHeavyDays, naiveRiskLevel } from './naive-amounts-of-use.ts';
import { naiveExposure, naiveVisits } from './naive-conduct.ts';
import { naiveLapse, naiveRelapse, naiveRetention } from './naive-first-events.ts';
import type { Effective } from './naive-replacing.ts';
import { naiveAdverseEvents, naiveSuicidality, naiveVitalPeaks } from './naive-safety.ts';
import { naiveChoices, naiveScale } from './naive-scores.ts';

/** What a kind's reference is told: the effective observations that the measure may read, and the clock (undefined: none). */
export type NaiveTold<K extends MeasureKind> = {
  readonly protocol: Protocol;
  readonly measure: MeasureOf<K>;
  readonly observations: readonly Effective[];
  readonly dayZero: number;
  readonly asOf: number | undefined;
  readonly baseline: Readonly<Record<string, string | number | boolean>>;
};

/** A value as the tallies count it: integers `value / of`. Empty texts where item or policy do not apply. */
export type NaiveValue = {
  readonly kind: string;
  readonly item: string;
  readonly policy: string;
  readonly value: number;
  readonly of: number;
  /** The study day that it is of, where the reference says it: by it values fall into periods. */
  readonly day?: number;
};

/** What a kind of measure says of one participant. */
export type NaiveFacts = {
  readonly values: readonly NaiveValue[];
  readonly firstEvent?: { readonly origin: number; readonly day: number; readonly outcome: string };
  /** Of a first event: the study days at risk. */
  readonly atRisk?: readonly number[];
};

/** The references of the kinds that have values or first events; each is written apart from the fold, day by day. */
export const naiveKinds: { readonly [K in MeasureKind]?: (told: NaiveTold<K>) => NaiveFacts } = {
  lapse: naiveLapse,
  relapse: naiveRelapse,
  retention: naiveRetention,
  'adverse-events': naiveAdverseEvents,
  suicidality: naiveSuicidality,
  'vital-peaks': naiveVitalPeaks,
  'days-of-use': naiveDaysOfUse,
  amount: naiveAmount,
  'no-heavy-days': naiveNoHeavyDays,
  'risk-level': naiveRiskLevel,
  scale: naiveScale,
  choices: naiveChoices,
  visits: naiveVisits,
  exposure: naiveExposure,
};
