import type { DaysOfUse, FollowedPolicy } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { heavinessOf } from './heavy.ts';
import type { Told } from './measure-fold.ts';
import type { JudgedDays } from './participant-days.ts';
import { knownOf, type StretchValue, shownPolicies, stretchFold } from './stretches.ts';

/** Of a day at risk: whether it is one of the days that are counted, or nobody knows. */
type Counted = 'counted' | 'other' | 'missing';

function countedDays(measure: DaysOfUse, told: Told, days: JudgedDays): (day: StudyDay) => Counted {
  const { counts, heavy } = measure;
  if (counts === 'heavy') {
    if (heavy === undefined) throw new Error(`${measure.id} counts heavy days and does not say what they are`);
    const heaviness = heavinessOf({ ...measure, heavy }, told, days);
    return (day) => {
      const found = heaviness(day);
      return found === 'missing' ? found : found === 'heavy' ? 'counted' : 'other';
    };
  }
  return (day) => {
    const known = knownOf(day, days);
    return known === 'missing' ? known : known === counts ? 'counted' : 'other';
  };
}

/**
 * Days counted of days at risk. *Observed only*: of the days that are known; no value if none is. The others: of all days at risk
 * within planned follow-up, those after leaving included, the missing as use (heavy where heavy days are counted) under *missing
 * is use* and *worst case*, as abstinent under *best case*.
 */
function valueUnder(
  policy: FollowedPolicy,
  measure: DaysOfUse,
  atRisk: readonly StudyDay[],
  dayIs: (day: StudyDay) => Counted,
  plannedFollowUp: StudyDay,
): StretchValue[] {
  const isObserved = policy === 'observed-only';
  const days = atRisk.filter((day) => (isObserved ? dayIs(day) !== 'missing' : day <= plannedFollowUp));
  if (days.length === 0) return [];
  const missingCounts = (measure.counts === 'abstinent') === (policy === 'best-case');
  const value = days.filter((day) => dayIs(day) === 'counted' || (missingCounts && dayIs(day) === 'missing')).length;
  return [{ kind: 'days', policy, value, of: days.length }];
}

/**
 * Days abstinent, of use or of heavy use in stretches of study days: per participant a share of their days at risk, so that the
 * mean over an arm is that of participants, not of pooled days (percent days abstinent; Babor et al. 1994).
 */
export const daysOfUse = stretchFold<DaysOfUse>(
  (measure, told, days) => {
    const dayIs = countedDays(measure, told, days);
    return (atRisk, plannedFollowUp) =>
      shownPolicies(measure.policies).flatMap((policy) => valueUnder(policy, measure, atRisk, dayIs, plannedFollowUp));
  },
  ({ counts }) => counts === 'heavy',
);
