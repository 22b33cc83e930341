import type { MeasureKind, Protocol } from '@holdfast/events';
import type fc from 'fast-check';
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
  scale: arbScale,
  choices: arbChoices,
  visits: arbVisits,
  exposure: arbExposure,
};
