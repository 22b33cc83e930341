import { z } from 'zod';
import { Instant, ShortText } from '../identifiers.ts';
import { observationTypes } from './observation-types.ts';

export const Target = z.strictObject({
  source: z.string().min(1).max(256).meta({ description: '`source` of the event meant' }),
  id: z.string().min(1).max(128).meta({ description: '`id` of the event meant' }),
});

const replacements = Object.entries(observationTypes).map(([type, data]) =>
  z.strictObject({ type: z.literal(`org.holdfast.${type}.v1`), time: Instant, data }),
);
const [firstReplacement, ...otherReplacements] = replacements;
if (firstReplacement === undefined) throw new Error('no observation types are registered');

export const Correction = z
  .strictObject({
    target: Target.meta({ description: 'the event that is replaced' }),
    reason: ShortText.meta({ description: 'why, in a few words' }),
    by: ShortText.meta({ description: 'who decided it, as a role or initials' }),
    event: z
      .discriminatedUnion('type', [firstReplacement, ...otherReplacements], {
        error: 'not a type that can replace an event; corrections and retractions cannot be nested',
      })
      .meta({ description: 'the complete new type, time and data' }),
  })
  .meta({ title: 'Correction', description: 'Replaces its target. `time` is when it was decided.' });

export const Retraction = z
  .strictObject({
    target: Target.meta({ description: 'the event that is taken back' }),
    reason: ShortText.meta({ description: 'why, in a few words' }),
    by: ShortText.meta({ description: 'who decided it, as a role or initials' }),
  })
  .meta({ title: 'Retraction', description: 'Takes its target back, with the target’s corrections.' });
