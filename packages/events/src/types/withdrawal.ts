import { z } from 'zod';
import { FactorId, ShortText } from '../identifiers.ts';

export const TreatmentDiscontinued = z
  .strictObject({
    factor: FactorId.optional().meta({
      description: 'which factor of the arms ended, such as `drug`; absent if all study treatment did',
    }),
    reason: z
      .enum(['adverse-event', 'lack-of-effect', 'participant', 'clinician', 'pregnancy', 'deviation', 'other'])
      .meta({ description: 'why it ended; `participant` and `clinician`: whose wish it was' }),
    detail: ShortText.optional().meta({ description: 'a few words; names no arm' }),
  })
  .meta({
    title: 'Treatment discontinued',
    description: 'Study treatment ended early on the day of `time`. Follow-up goes on.',
  });

export const ConsentWithdrawn = z
  .strictObject({
    scope: z.enum(['treatment', 'follow-up', 'data']).meta({
      description:
        'treatment: no more of it, follow-up goes on; follow-up: no more contact, data kept; data: nor may they be used',
    }),
    reason: ShortText.optional().meta({ description: 'a few words, if any were given' }),
  })
  .meta({ title: 'Consent withdrawn', description: 'The participant took back consent on the day of `time`.' });
