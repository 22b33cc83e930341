import type { Exposure } from '@holdfast/events';
import type { StudyDay, ValueFact } from '../facts.ts';
import { dosesAfterRandomisation } from './dosing-sessions.ts';
import type { MeasureFold } from './measure-fold.ts';
import { lastDayOf, maturitySpells } from './participant-days.ts';
import { greatestCounted, thousandths } from './thousandths.ts';

/** A dose in thousandths; undefined where the site did not say it in that unit. */
type Dose = {
  readonly day: StudyDay;
  readonly mg: number | undefined;
  readonly mgPerKg: number | undefined;
  readonly stoppedEarly: boolean;
};

/** The sum of doses; undefined if it is not known of each, since the rest would be too little. */
function sumOf(amounts: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const amount of amounts) {
    if (amount === undefined) return undefined;
    sum += amount;
  }
  return sum > greatestCounted ? undefined : sum;
}

/**
 * What a participant has had of study treatment on study days 0 … horizon, as of the clock: the days before its own. `sessions`: doses
 * given; `mg` and `mg-per-kg`: their sums in thousandths, absent unless each dose says it so; `stopped-early`: how many of them;
 * `therapy-sessions`: those that lasted any time; `therapy-minutes`: theirs, in thousandths. Who has had nothing has 0 of each, so that
 * means are those of everybody; all are `due`. It waits for nothing: what was given yesterday counts today.
 */
export const exposureFold: MeasureFold<Exposure> = {
  types: () => ['dose-given', 'therapy-session'],
  judge: (measure, { protocol, observations, dayZero }) => {
    const { id, drug, horizon } = measure;
    const lastDay = lastDayOf(horizon, protocol, dayZero);
    const inThousandths = (number: number | undefined) => (number === undefined ? undefined : thousandths(number));
    const doses = dosesAfterRandomisation(observations, dayZero)
      .filter(({ data }) => drug === undefined || data.drug === drug)
      .map(({ day, data: { given, stoppedEarly = false } }): Dose => {
        return {
          day: day - dayZero,
          mg: inThousandths(given.mg),
          mgPerKg: inThousandths(given.mgPerKg),
          stoppedEarly,
        };
      });
    const therapy = observations.flatMap(({ type, day, data }) =>
      type === 'therapy-session' && day >= dayZero && data.minutes > 0
        ? [{ day: day - dayZero, minutes: thousandths(data.minutes) }]
        : [],
    );
    return (when) => {
      const spells = maturitySpells(measure, lastDay, when.mature(measure, lastDay));
      const last = Math.min(lastDay, (when.clock ?? Number.NEGATIVE_INFINITY) - dayZero - 1);
      if (last < 0) return { counted: [], spells, firstEvents: [], values: [] };
      const given = doses.filter(({ day }) => day <= last);
      const held = therapy.filter(({ day }) => day <= last);
      const values: ValueFact[] = [];
      const put = (kind: string, value: number | undefined, of = 1) => {
        if (value !== undefined) values.push({ measure: id, kind, day: last, value, of });
      };
      put('due', 1);
      put('sessions', given.length);
      put('mg', sumOf(given.map(({ mg }) => mg)), 1_000);
      put('mg-per-kg', sumOf(given.map(({ mgPerKg }) => mgPerKg)), 1_000);
      put('stopped-early', given.filter(({ stoppedEarly }) => stoppedEarly).length);
      put('therapy-sessions', held.length);
      put('therapy-minutes', sumOf(held.map(({ minutes }) => minutes)), 1_000);
      return { counted: [], spells, firstEvents: [], values };
    };
  },
};
