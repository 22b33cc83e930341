/**
 * Marks of spells: +n on the first day, −n on the day after the last, so that a running sum gives the number on a day (`events` and
 * `person-days`: within its trailing window). Person-days in a window grow and shrink day by day: their marks say by how much
 * faster, so that it takes the running sum of the running sum.
 */
export type MarkKind =
  | 'abstinent'
  | 'assessable'
  | 'due'
  | 'missing'
  | 'beyond'
  | 'events'
  | 'person-days'
  | 'mature'
  | 'randomised';

/** Participants by the day on which their observation ended so. */
export type EndKind = 'event' | 'censored' | 'competing';

/** The key of a tally, but for its day (of values: the value). What does not apply is empty, or 0. */
export type Cell = {
  readonly measure: string;
  /** A mark, an end, or what a value is of: `score`, `days`, `mg` … */
  readonly kind: MarkKind | EndKind | (string & {});
  /** Length of the trailing window in days. */
  readonly window: number;
  readonly policy: string;
  /** Which of several values: a visit, a stretch of days, a term. */
  readonly item: string;
  /** What values are fractions of; 0 where the kind is no value. */
  readonly of: number;
  /** Days since randomisation, or of the calendar. */
  readonly axis: 'study' | 'calendar';
  /** Empty where no arm is known or shown. */
  readonly arm: string;
  readonly site: string;
  /** Which groups the participants are in, as `groupsText` writes them; empty where the protocol declares none. */
  readonly group: string;
};

/** A cell with its integers by day (or value), as it travels: sparse, `[day, n, day, n, …]` in order of day. */
export type CellTally = Cell & { readonly days: readonly number[] };

/** A cell as one text, in an order of its own: equal cells give equal texts. */
export function cellKey({ measure, kind, window, policy, item, of, axis, arm, site, group }: Cell): string {
  return JSON.stringify([measure, kind, window, policy, item, of, axis, arm, site, group]);
}

/** Groups as one text, in order of their names; empty if there are none. */
export function groupsText(groups: Readonly<Record<string, string>>): string {
  const entries = Object.entries(groups).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(entries);
}

const read = new Map<string, Readonly<Record<string, string>>>();

/** The groups that a text names. */
export function groupsIn(text: string): Readonly<Record<string, string>> {
  if (text === '') return {};
  let groups = read.get(text);
  if (groups === undefined) {
    groups = Object.fromEntries(JSON.parse(text) as [string, string][]);
    read.set(text, groups);
  }
  return groups;
}
