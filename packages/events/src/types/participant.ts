import { z } from 'zod';
import { ArmId, CivilDate, CovariateId, ShortText, SubstanceId } from '../identifiers.ts';

export const ParticipantEnrolled = z
  .strictObject({
    consentDate: CivilDate.meta({ description: 'civil date of consent; study days count from it until randomisation' }),
    substances: z.array(SubstanceId).max(32).optional().meta({ description: 'substances of the disorder' }),
    baseline: z
      .record(
        CovariateId,
        z.union([z.string().max(120), z.number(), z.boolean()], {
          error: 'must be a text of at most 120 characters, a number, true or false',
        }),
      )
      .optional()
      .meta({ description: 'baseline covariates, by the names that the protocol gives them' }),
  })
  .meta({ title: 'Participant enrolled', description: 'The participant consented and joined the trial.' });

export const ParticipantRandomised = z
  .strictObject({
    date: CivilDate.meta({ description: 'date of randomisation: study day 0' }),
    stratum: z
      .string()
      .min(1)
      .max(120)
      .optional()
      .meta({ description: 'stratum of the randomisation, as the protocol names it' }),
  })
  .meta({ title: 'Participant randomised', description: 'Sets study day 0. Says nothing of the arm.' });

export const ParticipantRerandomised = z
  .strictObject({
    which: z.int().min(2).max(99).meta({ description: 'which randomisation; 2 is the second' }),
    date: CivilDate.meta({ description: 'its date' }),
  })
  .meta({ title: 'Participant randomised again', description: 'A later randomisation. It never moves study day 0.' });

export const ArmAssigned = z
  .strictObject({ arm: ArmId.meta({ description: 'the arm as the protocol names it' }) })
  .meta({ title: 'Arm assigned', description: 'Sent by the randomisation service, never by a site. Closed.' });

export const ParticipantLeft = z
  .strictObject({
    how: z
      .enum(['completed', 'lost', 'died', 'stopped'])
      .meta({ description: '`lost`: nobody knows why; `stopped`: the participant or the trial ended it' }),
    reason: ShortText.optional().meta({ description: 'a few words, if known' }),
  })
  .meta({
    title: 'Participant left',
    description: 'Follow-up ended on the day of `time`; of a death, the day of death.',
  });
