import type { MeasureKind, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { arbAmount, arbDaysOfUse, arbNoHeavyDays, arbRiskLevel } from './arbitrary-amounts-of-use.ts';
import { arbLapse, arbRelapse, arbRetention } from './arbitrary-first-events.ts';
import { arbChoices, arbExposure, arbScale, arbVisits } from './arbitrary-scores.ts';

/** What a random measure can refer to in its random protocol. */
export type MeasureSetting = {
  readonly id: string;
  readonly substances: readonly string[];
  readonly visits: readonly string[];
  readonly horizon: number;
  /** Fields of every measure that looks at days of use, but its kind. */
  readonly useEvidence: fc.Arbitrary<object>;
};

/** Random measures of the kinds that have a reference in `naive-kinds.ts`, as a protocol would write them. */
export const arbitraryMeasures: {
  readonly [K in MeasureKind]?: (setting: MeasureSetting) => fc.Arbitrary<Partial<Protocol['measures'][number]>>;
} = {
  lapse: arbLapse,
  relapse: arbRelapse,
  retention: arbRetention,
  'adverse-events': ({ id, horizon }) =>
    fc.record({
      id: fc.constant(id),
      kind: fc.constant('adverse-events' as const),
      only: fc.constantFrom('all' as const, 'serious' as const, 'related' as const, 'treatment-emergent' as const),
      horizon: fc.constant(horizon),
    }),
  suicidality: ({ id, horizon }) =>
    fc.record({
      id: fc.constant(id),
      kind: fc.constant('suicidality' as const),
      rise: fc.integer({ min: 1, max: 3 }),
      horizon: fc.constant(horizon),
    }),
  'vital-peaks': ({ id, horizon }) =>
    fc.record({
      id: fc.constant(id),
      kind: fc.constant('vital-peaks' as const),
      severe: fc.constantFrom({ systolic: 180, diastolic: 110 }, { systolic: 140.5, diastolic: 115 }),
      horizon: fc.constant(horizon),
    }),
  'days-of-use': arbDaysOfUse,
  amount: arbAmount,
  'no-heavy-days': arbNoHeavyDays,
  'risk-level': arbRiskLevel,
  scale: arbScale,
  choices: arbChoices,
  visits: arbVisits,
  exposure: arbExposure,
};
