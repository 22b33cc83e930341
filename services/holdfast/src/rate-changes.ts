import { isAbstinenceMeasure, windowsOf } from '@holdfast/events';
import type { RateMeasure } from '@holdfast/reports/rows';
import { abstinenceCurve, eventsCurve, type Slice, type Tallies } from '@holdfast/tallies';

/** A run of study days on which a rate moved alike: numerator and denominator before and after, as `37/80`. */
export type RateChange = {
  readonly window: number;
  readonly policy: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly before: string;
  readonly after: string;
};

function countsByDay(
  tallies: Tallies,
  measure: RateMeasure,
  window: number,
  policy: string | undefined,
  slice: Slice,
): ReadonlyMap<number, string> {
  const { id, horizon } = measure;
  const days = { from: Math.max(1, window), to: horizon };
  const counts: [number, string][] = isAbstinenceMeasure(measure)
    ? abstinenceCurve(tallies, { measure: id, window, policy: policy ?? '' }, days, slice).map(
        ({ day, abstinent, assessable }) => [day, `${abstinent}/${assessable}`],
      )
    : eventsCurve(tallies, { measure: id, window }, days, slice).map(({ day, events, personDays }) => [
        day,
        `${events}/${personDays}`,
      ]);
  return new Map(counts);
}

const policiesOf = (measure: RateMeasure): readonly (string | undefined)[] =>
  isAbstinenceMeasure(measure) ? measure.policies : [undefined];

/** Where a measure's rates differ between two states of a trial, by every window and policy that both declare. */
export function rateChanges(
  before: { readonly tallies: Tallies; readonly measure: RateMeasure; readonly slice: Slice },
  after: { readonly tallies: Tallies; readonly measure: RateMeasure; readonly slice: Slice },
): RateChange[] {
  const changes: RateChange[] = [];
  for (const window of windowsOf(before.measure).filter((one) => windowsOf(after.measure).includes(one))) {
    for (const policy of policiesOf(before.measure).filter((one) => policiesOf(after.measure).includes(one))) {
      const [old, now] = [before, after].map(({ tallies, measure, slice }) =>
        countsByDay(tallies, measure, window, policy, slice),
      );
      const last = Math.max(before.measure.horizon, after.measure.horizon);
      let run: RateChange | undefined;
      for (let day = window; day <= last; day += 1) {
        const [was, is] = [old?.get(day) ?? '', now?.get(day) ?? ''];
        if (was === is) {
          run = undefined;
        } else if (run !== undefined && run.before === was && run.after === is) {
          run = { ...run, to: day };
          changes[changes.length - 1] = run;
        } else {
          run = { window, policy, from: day, to: day, before: was, after: is };
          changes.push(run);
        }
      }
    }
  }
  return changes;
}
