import type { ContinuousAbstinence } from '@holdfast/events';
import { isUse } from '../evidence/evidence.ts';
import { nothing } from '../evidence/statement.ts';
import { abstinenceFold, type JudgedWindow, type WindowStatus } from './abstinence.ts';
import type { JudgedDays } from './participant-days.ts';

/**
 * Judges the days from the first that counts up to each study day: continuous abstinence; with days of grace before the first,
 * prolonged abstinence (Hughes 2003). Covered is a stretch of which every day has evidence, or which has no gap longer than
 * declared; excluded days are no part of it.
 */
export function* judgedStretches(measure: ContinuousAbstinence, days: JudgedDays): Generator<JudgedWindow> {
  const { lastDay, evidence, lookBacks, excluded } = days;
  const gapAtMost = measure.coverage === 'all-days' ? 0 : measure.coverage.gapAtMost;
  let counted = 0;
  let gap = 0;
  let covered = true;
  let confirmed = evidence.confirming === undefined;
  let used = false;
  let touched = false;
  let earlier: JudgedWindow['earlier'];
  for (let day = measure.from; day <= lastDay; day += 1) {
    if (excluded[day] !== 1) {
      counted += 1;
      gap = evidence.covering[day] === nothing ? gap + 1 : 0;
      if (gap > gapAtMost) covered = false;
      if (evidence.confirming !== undefined && evidence.confirming[day] !== nothing) confirmed = true;
      if (isUse(evidence, day)) used = true;
      if (lookBacks !== undefined && lookBacks.touched[day] === 1) touched = true;
    }
    if (lookBacks !== undefined && (lookBacks.shownSince[day] ?? 0) >= measure.from) used = true;
    const status = judge(counted, (covered && confirmed) || (measure.decisivePositive && used), used, touched);
    yield { day, status, earlier };
    if (status !== 'missing' && status !== 'outside') earlier = { day, status };
  }
}

function judge(counted: number, covered: boolean, used: boolean, touched: boolean): WindowStatus {
  if (counted === 0) return 'outside';
  if (covered && used) return 'use';
  if (touched) return 'unclear';
  return covered ? 'abstinent' : 'missing';
}

/** Continuous and prolonged abstinence: facts for each study day from the first that counts to the horizon. */
export const continuousAbstinence = abstinenceFold<ContinuousAbstinence>((measure, days) => [
  { window: 0, judged: () => judgedStretches(measure, days) },
]);
