import { z } from 'zod';
import { ShortText, VisitId } from '../identifiers.ts';

export const VisitAttended = z
  .strictObject({ visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }) })
  .meta({ title: 'Visit attended', description: 'The participant came on the day of `time`.' });

export const VisitMissed = z
  .strictObject({
    visit: VisitId.meta({ description: 'scheduled visit' }),
    reason: ShortText.optional().meta({ description: 'a few words, if known' }),
  })
  .meta({ title: 'Visit missed', description: 'A scheduled visit that did not take place.' });
