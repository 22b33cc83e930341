import type { BiomarkerKind } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';

export type Informant = 'participant' | 'relative' | 'record';

/**
 * What one event says of one substance on one study day. Sources stay apart, and how it is known stays visible:
 * `tested` in a sample, `inferred` from a kept visit, `reported` in a calendar.
 */
export type Statement = {
  readonly day: StudyDay;
  readonly substance: string;
  readonly use: boolean;
  readonly source: 'urine' | 'biomarker' | Informant;
  readonly known: 'tested' | 'inferred' | 'reported';
  /** The event it stands on. */
  readonly event: { readonly type: string; readonly source: string; readonly id: string };
  /** Days between a reported day and its interview. */
  readonly recall?: number;
  /** Which biomarker it is. */
  readonly biomarker?: BiomarkerKind;
  /** Of a positive biomarker that looks back: the use was on `day` or in so many days before it, nobody knows on which. */
  readonly lookBack?: number;
};

/** Status of a day in an array indexed by study day. The order matters: the greater wins where sources are joined. */
export const nothing = 0;
/** There is evidence, and none of it is of use on this day. */
export const abstinent = 1;
export const use = 2;
/** One of `nothing`, `abstinent`, `use` per study day; index 0 is never set. */
export type DayStatuses = Uint8Array;
