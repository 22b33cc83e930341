import type { MeasureKind } from '@holdfast/events';

/** What a statistician wants to know of a kind of measure and its schema does not say. */
export type MeasureNote = {
  readonly kind: MeasureKind;
  readonly meaning: string;
  readonly formula: string;
  /** Author and year of the definition. */
  readonly source: string;
  /** What it does with days (or visits, doses …) of which nothing is known. */
  readonly missing: string;
  /** The facts that come out: their kind, what it means, and its unit. */
  readonly values: readonly { readonly kind: string; readonly meaning: string; readonly unit: string }[];
  /** A worked case in words, with numbers. */
  readonly example: string;
};
