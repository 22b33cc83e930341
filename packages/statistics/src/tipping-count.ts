import { assertCount } from './interval.ts';

/** A group at one day: of `due` participants so many were `abstinent`, so many are `missing`, and all others used. */
export type AbstinentMissingDue = {
  readonly abstinent: number;
  readonly missing: number;
  readonly due: number;
};

/**
 * Which group has the higher rate of abstinence by what was observed: `abstinent / (due − missing)`. Compared exactly.
 *
 * @returns `undefined` if neither is ahead, or if nothing was observed of a group
 * @throws RangeError unless all are whole numbers, 0 … 2⁵³ − 1, and `abstinent + missing` is at most `due`
 */
export function groupAhead(first: AbstinentMissingDue, second: AbstinentMissingDue): 'first' | 'second' | undefined {
  const [a, b] = [exactly(first), exactly(second)];
  const [observedOfA, observedOfB] = [a.due - a.missing, b.due - b.missing];
  if (observedOfA === 0n || observedOfB === 0n) return undefined;
  const [left, right] = [a.abstinent * observedOfB, b.abstinent * observedOfA];
  if (left === right) return undefined;
  return left > right ? 'first' : 'second';
}

/**
 * How much unseen use it takes to undo a lead: the smallest number of missing participants of the group that is ahead
 * ({@link groupAhead}) who would have to have used, all other missing participants of both groups being abstinent, for it to be no
 * longer ahead: its rate of abstinence among all who are due at most that of the other group. A count of participants, exact.
 *
 * 0 if the group is not ahead even when none of its missing participants used.
 *
 * Source: tipping-point analysis, Yan X., Lee S., Li N. (2009), Missing data handling methods in medical device clinical trials,
 * Journal of Biopharmaceutical Statistics 19, 1085–1098.
 *
 * @returns `undefined` if the lead stands even with all of them having used, if neither group is ahead, or if nothing was observed
 * of a group
 * @throws RangeError unless all are whole numbers, 0 … 2⁵³ − 1, and `abstinent + missing` is at most `due`
 */
export function tippingCount(first: AbstinentMissingDue, second: AbstinentMissingDue): number | undefined {
  const lead = groupAhead(first, second);
  if (lead === undefined) return undefined;
  const [ahead, other] = (lead === 'first' ? [first, second] : [second, first]).map(exactly);
  if (ahead === undefined || other === undefined) return undefined;

  // (possible − used) / ahead.due ≤ otherPossible / other.due: so many at most may be abstinent.
  const atMost = ((other.abstinent + other.missing) * ahead.due) / other.due;
  const used = ahead.abstinent + ahead.missing - atMost;
  if (used > ahead.missing) return undefined;
  return used > 0n ? Number(used) : 0;
}

function exactly({ abstinent, missing, due }: AbstinentMissingDue) {
  for (const [name, count] of Object.entries({ abstinent, missing, due })) assertCount(name, count);
  const exact = { abstinent: BigInt(abstinent), missing: BigInt(missing), due: BigInt(due) };
  if (exact.abstinent + exact.missing > exact.due) {
    throw new RangeError(`${abstinent} abstinent and ${missing} missing of ${due} due participants cannot be`);
  }
  return exact;
}
