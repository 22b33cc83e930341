import type { CivilDay, Measure, ObservationType, Protocol, UseMeasure } from '@holdfast/events';
import type { FirstEvent, StudyDay, ValueFact } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import type { SpellRuns } from '../spells.ts';
import type { CountedDays } from './counted-days.ts';
import type { JudgedDays } from './participant-days.ts';
import type { RunningCounts } from './running-counts.ts';

/** What a measure is told of one randomised participant, whatever the clock says. */
export type Told = {
  readonly protocol: Protocol;
  /** What counts of the events that the measure may look at, of the types that it reads itself. */
  readonly observations: readonly Effective[];
  readonly dayZero: CivilDay;
  /** Baseline covariates, by name. */
  readonly baseline: Readonly<Record<string, string | number | boolean>>;
  /** The days of use as the measure sees them; measures that look alike share them. */
  days(measure: UseMeasure): JudgedDays;
  /** What of these days trailing windows are judged by. */
  running(measure: UseMeasure): RunningCounts;
};

/** When facts are taken: what the clock says, and the schedule that the participant keeps. */
export type When = {
  readonly schedule: Protocol;
  readonly dayZero: CivilDay;
  readonly clock: CivilDay | undefined;
  /** Whether facts are only tallied: then those policies are left out whose counts readers make of others. */
  readonly forTallies: boolean;
  /** By study day 0 … lastDay, whether the day is mature (1) for a measure. */
  mature(measure: Measure, lastDay: StudyDay): Uint8Array;
  /** The first civil day on which more of these days will be mature; infinity if there is none. */
  maturesNext(measure: Measure, lastDay: StudyDay): CivilDay;
};

/** What one measure says of one participant. */
export type MeasureFacts = {
  /** What days count as, and spells: both say on which days something holds. */
  readonly counted: readonly CountedDays[];
  readonly spells: readonly SpellRuns[];
  readonly firstEvents: readonly FirstEvent[];
  readonly values: readonly ValueFact[];
};

/**
 * What was counted before, and the first study day of which something else may be said since; 0 if of all of them. The same arrays are
 * counted into again.
 */
export type CountedBefore = { readonly counted: readonly CountedDays[]; readonly from: StudyDay };

/**
 * How measures of a kind are folded, in two steps: what needs no clock is judged, then facts are taken. Of what counted before on
 * days of which nothing else is said now, a kind need not count again.
 */
export type MeasureFold<M extends Measure> = {
  /** The event types that its facts are made of: if one of them is closed, the measure is. */
  types(measure: M, protocol: Protocol): readonly ObservationType[];
  /** Of a measure of days of use: whether it also reads calendars itself, for their amounts or for days before randomisation. */
  readsCalendars?(measure: M): boolean;
  judge(measure: M, told: Told): (when: When, before?: CountedBefore) => MeasureFacts;
};
