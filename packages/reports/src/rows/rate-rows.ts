import { dateOf, isAbstinenceMeasure, type Protocol } from '@holdfast/events';
import {
  abstinenceCurve,
  abstinenceRate,
  type CurveDays,
  eventRate,
  eventsCurve,
  maturityCurve,
  type Rate,
  type Slice,
  type Tallies,
} from '@holdfast/tallies';
import { curveDaysOf, type RateMeasure } from './rate-selectors.ts';
import { type By, partsOf } from './selectors.ts';
import type { Value } from './value.ts';

export const rateColumns = [
  'trial',
  'measure',
  'window_days',
  'missing',
  'arm',
  'site',
  'group',
  'axis',
  'day',
  'abstinent',
  'assessable',
  'events',
  'person_days',
  'rate',
  'lower',
  'upper',
  'method',
] as const;

/** What stands beside the counts where all policies are shown. */
export const besideAllPolicies = ['due', 'missing_windows', 'randomised', 'mature'] as const;

type Counts = {
  day: number;
  abstinent?: number;
  assessable?: number;
  events?: number;
  personDays?: number;
  due?: number;
  missing?: number;
  rate: Rate;
};

function countsOf(
  tallies: Tallies,
  measure: RateMeasure,
  window: number,
  policy: string | undefined,
  days: CurveDays,
  slice: Slice,
): Counts[] {
  if (isAbstinenceMeasure(measure)) {
    const curve = abstinenceCurve(tallies, { measure: measure.id, window, policy: policy ?? '' }, days, slice);
    return curve.map((day) => ({ ...day, rate: abstinenceRate(day) }));
  }
  return eventsCurve(tallies, { measure: measure.id, window }, days, slice).map((day) => ({
    ...day,
    rate: eventRate(day),
  }));
}

/** What of a measure's rates is asked. */
export type AskedRates = {
  readonly by: By;
  readonly token: (arm: string) => string;
  readonly windows: readonly number[];
  /** Of event rates the one policy is undefined. */
  readonly policies: readonly (string | undefined)[];
  readonly axis: 'study' | 'calendar';
  /** Undefined: every day of the curve. */
  readonly days: ReadonlySet<number> | undefined;
  readonly besideAll: boolean;
};

/** A row for each window, policy, part of the trial and day, under `rateColumns` (and `besideAllPolicies`). */
export function rateRows(protocol: Protocol, measure: RateMeasure, tallies: Tallies, asked: AskedRates): Value[][] {
  const rows: Value[][] = [];
  const { axis } = asked;
  for (const window of asked.windows) {
    for (const policy of asked.policies) {
      for (const { arm, site, group, slice } of partsOf(protocol, asked.by, asked.token, tallies)) {
        const [days, part] = [curveDaysOf(tallies, measure, window, axis), { ...slice, axis }];
        const maturity = asked.besideAll ? maturityCurve(tallies, measure.id, days, part) : [];
        for (const [i, counts] of countsOf(tallies, measure, window, policy, days, part).entries()) {
          const { day, abstinent, assessable, events, personDays, due, missing, rate } = counts;
          if (asked.days !== undefined && !asked.days.has(day)) continue;
          const { rate: value, lower, upper, method } = rate;
          const shownDay = axis === 'study' ? day : dateOf(day);
          const shownWindow = window === 0 ? undefined : window;
          const key = [protocol.trial, measure.id, shownWindow, policy, arm, site, group, axis, shownDay];
          const beside = asked.besideAll ? [due, missing, maturity[i]?.randomised, maturity[i]?.mature] : [];
          rows.push([...key, abstinent, assessable, events, personDays, value, lower, upper, method, ...beside]);
        }
      }
    }
  }
  return rows;
}
