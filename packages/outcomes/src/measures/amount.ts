import type { AmountMeasure } from '@holdfast/events';
import { type ByDay, gramsByDay, unitsByDay } from '../evidence/amounts.ts';
import { isUse } from '../evidence/evidence.ts';
import type { StudyDay } from '../facts.ts';
import type { JudgedDays } from './participant-days.ts';
import { stretchFold } from './stretches.ts';

/** Amounts where no other source contradicts them: of a day that a test or a relative shows to be of use, 0 is not how much it was. */
export function uncontradicted(amounts: ByDay, { evidence }: JudgedDays): ByDay {
  return (day) => {
    const amount = amounts(day);
    return amount === 0 && isUse(evidence, day) ? undefined : amount;
  };
}

/** The sum of what is known, in thousandths, and of how many days. */
export function sumOver(days: readonly StudyDay[], amounts: ByDay): { thousandths: number; days: number } {
  const known = days.flatMap((day) => amounts(day) ?? []);
  // Each is a whole number of thousandths; the sum of whole numbers is exact in any order.
  return { thousandths: known.reduce((sum, amount) => sum + Math.round(amount * 1000), 0), days: known.length };
}

/**
 * Mean amount in stretches of study days, as the participant's own calendars have it: thousandths of the unit, of 1000 × days.
 * *Per day*: of all days at risk that were asked about and whose amount is known, those without use included; *per using day*: of those with use
 * (drinks per drinking day; Babor et al. 1994). No value where there is no such day. Days whose amount nobody knows are left out,
 * never taken as 0; no policy fills them in.
 */
export const amount = stretchFold<AmountMeasure>((measure, told, days) => {
  const { observations, dayZero, protocol } = told;
  const asked = [observations, dayZero, protocol.substances, measure.substances, 1, days.lastDay] as const;
  const amounts = uncontradicted(
    measure.unit === 'g' ? gramsByDay(...asked) : unitsByDay(measure.unit, ...asked),
    days,
  );
  return (atRisk) => {
    const counting = measure.per === 'day' ? atRisk : atRisk.filter((day) => (amounts(day) ?? 0) > 0);
    const sum = sumOver(counting, amounts);
    return sum.days === 0 ? [] : [{ kind: 'amount', value: sum.thousandths, of: 1000 * sum.days }];
  };
});
