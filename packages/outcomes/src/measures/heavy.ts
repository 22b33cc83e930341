import type { HeavyDay, UseMeasure } from '@holdfast/events';
import { gramsByDay } from '../evidence/amounts.ts';
import { heavyFrom } from '../evidence/heavy-days.ts';
import type { StudyDay } from '../facts.ts';
import type { Told } from './measure-fold.ts';
import type { JudgedDays } from './participant-days.ts';
import { knownOf } from './stretches.ts';

/**
 * Whether a day at risk is a heavy one. A heavy day is a day of use, by whatever the evidence rule joins, on which the
 * participant's own calendar has at least so many grams. `missing`: nothing is known of the day, or it is of use and nobody knows
 * how heavy: without an amount, or where a test shows use that the calendar does not.
 */
export type Heaviness = 'heavy' | 'not-heavy' | 'missing';

/** How heavy each day is, from the evidence on it and the grams in the calendars. */
export function heavinessOf(
  measure: UseMeasure & { readonly heavy: HeavyDay },
  { observations, dayZero, protocol, baseline }: Told,
  days: JudgedDays,
): (day: StudyDay) => Heaviness {
  const limit = heavyFrom(measure.heavy, baseline);
  const grams = gramsByDay(observations, dayZero, protocol.substances, measure.substances, 1, days.lastDay);
  return (day) => {
    const known = knownOf(day, days);
    if (known !== 'use') return known === 'missing' ? 'missing' : 'not-heavy';
    const taken = grams(day);
    if (taken === undefined || taken === 0 || limit === undefined) return 'missing';
    return taken >= limit ? 'heavy' : 'not-heavy';
  };
}
