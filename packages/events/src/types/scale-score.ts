import { z } from 'zod';
import { InstrumentId, ItemId, VisitId } from '../identifiers.ts';
import { instruments } from '../instruments.ts';

const scores = z.record(ItemId, z.number());

export const ScaleScore = z
  .strictObject({
    instrument: InstrumentId.meta({
      description: 'one of the table of instruments, or of those that the protocol declares',
    }),
    version: z.string().min(1).max(32).optional().meta({ description: 'version or year of the form' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
    total: z.number().optional().meta({ description: 'total score; of C-SSRS there is none' }),
    items: scores.optional().meta({ description: 'score of each item, by name' }),
    subscores: scores.optional().meta({ description: 'score of each subscale, by name' }),
    rater: z.enum(['self', 'clinician', 'rater']).optional().meta({ description: 'who scored it' }),
    hoursAfterDose: z
      .number()
      .nonnegative()
      .max(10_000)
      .optional()
      .meta({ description: 'hours since the last dose; makes the score closed' }),
  })
  .refine((score) => score.total !== undefined || score.items !== undefined, {
    error: 'has no score; give total or items',
  })
  .refine(({ instrument, total }) => total === undefined || !hasItemsOnly(instrument), {
    path: ['total'],
    error: 'is of an instrument without a total; give items',
  })
  .meta({ title: 'Scale score', description: 'One administration of a rating scale.' });

function hasItemsOnly(instrument: string): boolean {
  const known = instruments.get(instrument);
  return known !== undefined && known.total === undefined;
}
