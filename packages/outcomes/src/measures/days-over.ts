import type { StudyDay } from '../facts.ts';
import type { When } from './measure-fold.ts';

/**
 * The last study day that is over and can count; −1 if none is. Safety is shown as far as it is known: it waits for no visit and no
 * entry lag, since a warning that waits is none.
 */
export function lastDayOver(lastDay: StudyDay, { clock, dayZero }: Pick<When, 'clock' | 'dayZero'>): StudyDay {
  return clock === undefined ? -1 : Math.max(-1, Math.min(lastDay, clock - dayZero - 1));
}
