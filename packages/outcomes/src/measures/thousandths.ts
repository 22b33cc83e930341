/** The greatest integer that is counted; the tallies hold 32 bits. */
export const greatestCounted = 2 ** 31 - 1;

/** A decimal number as an integer of thousandths, so that equal numbers are one cell of the tallies. */
export function thousandths(number: number): number {
  // Adding 0 makes 0 of -0.
  return Math.round(number * 1_000) + 0;
}
