/** A number as integers `value / of`: itself if it is whole, else rounded to thousandths. */
export function valueParts(number: number): { readonly value: number; readonly of: number } {
  if (Number.isInteger(number)) return { value: number, of: 1 };
  return { value: Math.round(number * 1_000), of: 1_000 };
}
