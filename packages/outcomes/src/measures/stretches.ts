import type { Stretch, UseMeasure } from '@holdfast/events';
import { stretchName } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { StudyDay, ValueFact } from '../facts.ts';
import type { MeasureFold, Told } from './measure-fold.ts';
import { type JudgedDays, maturitySpells } from './participant-days.ts';
import { typesOfUse } from './use-types.ts';

/** A measure of days of use with a value for each of its stretches. */
type StretchMeasure = UseMeasure & { readonly over: readonly Stretch[] };

/** A value of one stretch; the measure, the stretch and its last day are everybody's. */
export type StretchValue = Pick<ValueFact, 'kind' | 'policy' | 'value' | 'of'>;

/** The days of a stretch that are at risk: those that no strategy excludes, up to the last that can count. */
export function daysAtRisk({ from, to }: Stretch, { excluded, lastDay }: JudgedDays): StudyDay[] {
  const days: StudyDay[] = [];
  for (let day = from; day <= Math.min(to, lastDay); day += 1) if (excluded[day] !== 1) days.push(day);
  return days;
}

/**
 * What is known of a day at risk, as the day's status has it. A day is `missing` without evidence, and also where a positive
 * biomarker that looks back speaks of it: that one of its days is of use, but not which, counts no day as either.
 */
export function knownOf(day: StudyDay, { evidence, lookBacks }: JudgedDays): 'use' | 'abstinent' | 'missing' {
  if (isUse(evidence, day)) return 'use';
  if (lookBacks !== undefined && lookBacks.touched[day] === 1) return 'missing';
  return evidence.covering[day] === nothing ? 'missing' : 'abstinent';
}

/**
 * How measures with values by stretch are folded. A stretch comes due when all its days are mature, and says nothing before: else
 * the punctual would be counted first. It is due (1 of 1) for everybody with a day at risk in it, whether they have a value or not.
 */
export function stretchFold<M extends StretchMeasure>(
  judgeStretches: (
    measure: M,
    told: Told,
    days: JudgedDays,
  ) => (atRisk: readonly StudyDay[], plannedFollowUp: StudyDay) => readonly StretchValue[],
  readsCalendars: (measure: M) => boolean = () => true,
): MeasureFold<M> {
  return {
    types: (measure, protocol) => [
      ...typesOfUse(measure, protocol),
      ...(readsCalendars(measure) ? (['use-calendar'] as const) : []),
    ],
    readsCalendars,
    judge: (measure, told) => {
      const days = told.days(measure);
      const valuesOf = judgeStretches(measure, told, days);
      return ({ schedule, mature: matureFor }) => {
        const mature = matureFor(measure, days.lastDay);
        const isOver = ({ from, to }: Stretch) => !mature.subarray(from, to + 1).includes(0) && to < mature.length;
        const values = measure.over.filter(isOver).flatMap((stretch): ValueFact[] => {
          const atRisk = daysAtRisk(stretch, days);
          if (atRisk.length === 0) return [];
          const head = { measure: measure.id, item: stretchName(stretch), day: stretch.to };
          const due = { ...head, kind: 'due', value: 1, of: 1 };
          return [due, ...valuesOf(atRisk, schedule.plannedFollowUp).map((value) => ({ ...head, ...value }))];
        });
        return { counted: [], spells: maturitySpells(measure, days.lastDay, mature), firstEvents: [], values };
      };
    },
  };
}

/** The policies that values are shown under: those declared, and always what was observed, which says how many are missing. */
export function shownPolicies<P extends string>(policies: readonly P[]): readonly (P | 'observed-only')[] {
  return [...new Set(['observed-only' as const, ...policies])];
}
