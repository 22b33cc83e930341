/** More bits than a number holds: the first one cut off decides the rounding, the last one stands for all the rest. */
const BITS = 66;

/**
 * `dividend / divisor` as the number nearest to the exact fraction, however long both are; the result must lie within a number's
 * range, which quotients of sums of whole numbers do.
 * @param divisor above 0
 */
export function quotient(dividend: bigint, divisor: bigint): number {
  if (dividend < 0n) return -quotient(-dividend, divisor);
  const shift = BITS + bitsOf(divisor) - bitsOf(dividend);
  const [scaled, by] = shift >= 0 ? [dividend << BigInt(shift), divisor] : [dividend, divisor << BigInt(-shift)];
  const whole = scaled / by;
  const inexact = whole * by !== scaled;
  return Number(inexact ? whole | 1n : whole) * 2 ** -shift;
}

/** How long a number is in bits, to within four: enough for a shift. */
function bitsOf(n: bigint): number {
  return n.toString(16).length * 4;
}
