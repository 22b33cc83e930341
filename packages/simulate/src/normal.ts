/** Standard normal deviate below which a share of 0 … 1 lies (Acklam 2003, relative error below 1.2e-9). */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const at = (x: number, factors: readonly number[]) => factors.reduce((sum, factor) => sum * x + factor, 0);
  const tail = 0.02425;
  if (share < tail) {
    const q = Math.sqrt(-2 * Math.log(share));
    return at(q, c) / at(q, d);
  }
  if (share > 1 - tail) return -normalQuantile(1 - share);
  const q = share - 0.5;
  const r = q * q;
  return (at(r, a) * q) / at(r, b);
}

const steps = 48;
const furthest = 6;
/** Deviates and their weights: a mean over the standard normal distribution, by the trapezoidal rule, which is all but exact here. */
const deviates: readonly (readonly [deviate: number, weight: number])[] = (() => {
  const raw = Array.from({ length: steps + 1 }, (_, i) => {
    const z = -furthest + (2 * furthest * i) / steps;
    return [z, Math.exp(-(z * z) / 2)] as const;
  });
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0);
  return raw.map(([z, weight]) => [z, weight / total] as const);
})();

/** The mean of a function of a normal deviate with this standard deviation around 0. */
export function normalMean(sd: number, of: (deviate: number) => number): number {
  if (sd === 0) return of(0);
  return deviates.reduce((sum, [z, weight]) => sum + weight * of(z * sd), 0);
}
