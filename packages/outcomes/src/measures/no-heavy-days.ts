import type { FollowedPolicy, NoHeavyDays } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { type Heaviness, heavinessOf } from './heavy.ts';
import { type StretchValue, shownPolicies, stretchFold } from './stretches.ts';

/**
 * 1 of 1 for whom a stretch has no heavy day, else 0 of 1. *Observed only*: of whom every day at risk is known, whatever was found,
 * a heavy day included: who lacks a day is missing. The others: everybody with a day at risk within planned follow-up, over those
 * days; who lacks a day of them has had a heavy day under *missing is use* and *worst case*, and under *best case* only if one was seen.
 */
function valueUnder(
  policy: FollowedPolicy,
  atRisk: readonly StudyDay[],
  dayIs: (day: StudyDay) => Heaviness,
  plannedFollowUp: StudyDay,
): StretchValue[] {
  const isObserved = policy === 'observed-only';
  const days = (isObserved ? atRisk : atRisk.filter((day) => day <= plannedFollowUp)).map(dayIs);
  if (days.length === 0 || (isObserved && days.includes('missing'))) return [];
  const free = !days.includes('heavy') && (policy === 'best-case' || !days.includes('missing'));
  return [{ kind: 'no-heavy-days', policy, value: free ? 1 : 0, of: 1 }];
}

/** Whether a participant had no heavy day in stretches of study days (percent of participants with no heavy days; Falk et al. 2010). */
export const noHeavyDays = stretchFold<NoHeavyDays>((measure, told, days) => {
  const dayIs = heavinessOf(measure, told, days);
  return (atRisk, plannedFollowUp) =>
    shownPolicies(measure.policies).flatMap((policy) => valueUnder(policy, atRisk, dayIs, plannedFollowUp));
});
