import type { MeasureKind } from '@holdfast/events';

/** What a person should know of a kind of measure. */
export type MeasureNote = {
  readonly kind: MeasureKind;
  readonly meaning: string;
  readonly formula: string;
  /** Author and year. */
  readonly source: string;
  /** What the kind does with what is missing. */
  readonly missing: string;
  /** The values that it gives a participant. */
  readonly values: readonly { readonly kind: string; readonly meaning: string; readonly unit: string }[];
  /** Worked in words, with numbers. */
  readonly example: string;
};
