import { z } from 'zod';
import { VisitId } from '../identifiers.ts';

export const TherapySession = z
  .strictObject({
    kind: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'what was done, such as `relapse-prevention` or `alcohol-education`' }),
    minutes: z.number().nonnegative().max(1440).meta({ description: 'how long it took; 0 if nobody came' }),
    session: z.int().min(1).max(999).optional().meta({ description: 'which session of the course; 1 is the first' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
  })
  .meta({ title: 'Therapy session', description: 'Psychological treatment on the day of `time`. Closed.' });
