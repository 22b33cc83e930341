import type { ContinuousAbstinence } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { type DayStatuses, nothing } from '../evidence/statement.ts';
import type { StudyDay } from '../facts.ts';
import { abstinenceFold, type WindowStatus, type Windows } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';

/** Follows one source from day to day: whether it has spoken of a day so far, and has left no longer gap than declared. */
function watch(statuses: DayStatuses, gapAtMost: number): (day: StudyDay) => boolean {
  let gap = 0;
  let spoken = false;
  let unbroken = true;
  return (day) => {
    if (statuses[day] === nothing) gap += 1;
    else {
      gap = 0;
      spoken = true;
    }
    if (gap > gapAtMost) unbroken = false;
    return spoken && unbroken;
  };
}

/**
 * Judges the days from the first that counts up to each study day: continuous abstinence; with days of grace before the first,
 * prolonged abstinence (Hughes et al. 2003). Covered is a stretch of which every day has evidence, or which has no gap longer than
 * declared and any evidence at all; excluded days are no part of it. A source that has to confirm must speak of at least one of the
 * days, as in a trailing window; where a longest gap is declared it may leave no longer one either, lest a relative's word of the
 * first week confirm a year. Use ends it for good: whatever is missing later, no policy counts the participant as abstinent again.
 */
export function stretchesSoFar(measure: ContinuousAbstinence, days: JudgedDays): Windows {
  const { lastDay, evidence, lookBacks, excluded } = days;
  const { coverage, from, decisivePositive } = measure;
  const { covering, confirming } = evidence;
  const isAllDays = coverage === 'all-days';
  const covers = watch(covering, isAllDays ? 0 : coverage.gapAtMost);
  const confirms = confirming && watch(confirming, isAllDays ? Number.POSITIVE_INFINITY : coverage.gapAtMost);
  let counted = 0;
  let covered = false;
  let used = false;
  let touched = false;
  const statuses: WindowStatus[] = [];
  const judgeNext = (day: StudyDay): void => {
    if (excluded[day] !== 1) {
      counted += 1;
      const [isCovered, isConfirmed] = [covers(day), confirms === undefined || confirms(day)];
      covered = isCovered && isConfirmed;
      if (isUse(evidence, day)) used = true;
      if (lookBacks !== undefined && lookBacks.touched[day] === 1) touched = true;
    }
    if (lookBacks !== undefined && (lookBacks.shownSince[day] ?? 0) >= from) used = true;
    statuses.push(judge(counted, covered || (decisivePositive && used), used, touched));
  };
  return {
    window: 0,
    first: from,
    judge: (day) => {
      // Days that are not mature yet are asked for by nobody.
      while (from + statuses.length <= Math.min(day, lastDay)) judgeNext(from + statuses.length);
      return statuses[day - from] ?? 'outside';
    },
  };
}

function judge(counted: number, covered: boolean, used: boolean, touched: boolean): WindowStatus {
  if (counted === 0) return 'outside';
  if (covered && used) return 'use';
  if (touched) return 'unclear';
  if (covered) return 'abstinent';
  return used ? 'missing-with-use' : 'missing';
}

/** Continuous and prolonged abstinence: facts for each study day from the first that counts to the horizon. */
export const continuousAbstinence = abstinenceFold<ContinuousAbstinence>((measure, told) => [
  stretchesSoFar(measure, told.days(measure)),
]);
