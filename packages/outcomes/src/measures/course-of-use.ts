import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { StudyDay } from '../facts.ts';
import type { JudgedDays, ParticipantDays } from './participant-days.ts';

/**
 * What a study day is to a first event. `use`: any source says so, or a positive biomarker was sampled on it that looks back on
 * days at risk only (by then it had happened). `free`: there is the evidence that judges days, and none of use. `excluded`: a
 * strategy takes the day out. Else `missing`: no evidence, or a positive biomarker speaks of the day and nobody knows.
 */
export type CourseOfDay = 'use' | 'free' | 'missing' | 'excluded';

type Days = Pick<JudgedDays, 'evidence' | 'lookBacks' | 'excluded'>;

export function courseOn({ evidence, lookBacks, excluded }: Days, day: StudyDay): CourseOfDay {
  if (excluded[day] === 1) return 'excluded';
  if (isUse(evidence, day)) return 'use';
  if (lookBacks !== undefined && lookBacks.shownSince[day] !== 0) return 'use';
  if (evidence.covering[day] === nothing || lookBacks?.touched[day] === 1) return 'missing';
  return 'free';
}

/** Whether a day has what a *confirmed* rule asks for beside the participant's word; under the other rules every day has. */
export function isConfirmed({ evidence, lookBacks, excluded }: Days, day: StudyDay): boolean {
  if (evidence.confirming === undefined) return true;
  return excluded[day] !== 1 && lookBacks?.touched[day] !== 1 && evidence.confirming[day] !== nothing;
}

/**
 * The last mature day after `since`, up to `to`, as far as all that the rule asks for reaches: the last day of use, or with
 * evidence of none; `since` if there is none. *Confirmed*, it is the earlier of the participant's last day and the last test.
 */
export function lastAssessed(days: ParticipantDays, since: StudyDay, to: StudyDay): StudyDay {
  let covered = since;
  let confirmed = since;
  for (let day = since + 1; day <= to; day += 1) {
    if (days.mature[day] !== 1) continue;
    const course = courseOn(days, day);
    if (course === 'use' || course === 'free') covered = day;
    if (course === 'use' || isConfirmed(days, day)) confirmed = day;
  }
  return Math.min(covered, confirmed);
}

/**
 * The last day up to which every study day from 1 on is mature; 0 if there is none. Stretches of days are judged up to it only:
 * visits that close late can leave a day open behind which others are mature already, and a stretch with a hole in it would be
 * judged by the punctual.
 */
export function lastOfMatureBeginning({ mature, lastDay }: Pick<ParticipantDays, 'mature' | 'lastDay'>): StudyDay {
  let to = 0;
  while (to < lastDay && mature[to + 1] === 1) to += 1;
  return to;
}

/** The days with nothing mature after the first that is not. */
export function matureBeginning(days: ParticipantDays): ParticipantDays {
  const mature = days.mature.slice();
  mature.fill(0, lastOfMatureBeginning(days) + 1);
  return { ...days, mature };
}
