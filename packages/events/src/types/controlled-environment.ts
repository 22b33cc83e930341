import { z } from 'zod';
import { CivilDate } from '../identifiers.ts';

export const ControlledEnvironment = z
  .strictObject({
    kind: z.enum(['hospital', 'prison', 'detox', 'other']).meta({ description: 'where the participant was' }),
    from: CivilDate.meta({ description: 'first day' }),
    to: CivilDate.meta({ description: 'last day' }),
  })
  .refine((stay) => stay.from <= stay.to, { path: ['to'], error: 'lies before `from`; swap the two' })
  .meta({ title: 'Controlled environment', description: 'Days on which the participant was not at risk of use.' });
