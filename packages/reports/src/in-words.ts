import type { Value } from './rows/index.ts';

/** What stands where there is no number. */
export const nothing = '–';

/** A number with so many decimals and a true minus sign. */
export function decimal(value: Value, decimals: number): string {
  if (typeof value !== 'number') return nothing;
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A share, 0 … 1, in per cent. */
export const percent = (share: Value): string => (typeof share === 'number' ? decimal(100 * share, 1) : nothing);

const interval = (lower: string, upper: string) =>
  lower === nothing || upper === nothing ? '' : ` (${lower} to ${upper})`;

/** `40.0 (24.6 to 57.7)`, in per cent. */
export const shareWithLimits = (share: Value, lower: Value, upper: Value): string =>
  percent(share) + interval(percent(lower), percent(upper));

export const withLimits = (value: Value, lower: Value, upper: Value, decimals: number): string =>
  decimal(value, decimals) + interval(decimal(lower, decimals), decimal(upper, decimals));

/** A difference of shares in percentage points, with its sign. */
export function pointsWithLimits(difference: Value, lower: Value, upper: Value): string {
  const signed = (share: Value) => {
    if (typeof share !== 'number') return nothing;
    const text = percent(share);
    return share > 0 && Number(text) !== 0 ? `+${text}` : text;
  };
  return signed(difference) + interval(signed(lower), signed(upper));
}

export const count = (value: Value): string => (value === undefined ? nothing : String(value));
