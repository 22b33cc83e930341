import { z } from 'zod';
import { CivilDate, ShortText, VisitId } from '../identifiers.ts';

export const ProtocolDeviation = z
  .strictObject({
    kind: z
      .enum([
        'eligibility',
        'consent',
        'randomisation',
        'dosing',
        'visit',
        'assessment',
        'medication',
        'blinding',
        'other',
      ])
      .meta({ description: 'which part of the protocol was not kept' }),
    importance: z
      .enum(['important', 'minor'])
      .meta({ description: 'important: may affect rights, safety or the reliability of the results (ICH E3)' }),
    noticed: CivilDate.optional().meta({ description: 'when it was noticed; it happened on the day of `time`' }),
    detail: ShortText.optional().meta({ description: 'what happened, in a few words; names no arm' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit at which it happened' }),
  })
  .meta({ title: 'Protocol deviation', description: 'The protocol was not kept on the day of `time`.' });
