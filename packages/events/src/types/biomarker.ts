import { z } from 'zod';
import { SubstanceId, VisitId } from '../identifiers.ts';

export const BiomarkerKind = z
  .enum([
    'breath-alcohol',
    'blood-alcohol',
    'transdermal-alcohol',
    'etg',
    'ets',
    'peth',
    'cdt',
    'hair',
    'oral-fluid',
    'sweat-patch',
    'exhaled-co',
    'cotinine',
  ])
  .meta({ description: 'what was measured; etg and ets: ethyl glucuronide and sulfate, of any matrix but hair' });
export type BiomarkerKind = z.infer<typeof BiomarkerKind>;

/** A test for one substance that speaks of a stretch of days: of the day of the sample and the `lookBack` days before it. */
export const Biomarker = z
  .strictObject({
    kind: BiomarkerKind,
    substance: SubstanceId.meta({ description: 'the substance whose use it tells of' }),
    lookBack: z.int().min(0).max(365).meta({
      description:
        'positive means at least one use on the day of the sample or in so many days before it; 0: on the day itself',
    }),
    value: z.number().nonnegative().max(1e9).optional().meta({ description: 'what was measured, in `unit`' }),
    unit: z.string().min(1).max(32).optional().meta({ description: 'of value and cut-off, such as ng/mL' }),
    cutOff: z.number().nonnegative().max(1e9).optional().meta({ description: 'from this value on it is positive' }),
    result: z
      .enum(['positive', 'negative', 'invalid', 'not-done', 'refused'])
      .optional()
      .meta({ description: 'absent: it follows from value and cut-off' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
  })
  .superRefine(({ value, unit, cutOff, result }, context) => {
    const report = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (unit === undefined && (value !== undefined || cutOff !== undefined))
      report('unit', 'is missing beside a value or cut-off; give it, such as ng/mL');
    if (value === undefined || cutOff === undefined) {
      if (result === undefined)
        report('result', 'is missing and cannot be derived; give it, or both `value` and `cutOff`');
    } else if ((result === 'positive' && value < cutOff) || (result === 'negative' && value >= cutOff)) {
      report(
        'result',
        'contradicts `value` and `cutOff` (positive is at or above the cut-off); correct one of the three',
      );
    }
  })
  .meta({
    title: 'Biomarker',
    description: 'One test of breath, blood, skin, urine or hair, sampled on the day of `time`.',
  });
export type Biomarker = z.infer<typeof Biomarker>;

/** What a biomarker found: the result that was given, else that of its value at its cut-off. */
export function biomarkerResult({ result, value, cutOff }: Biomarker): NonNullable<Biomarker['result']> {
  if (result !== undefined) return result;
  // The schema makes sure that without a result both are there.
  return (value ?? 0) >= (cutOff ?? 0) ? 'positive' : 'negative';
}
