import type { Measure } from '@holdfast/events';
import { abstinenceCurve, firstUseCurve, type Slice, type Tallies } from '@holdfast/tallies';

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
  measure: Measure,
  window: number,
  policy: string | undefined,
  slice: Slice,
): ReadonlyMap<number, string> {
  const { id, horizon } = measure;
  const counts: [number, string][] =
    measure.kind === 'rolling-abstinence'
      ? abstinenceCurve(tallies, { measure: id, window, policy: policy ?? '', horizon }, slice).map(
          ({ day, abstinent, assessable }) => [day, `${abstinent}/${assessable}`],
        )
      : firstUseCurve(tallies, { measure: id, window, horizon }, slice).map(({ day, events, personDays }) => [
          day,
          `${events}/${personDays}`,
        ]);
  return new Map(counts);
}

const policiesOf = (measure: Measure): readonly (string | undefined)[] =>
  measure.kind === 'rolling-abstinence' ? measure.policies : [undefined];

/** Where a measure's rates differ between two states of a trial, by every window and policy that both declare. */
export function rateChanges(
  before: { readonly tallies: Tallies; readonly measure: Measure; readonly slice: Slice },
  after: { readonly tallies: Tallies; readonly measure: Measure; readonly slice: Slice },
): RateChange[] {
  const changes: RateChange[] = [];
  for (const window of before.measure.windows.filter((one) => after.measure.windows.includes(one))) {
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
