/** An amount as a calendar gives it, with the unit it is counted in. */
export type Amount = { readonly amount?: number | undefined; readonly unit?: string | undefined };
/** How a trial counts a substance. */
export type CountedSubstance = { readonly unit?: string | undefined; readonly gramsPerUnit?: number | undefined };

/**
 * Grams of pure substance (of alcohol: ethanol) in an amount. An amount without a unit is in the substance's own.
 * Undefined where nobody can say: no amount, or a unit whose grams the protocol does not declare.
 */
export function gramsOf({ amount, unit }: Amount, substance: CountedSubstance): number | undefined {
  const counted = unit ?? substance.unit;
  if (amount === undefined || counted === undefined) return undefined;
  if (counted === 'g') return amount;
  if (counted !== substance.unit || substance.gramsPerUnit === undefined) return undefined;
  return amount * substance.gramsPerUnit;
}
