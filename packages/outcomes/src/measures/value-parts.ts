import { thousandths } from './thousandths.ts';

/** A number as integers `value / of`: itself if it is whole, else rounded to thousandths. */
export function valueParts(number: number): { readonly value: number; readonly of: number } {
  return Number.isInteger(number) ? { value: number, of: 1 } : { value: thousandths(number), of: 1_000 };
}
