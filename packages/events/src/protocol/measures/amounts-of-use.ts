import { z } from 'zod';
import { CovariateId, Unit } from '../../identifiers.ts';
import { stretches } from './common.ts';
import { followedPolicies, HeavyDay, useEvidence } from './use-evidence.ts';

export const DaysOfUse = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('days-of-use'),
    counts: z.enum(['abstinent', 'use', 'heavy']).meta({ description: 'which days are counted' }),
    over: stretches,
    heavy: HeavyDay.optional(),
    policies: followedPolicies,
  })
  .meta({
    title: 'Days of use',
    description: 'Per participant the share of days abstinent, of use or of heavy use; per arm their mean.',
  });
export type DaysOfUse = z.infer<typeof DaysOfUse>;

export const Amount = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('amount'),
    unit: Unit.meta({
      description: '`g`, or the unit that the protocol counts the substances in (which may be money)',
    }),
    per: z.enum(['day', 'using-day']).meta({ description: 'what days the amount is divided by: all, or those of use' }),
    over: stretches,
  })
  .meta({ title: 'Amount', description: 'Mean amount per day asked about, or per day of use.' });
export type Amount = z.infer<typeof Amount>;

export const NoHeavyDays = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('no-heavy-days'),
    over: stretches,
    heavy: HeavyDay,
    policies: followedPolicies,
  })
  .meta({ title: 'No heavy days', description: 'Whether a participant had no heavy day in a stretch.' });
export type NoHeavyDays = z.infer<typeof NoHeavyDays>;

export const RiskLevel = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('risk-level'),
    over: stretches,
    sex: z
      .strictObject({
        covariate: CovariateId.meta({ description: 'its name' }),
        female: z.string().min(1).max(120).meta({ description: 'its value of women; any other is of men' }),
      })
      .meta({ description: 'the baseline covariate of sex, and the value that says female: limits differ' }),
    baselineDays: z
      .int()
      .min(7)
      .max(365)
      .default(28)
      .meta({ description: 'days before randomisation that the shift is measured from' }),
  })
  .meta({
    title: 'WHO risk level',
    description: 'Risk level of drinking by mean grams a day (WHO 2000), and how far it fell from baseline.',
  });
export type RiskLevel = z.infer<typeof RiskLevel>;
