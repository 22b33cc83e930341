import { z } from 'zod';
import { horizon, named } from './common.ts';

export const Visits = z
  .strictObject({ ...named, kind: z.literal('visits'), horizon })
  .meta({ title: 'Visits', description: 'Scheduled visits due, kept and late, by visit and over all.' });
export type Visits = z.infer<typeof Visits>;

export const Exposure = z
  .strictObject({
    ...named,
    kind: z.literal('exposure'),
    drug: z.string().min(1).max(64).optional().meta({ description: 'only doses of this drug; absent: all' }),
    horizon,
  })
  .meta({
    title: 'Exposure',
    description: 'Dosing sessions, mg, mg/kg, sessions stopped early; therapy sessions and their minutes.',
  });
export type Exposure = z.infer<typeof Exposure>;
