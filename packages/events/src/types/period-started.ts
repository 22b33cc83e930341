import { z } from 'zod';
import { PeriodId } from '../identifiers.ts';

export const PeriodStarted = z
  .strictObject({
    period: PeriodId.meta({ description: 'period of the crossover, as the protocol names it' }),
    sequence: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'order of treatments, such as `AB`; tells the treatment, so it makes the event closed' }),
  })
  .meta({ title: 'Period started', description: 'A period of a crossover began on the day of `time`.' });
