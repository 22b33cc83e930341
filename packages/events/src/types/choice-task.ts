import { z } from 'zod';
import { SubstanceId, VisitId } from '../identifiers.ts';
import { Quantity } from './quantity.ts';

export const ChoiceTask = z
  .strictObject({
    substance: SubstanceId.meta({ description: 'what was to be had' }),
    offered: z.int().min(1).max(1000).meta({ description: 'how often the participant had the choice' }),
    chosen: z.int().min(0).max(1000).meta({ description: 'how often the substance was chosen' }),
    dose: Quantity.meta({ description: 'what one choice of the substance gave' }),
    alternative: Quantity.meta({ description: 'what was to be had instead, such as money' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
  })
  .refine(({ offered, chosen }) => chosen <= offered, {
    path: ['chosen'],
    error: 'is more than `offered`; correct one of the two',
  })
  .meta({
    title: 'Choice task',
    description: 'Laboratory self-administration: a substance or an alternative, offered again and again.',
  });
