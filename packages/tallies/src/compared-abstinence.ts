import { riskDifference, tippingCount } from '@holdfast/statistics';
import type { AbstinenceDay } from './curves.ts';

/** What an arm is compared by on one day: the counts under *observed only*, and those of everybody followed (*worst case*). */
export type ComparedDay = {
  readonly observed: Pick<AbstinenceDay, 'abstinent' | 'assessable'>;
  readonly followed: Pick<AbstinenceDay, 'abstinent' | 'due' | 'missing'>;
};

/** Two arms on one day: their rates by what was observed, their difference, and how many of the missing could undo it. */
export type ComparedAbstinence = {
  /** Proportions of the observed, 0 … 1; undefined of nobody. */
  readonly rate: number | undefined;
  readonly controlRate: number | undefined;
  /** The rate less that of the control, −1 … 1, with its 95 % interval; undefined where nobody of either was observed. */
  readonly difference: number | undefined;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  /** Of those followed, how many have no judged window. */
  readonly missing: number;
  readonly controlMissing: number;
  /** The tipping count, participants; undefined where no number of the missing can undo a lead, or there is none. */
  readonly tipping: number | undefined;
};

/**
 * Compares an arm with the control on one day, *observed only* (Newcombe, 1998), and counts how much unseen use it takes to undo
 * the lead of whichever is ahead: the smallest number of its missing participants who must have used, all other missing
 * participants being abstinent (Yan, Lee and Li, 2009). Who was observed and is not known to be abstinent used.
 */
export function comparedAbstinence(arm: ComparedDay, control: ComparedDay): ComparedAbstinence {
  const observed = ({ observed: { abstinent, assessable } }: ComparedDay) => ({ events: abstinent, n: assessable });
  const difference = riskDifference(observed(arm), observed(control));
  return {
    rate: rateOf(arm),
    controlRate: rateOf(control),
    difference: difference?.difference,
    lower: difference?.lower,
    upper: difference?.upper,
    missing: arm.followed.missing,
    controlMissing: control.followed.missing,
    tipping: tippingCount(arm.followed, control.followed),
  };
}

function rateOf({ observed: { abstinent, assessable } }: ComparedDay): number | undefined {
  return assessable === 0 ? undefined : abstinent / assessable;
}
