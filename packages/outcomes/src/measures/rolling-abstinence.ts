import type { RollingAbstinence } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import type { StudyDay } from '../facts.ts';
import { abstinenceFold, type JudgedWindows, judgeWindows, type WindowStatus } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';

/** Running counts over the days of a window. */
type Counts = { days: number; covered: number; confirmed: number; uses: number; touched: number };

function count(counts: Counts, day: StudyDay, by: 1 | -1, { evidence, lookBacks, excluded }: JudgedDays): void {
  if (excluded[day] === 1) return;
  counts.days += by;
  if (evidence.covering[day] !== nothing) counts.covered += by;
  if (evidence.confirming !== undefined && evidence.confirming[day] !== nothing) counts.confirmed += by;
  if (isUse(evidence, day)) counts.uses += by;
  if (lookBacks !== undefined && lookBacks.touched[day] === 1) counts.touched += by;
}

function judge(counts: Counts, measure: RollingAbstinence, confirming: boolean, shown: boolean): WindowStatus {
  if (counts.days === 0) return 'outside';
  const enough =
    measure.coverage === 'all-days' ? counts.covered === counts.days : counts.covered >= measure.coverage.atLeast;
  const used = counts.uses > 0 || shown;
  const covered = (enough && (!confirming || counts.confirmed > 0)) || (measure.decisivePositive && used);
  if (covered && used) return 'use';
  if (counts.touched > 0) return 'unclear';
  return covered ? 'abstinent' : 'missing';
}

/** Judges the trailing window of each study day d = window … lastDay: first whether it is covered, whatever was found, then what was found. */
export function rollingWindows(measure: RollingAbstinence, window: number, days: JudgedDays): JudgedWindows {
  const { lastDay, evidence, lookBacks } = days;
  const counts: Counts = { days: 0, covered: 0, confirmed: 0, uses: 0, touched: 0 };
  let shownSince = 0;
  const take = (day: StudyDay) => {
    count(counts, day, 1, days);
    if (lookBacks !== undefined) shownSince = Math.max(shownSince, lookBacks.shownSince[day] ?? 0);
  };
  for (let day = 1; day < Math.min(window, lastDay + 1); day += 1) take(day);
  return judgeWindows(window, { first: window, lastDay }, (day) => {
    take(day);
    if (day > window) count(counts, day - window, -1, days);
    return judge(counts, measure, evidence.confirming !== undefined, shownSince > day - window);
  });
}

/** Rolling abstinence: facts for each study day from a window's length to the horizon. */
export const rollingAbstinence = abstinenceFold<RollingAbstinence>((measure, days) =>
  measure.windows.map((window) => rollingWindows(measure, window, days)),
);
