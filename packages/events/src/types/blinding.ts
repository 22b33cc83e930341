import { z } from 'zod';
import { ArmId, FactorId, ShortText } from '../identifiers.ts';

export const AllocationGuess = z
  .strictObject({
    by: z.enum(['participant', 'rater', 'therapist', 'investigator', 'relative']).meta({ description: 'who guesses' }),
    arm: ArmId.optional().meta({ description: 'the guess, as the protocol names the arm' }),
    factor: FactorId.optional().meta({ description: 'instead of an arm: the factor that is guessed, such as `drug`' }),
    level: z.string().min(1).max(64).optional().meta({ description: 'the guessed level of `factor`' }),
    sure: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .meta({ description: 'how sure, per cent; absent, as arm and factor are, from a “do not know”' }),
  })
  .superRefine(({ arm, factor, level, sure }, context) => {
    const refuse = (message: string, path: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (arm !== undefined && factor !== undefined)
      refuse('is given besides `arm`; give one of the two, in two events if both were asked', 'factor');
    if (factor !== undefined && level === undefined) refuse('is missing for a factor; give its guessed level', 'level');
    if (factor === undefined && level !== undefined) refuse('is of no factor; give factor, or remove it', 'level');
    if (sure !== undefined && arm === undefined && factor === undefined)
      refuse('is given without a guess; give arm or factor, or remove it', 'sure');
  })
  .meta({
    title: 'Allocation guess',
    description:
      'What somebody blinded believes the allocation to be; with neither arm nor factor: does not know. Closed.',
  });

export const Unblinding = z
  .strictObject({
    by: ShortText.meta({ description: 'who opened the code, as a role or initials' }),
    reason: ShortText.meta({ description: 'why it could not wait; names no arm' }),
    told: z
      .array(z.enum(['participant', 'site', 'treating-clinician', 'medical-monitor', 'sponsor', 'regulator']))
      .max(6)
      .optional()
      .meta({ description: 'who knows the arm now' }),
  })
  .meta({
    title: 'Unblinding',
    description: 'Emergency unblinding of this one participant at `time`. It never says the arm. Closed.',
  });
