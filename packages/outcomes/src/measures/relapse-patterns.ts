import type { RelapsePattern } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { courseOn, isConfirmed } from './course-of-use.ts';
import type { JudgedDays } from './participant-days.ts';

/**
 * The earliest onset of a pattern that the days so far do not exclude. Confirmed: the day that ended the run which shows it.
 * Not confirmed: the pattern may still come of what has begun on that day; no earlier day can be its onset any more.
 */
export type Onset = { readonly onset: StudyDay; readonly confirmed: StudyDay | undefined };

type WeeksInARow = Extract<RelapsePattern, { is: 'weeks-in-a-row' }>;
type DaysInARow = Extract<RelapsePattern, { is: 'days-in-a-row' }>;

/**
 * The first counting day that makes a week one of use: its first day of use, or where weeks without evidence count as use, its
 * first day. `free`: it is none; `excluded`: no day of it counts. *Confirmed*, evidence of a week is a day that the participant
 * speaks of and a day with a test.
 */
function useInWeek(
  days: JudgedDays,
  first: StudyDay,
  last: StudyDay,
  missing: 'use' | 'free',
): StudyDay | 'free' | 'excluded' {
  let began: StudyDay | undefined;
  let covered = false;
  let confirmed = false;
  for (let day = first; day <= last; day += 1) {
    const course = courseOn(days, day);
    if (course === 'use') return day;
    if (course === 'excluded') continue;
    began ??= day;
    if (course === 'free') covered = true;
    if (isConfirmed(days, day)) confirmed = true;
  }
  if (began === undefined) return 'excluded';
  return missing === 'use' && !(covered && confirmed) ? began : 'free';
}

/**
 * So many weeks of use in a row, among the weeks of seven days from … from + 6, … A week counts when its last day is known; of
 * which no day counts it neither breaks nor lengthens the run. The onset lies in the run's first week.
 */
export function weeksInARow(
  { weeks, missing }: WeeksInARow,
  days: JudgedDays,
  from: StudyDay,
  to: StudyDay,
): Onset | undefined {
  let onset: StudyDay | undefined;
  let run = 0;
  for (let first = from; first <= to; first += 7) {
    const last = first + 6;
    const began = useInWeek(days, first, Math.min(last, to), missing);
    if (last > to) {
      // The days so far do not yet say what the week will have been; they say where its onset would be.
      if (typeof began === 'number') onset ??= began;
      break;
    }
    if (began === 'excluded') continue;
    if (began === 'free') {
      onset = undefined;
      run = 0;
      continue;
    }
    onset ??= began;
    run += 1;
    if (run === weeks) return { onset, confirmed: last };
  }
  return onset === undefined ? undefined : { onset, confirmed: undefined };
}

/** So many days of use in a row; excluded days neither break nor lengthen the run. */
export function daysInARow(
  { days: needed, missing }: DaysInARow,
  days: JudgedDays,
  from: StudyDay,
  to: StudyDay,
): Onset | undefined {
  let onset: StudyDay | undefined;
  let run = 0;
  for (let day = from; day <= to; day += 1) {
    const course = courseOn(days, day);
    if (course === 'excluded') continue;
    if (course === 'use' || (course === 'missing' && missing === 'use')) {
      onset ??= day;
      run += 1;
      if (run === needed) return { onset, confirmed: day };
    } else {
      onset = undefined;
      run = 0;
    }
  }
  return onset === undefined ? undefined : { onset, confirmed: undefined };
}

/** At least so many of the given days (in increasing order) within a stretch of days, which begins with one of them. */
export function daysWithin(
  given: readonly StudyDay[],
  needed: number,
  within: number,
  from: StudyDay,
  to: StudyDay,
): Onset | undefined {
  const known = given.filter((day) => day >= from && day <= to);
  let begun: StudyDay | undefined;
  for (const [i, onset] of known.entries()) {
    const last = onset + within - 1;
    const confirmed = known[i + needed - 1];
    if (confirmed !== undefined && confirmed <= last) return { onset, confirmed };
    const canCome = last > to && known.length - i + (last - to) >= needed;
    if (canCome) begun ??= onset;
  }
  return begun === undefined ? undefined : { onset: begun, confirmed: undefined };
}

/** A pattern's one name, in facts and explanations, such as `4-weeks-in-a-row` or `3-heavy-days-in-7`. */
export function patternName(pattern: RelapsePattern): string {
  switch (pattern.is) {
    case 'weeks-in-a-row':
      return `${pattern.weeks}-weeks-in-a-row${pattern.missing === 'use' ? '-missing-as-use' : ''}`;
    case 'days-in-a-row':
      return `${pattern.days}-days-in-a-row${pattern.missing === 'use' ? '-missing-as-use' : ''}`;
    case 'heavy-days':
      return pattern.days === 1 ? 'heavy-day' : `${pattern.days}-heavy-days-in-${pattern.within}`;
    case 'baseline-pattern':
      return `baseline-pattern-of-${pattern.within}-days`;
    default:
      return pattern.is;
  }
}
