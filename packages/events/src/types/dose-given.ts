import { z } from 'zod';
import { Instant } from '../identifiers.ts';

const Dose = z
  .strictObject({
    mg: z.number().nonnegative().max(1e6).optional(),
    mgPerKg: z.number().nonnegative().max(1e4).optional(),
    units: z
      .number()
      .nonnegative()
      .max(1e4)
      .optional()
      .meta({ description: 'injections or tablets, where no mg was recorded' }),
  })
  .refine((dose) => dose.mg !== undefined || dose.mgPerKg !== undefined || dose.units !== undefined, {
    error: 'says no amount; give mg, mgPerKg or units',
  });

export const DoseGiven = z
  .strictObject({
    drug: z.string().min(1).max(64),
    route: z.enum(['oral', 'iv', 'im', 'intranasal', 'sublingual', 'depot']).optional(),
    given: Dose,
    planned: Dose.optional(),
    start: Instant.optional(),
    end: Instant.optional(),
    stoppedEarly: z.boolean().optional(),
  })
  .meta({ title: 'Dose given', description: 'Study drug given on the day of `time`. Closed.' });
