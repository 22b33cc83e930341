import { z } from 'zod';
import { Instant } from '../identifiers.ts';

export const Route = z.enum(['oral', 'iv', 'im', 'intranasal', 'sublingual', 'depot']);

const Dose = z
  .strictObject({
    mg: z.number().nonnegative().max(1e6).optional().meta({ description: 'milligrams' }),
    mgPerKg: z
      .number()
      .nonnegative()
      .max(1e4)
      .optional()
      .meta({ description: 'milligrams per kilogram of body weight' }),
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
    drug: z.string().min(1).max(64).meta({ description: 'the drug; `study drug` where the site does not know' }),
    route: Route.optional().meta({ description: 'how it was given' }),
    session: z.int().min(1).max(999).optional().meta({ description: 'which dosing session; 1 is the first' }),
    given: Dose.meta({ description: 'what was given' }),
    planned: Dose.optional().meta({ description: 'what was to be given' }),
    start: Instant.optional().meta({ description: 'when an infusion began' }),
    end: Instant.optional().meta({ description: 'when it ended' }),
    stoppedEarly: z.boolean().optional().meta({ description: 'whether it was stopped before all was given' }),
  })
  .superRefine(({ given, planned, start, end, stoppedEarly }, context) => {
    const refuse = (message: string, path: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start))
      refuse('lies before `start`; swap the two', 'end');
    const allGiven = (['mg', 'mgPerKg', 'units'] as const).some((unit) => {
      const [was, tobe] = [given[unit], planned?.[unit]];
      return was !== undefined && tobe !== undefined && was >= tobe;
    });
    if (stoppedEarly === true && allGiven)
      refuse('is true though all that was planned was given; correct one of the two', 'stoppedEarly');
  })
  .meta({ title: 'Dose given', description: 'Study drug given on the day of `time`. Closed.' });
