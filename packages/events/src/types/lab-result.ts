import { z } from 'zod';
import { Unit, VisitId } from '../identifiers.ts';

const Normal = z
  .strictObject({
    low: z.number().optional().meta({ description: 'lower limit of normal' }),
    high: z.number().optional().meta({ description: 'upper limit of normal' }),
  })
  .refine(({ low, high }) => low !== undefined || high !== undefined, { error: 'has no limit; give low or high' })
  .refine(({ low, high }) => low === undefined || high === undefined || low <= high, {
    path: ['high'],
    error: 'is below `low`; swap the two',
  });

export const LabResult = z
  .strictObject({
    test: z.string().min(1).max(64).meta({ description: 'what was measured, such as `ALT`, always written alike' }),
    value: z.number().optional().meta({ description: 'the number measured' }),
    unit: Unit.optional().meta({ description: 'of the value and its limits; `1` for a ratio' }),
    limit: z
      .enum(['below', 'above'])
      .optional()
      .meta({ description: 'the true value lies below or above `value`, beyond what the method can measure' }),
    finding: z
      .enum(['positive', 'negative', 'indeterminate'])
      .optional()
      .meta({ description: 'of a test that gives no number, such as a pregnancy test' }),
    normal: Normal.optional().meta({ description: 'the laboratory’s reference range, in `unit`' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
  })
  .superRefine(({ value, unit, limit, finding, normal }, context) => {
    const refuse = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message });
    if (value === undefined && finding === undefined) refuse('has no result; give value or finding');
    if (value !== undefined && unit === undefined)
      refuse('is missing for a value; give its unit (`1` for a ratio)', 'unit');
    if (value === undefined && limit !== undefined) refuse('limits no value; give the value, or remove it', 'limit');
    if (unit === undefined && normal !== undefined) refuse('has no unit; give value and unit, or remove it', 'normal');
  })
  .meta({ title: 'Laboratory result', description: 'One test of a sample taken on the day of `time`.' });
