import { z } from 'zod';
import { AdverseEventId, SubstanceId } from '../identifiers.ts';

export const Overdose = z
  .strictObject({
    substances: z
      .array(SubstanceId)
      .max(16)
      .meta({ description: 'what was taken, as far as is known; also what the protocol does not name' }),
    intent: z.enum(['unintentional', 'intentional', 'unknown']).meta({ description: 'whether it was meant' }),
    naloxone: z.enum(['given', 'not-given', 'unknown']).meta({ description: 'whether naloxone was given' }),
    outcome: z.enum(['recovered', 'recovering', 'fatal', 'unknown']).meta({ description: 'how it ended' }),
    hospitalised: z.boolean().optional().meta({ description: 'whether the participant was admitted' }),
    ae: AdverseEventId.optional().meta({ description: 'the adverse event that reports it' }),
  })
  .meta({ title: 'Overdose', description: 'An overdose on the day of `time`, whoever reported it.' });
