import { z } from 'zod';
import { SubstanceId, VisitId } from '../identifiers.ts';

/** What a site reports of one urine screen. What an omitted substance means is the trial's `unnamed` rule. */
export const UrineScreen = z
  .strictObject({
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
    results: z
      .record(SubstanceId, z.enum(['positive', 'negative', 'invalid', 'not-done', 'refused']))
      .meta({ description: 'by substance; what an omitted one means is the trial’s `unnamed` rule' }),
    sample: z
      .enum(['valid', 'invalid'])
      .optional()
      .meta({ description: 'validity of the sample (temperature, creatinine …); an invalid one says nothing at all' }),
    supervised: z.boolean().optional().meta({ description: 'whether somebody watched the sample being given' }),
  })
  .meta({ title: 'Urine screen', description: 'One sample on the day of `time`, by substance.' });
