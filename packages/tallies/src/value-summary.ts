import { meanInterval, type Summary, summaryOf, type Valued, wilson } from '@holdfast/statistics';

/** What values come to, with the 95 % interval of their mean; limits are undefined where they are not defined. */
export type ValueSummary = Summary & {
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  readonly method: 'wilson' | 't';
};

/**
 * What the values of a part of a trial come to, in their unit. The mean of yes and no is a proportion (0 … 1) with Wilson's
 * interval (Wilson, 1927), that of all else a mean with Student's (Student, 1908): none of fewer than two participants, or of equals.
 *
 * @param yesOrNo whether they only say yes or no: a matter of the kind of value, not of the part, which may happen to have no others
 * @throws RangeError if they are said to be yes or no and are not
 */
export function valueSummary(valued: readonly Valued[], yesOrNo: boolean): ValueSummary {
  const summary = summaryOf(valued);
  const interval = yesOrNo ? wilson(summary.sum, summary.n) : meanInterval(summary);
  return { ...summary, lower: interval?.lower, upper: interval?.upper, method: yesOrNo ? 'wilson' : 't' };
}
