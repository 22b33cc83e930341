import { z } from 'zod';
import { VisitId } from '../identifiers.ts';

const scores = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, { error: 'not the name of an item; write it like item-3' }),
  z.number(),
);

export const ScaleScore = z
  .strictObject({
    instrument: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, { error: 'not an instrument id; write it like HAM-D-17' }),
    version: z.string().min(1).max(32).optional(),
    visit: VisitId.optional(),
    total: z.number().optional(),
    items: scores.optional(),
    subscores: scores.optional(),
    rater: z.enum(['self', 'clinician', 'rater']).optional(),
    hoursAfterDose: z.number().nonnegative().max(10_000).optional().meta({ description: 'makes the score closed' }),
  })
  .refine((score) => score.total !== undefined || score.items !== undefined, {
    error: 'has no score; give total or items',
  })
  .meta({ title: 'Scale score', description: 'One administration of a rating scale.' });
