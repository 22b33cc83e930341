import { z } from 'zod';
import { ShortText } from '../identifiers.ts';

export const Screened = z
  .strictObject({
    eligible: z.boolean().meta({ description: 'whether all criteria of the trial were met' }),
    reasons: z
      .array(ShortText)
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'why not: the criteria that were not met; only if not eligible' }),
  })
  .superRefine(({ eligible, reasons }, context) => {
    if (eligible === (reasons === undefined)) return;
    context.addIssue({
      code: 'custom',
      path: ['reasons'],
      message: eligible
        ? 'are given though `eligible` is true; remove them or correct `eligible`'
        : 'are missing though `eligible` is false; give at least one',
    });
  })
  .meta({ title: 'Screened', description: 'Somebody was assessed for eligibility on the day of `time`.' });
