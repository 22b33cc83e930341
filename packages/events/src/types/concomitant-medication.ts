import { z } from 'zod';
import { CivilDate, ShortText } from '../identifiers.ts';
import { Route } from './dose-given.ts';
import { Quantity } from './quantity.ts';

export const ConcomitantMedication = z
  .strictObject({
    name: z.string().min(1).max(120).meta({ description: 'generic name, such as `naltrexone`' }),
    atc: z
      .string()
      .regex(/^[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?$/, { error: 'not an ATC code; write it like N07BB04' })
      .optional()
      .meta({ description: 'ATC code, if coded' }),
    from: CivilDate.meta({ description: 'first day' }),
    to: CivilDate.optional().meta({ description: 'last day; absent while it goes on' }),
    dose: Quantity.optional().meta({ description: 'a single dose' }),
    route: Route.optional().meta({ description: 'how it was taken' }),
    frequency: z.string().min(1).max(64).optional().meta({ description: 'how often, such as `twice a day`' }),
    indication: ShortText.optional().meta({ description: 'what for' }),
  })
  .refine(({ from, to }) => to === undefined || from <= to, { path: ['to'], error: 'lies before `from`; swap the two' })
  .meta({
    title: 'Concomitant medication',
    description: 'A medicine that is not the study drug, with the days on which it was taken.',
  });
