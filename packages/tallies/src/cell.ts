/**
 * What is counted. `abstinent`, `assessable`, `events`, `person-days`, `mature`, `randomised` are marks of spells: +n on the first
 * day, −n on the day after the last, so that a running sum gives the number on a day (`events` and `person-days`: within its
 * trailing window). `event`, `censored`, `competing` are participants by the day on which their observation ended so.
 */
export type TallyKind =
  | 'abstinent'
  | 'assessable'
  | 'events'
  | 'person-days'
  | 'mature'
  | 'randomised'
  | 'event'
  | 'censored'
  | 'competing';

/** The key of a tally, but for its day. `window` is 0 and `policy` empty where the kind has none; `arm` is empty where no arm is known or shown. */
export type Cell = {
  readonly measure: string;
  readonly kind: TallyKind;
  readonly window: number;
  readonly policy: string;
  readonly axis: 'study';
  readonly arm: string;
  readonly site: string;
};

/** A cell with its integers by day, as it travels: sparse, `[day, n, day, n, …]` in order of day. */
export type CellTally = Cell & { readonly days: readonly number[] };

export function cellKey({ measure, kind, window, policy, axis, arm, site }: Cell): string {
  return JSON.stringify([measure, kind, window, policy, axis, arm, site]);
}
