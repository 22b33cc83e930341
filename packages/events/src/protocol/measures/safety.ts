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

export const Suicidality = z.strictObject({ ...named, kind: z.literal('suicidality'), horizon }).meta({
  title: 'Suicidality',
  description: 'C-SSRS: worst type of ideation, and any behaviour, after randomisation.',
});
export type Suicidality = z.infer<typeof Suicidality>;

export const VitalPeaks = z
  .strictObject({ ...named, kind: z.literal('vital-peaks'), horizon })
  .meta({ title: 'Vital peaks', description: 'Highest blood pressure and heart rate after a dose.' });
export type VitalPeaks = z.infer<typeof VitalPeaks>;
