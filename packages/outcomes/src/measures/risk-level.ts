import { civilDay, type RiskLevel } from '@holdfast/events';
import { type ByDay, gramsByDay } from '../evidence/amounts.ts';
import type { StudyDay } from '../facts.ts';
import { sumOver, uncontradicted } from './amount.ts';
import type { Told } from './measure-fold.ts';
import { type StretchValue, stretchFold } from './stretches.ts';

/** The most grams of pure alcohol a day at low, medium and high risk; above is very high (World Health Organization 2000). */
const limits = { men: [40, 60, 100], women: [20, 40, 60] } as const;

/**
 * The level of a mean of so many grams a day: 0 abstinent, 1 low, 2 medium, 3 high, 4 very high. Undefined where no day is known.
 * A mean on a limit is at the lower level.
 */
export function riskLevelOf(
  { thousandths, days }: { readonly thousandths: number; readonly days: number },
  sex: keyof typeof limits,
): number | undefined {
  if (days === 0) return undefined;
  if (thousandths === 0) return 0;
  return 1 + limits[sex].filter((grams) => thousandths > grams * 1000 * days).length;
}

/** Days before randomisation that count at baseline: all but those in a controlled environment, where such days are excluded. */
function baselineDaysOf({ baselineDays, controlledDays }: RiskLevel, { observations, dayZero }: Told): StudyDay[] {
  const stays = observations.flatMap((one) =>
    one.type === 'controlled-environment'
      ? [{ from: civilDay(one.data.from) - dayZero, to: civilDay(one.data.to) - dayZero }]
      : [],
  );
  const isControlled = (day: StudyDay) =>
    controlledDays === 'exclude' && stays.some(({ from, to }) => from <= day && day <= to);
  return Array.from({ length: baselineDays }, (_, i) => i - baselineDays).filter((day) => !isControlled(day));
}

function sexOf({ sex }: RiskLevel, { baseline }: Told): keyof typeof limits | undefined {
  const value = Object.hasOwn(baseline, sex.covariate) ? baseline[sex.covariate] : undefined;
  if (value === undefined) return undefined;
  return String(value) === sex.female ? 'women' : 'men';
}

function gramsFrom(from: StudyDay, to: StudyDay, { substances }: RiskLevel, told: Told): ByDay {
  return gramsByDay(told.observations, told.dayZero, told.protocol.substances, substances, from, to);
}

/**
 * Risk level of drinking in stretches of study days, by mean grams of pure alcohol over all days at risk that were asked about and
 * whose amount is known, sober days included (0 abstinent … 4 very high, of 1; World Health Organization 2000); and how many levels
 * it fell from the days before randomisation (`shift`, negative if risk rose; `fell-one`, `fell-two`: whether by at least so many;
 * Witkiewitz et al. 2017). No value where no day is known, of the stretch or (of a shift) before it, nor where sex is not known.
 */
export const riskLevel = stretchFold<RiskLevel>((measure, told, days) => {
  const sex = sexOf(measure, told);
  const levelOver = (over: readonly StudyDay[], grams: ByDay) => sex && riskLevelOf(sumOver(over, grams), sex);
  const before = levelOver(baselineDaysOf(measure, told), gramsFrom(-measure.baselineDays, -1, measure, told));
  const since = uncontradicted(gramsFrom(1, days.lastDay, measure, told), days);
  return (atRisk): StretchValue[] => {
    const level = levelOver(atRisk, since);
    if (level === undefined) return [];
    const values: StretchValue[] = [{ kind: 'level', value: level, of: 1 }];
    if (before === undefined) return values;
    const shift = before - level;
    return [
      ...values,
      { kind: 'shift', value: shift, of: 1 },
      { kind: 'fell-one', value: shift >= 1 ? 1 : 0, of: 1 },
      { kind: 'fell-two', value: shift >= 2 ? 1 : 0, of: 1 },
    ];
  };
});
