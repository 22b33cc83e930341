import { z } from 'zod';
import { horizon, named } from './common.ts';

export const AdverseEvents = z
  .strictObject({
    ...named,
    kind: z.literal('adverse-events'),
    only: z
      .enum(['all', 'serious', 'related', 'treatment-emergent'])
      .default('all')
      .meta({ description: 'treatment-emergent: with onset on the day of the first dose or later' }),
    horizon,
  })
  .meta({
    title: 'Adverse events',
    description: 'Participants with at least one, by term, class and worst grade; events and person-time.',
  });
export type AdverseEvents = z.infer<typeof AdverseEvents>;

export const Suicidality = z
  .strictObject({
    ...named,
    kind: z.literal('suicidality'),
    rise: z.int().min(1).max(5).default(2).meta({
      description: 'by how many types, or more, ideation must exceed its baseline to have risen',
    }),
    horizon,
  })
  .meta({
    title: 'Suicidality',
    description: 'C-SSRS: worst type of ideation, and any behaviour, after randomisation.',
  });
export type Suicidality = z.infer<typeof Suicidality>;

const Severe = z
  .strictObject({
    systolic: z.number().min(20).max(350).default(180).meta({ description: 'mmHg' }),
    diastolic: z.number().min(0).max(250).default(110).meta({ description: 'mmHg' }),
  })
  .default({ systolic: 180, diastolic: 110 })
  .meta({ description: 'blood pressure after a dose that is severe: one of the two, or more (as in NCT05661669)' });

export const VitalPeaks = z
  .strictObject({ ...named, kind: z.literal('vital-peaks'), severe: Severe, horizon })
  .meta({ title: 'Vital peaks', description: 'Highest blood pressure and heart rate after a dose.' });
export type VitalPeaks = z.infer<typeof VitalPeaks>;
