import { z } from 'zod';
import { InstrumentId, ItemId, SubstanceId, VisitId } from '../../identifiers.ts';
import { named } from './common.ts';

/** When something is measured: at a scheduled visit, so many hours after a dose, or around a study day. */
export const Landmark = z
  .union(
    [
      z.strictObject({ visit: VisitId }),
      z.strictObject({
        hoursAfterDose: z.number().nonnegative().max(10_000),
        within: z.number().positive().max(1_000).default(6).meta({ description: 'hours that it may be off' }),
        session: z
          .int()
          .min(1)
          .max(999)
          .optional()
          .meta({ description: 'after which dosing session; absent: the first' }),
      }),
      z.strictObject({
        day: z.int().min(-400).max(4000),
        within: z.int().min(0).max(365).default(0).meta({ description: 'days that it may be off' }),
      }),
    ],
    { error: 'must be visit, an id; hoursAfterDose, a number of hours; or day, a study day' },
  )
  .meta({ title: 'Landmark' });
export type Landmark = z.infer<typeof Landmark>;

/** A landmark's name in columns and questions: the visit's id, `24h`, `24h-session-2` or `day-28`. */
export function landmarkName(landmark: Landmark): string {
  if ('visit' in landmark) return landmark.visit;
  if ('day' in landmark) return `day-${landmark.day}`;
  const { hoursAfterDose, session } = landmark;
  return session === undefined ? `${hoursAfterDose}h` : `${hoursAfterDose}h-session-${session}`;
}

const at = z.array(Landmark).min(1).max(64).meta({ description: 'when it is looked at; each has a value of its own' });

export const Scale = z
  .strictObject({
    ...named,
    kind: z.literal('scale'),
    instrument: InstrumentId.meta({ description: 'the rating scale (docs/events.md lists them)' }),
    subscore: ItemId.optional().meta({ description: 'a subscore instead of the total' }),
    baseline: Landmark.optional().meta({
      description: 'what change and response are measured from; absent: the last score up to study day 0',
    }),
    at,
  })
  .meta({ title: 'Scale', description: 'Course of a rating scale: score, change from baseline, response, remission.' });
export type Scale = z.infer<typeof Scale>;

export const Choices = z
  .strictObject({
    ...named,
    kind: z.literal('choices'),
    substance: SubstanceId.meta({ description: 'what could be chosen' }),
    at,
  })
  .meta({ title: 'Choices', description: 'Share of choices in which the substance was taken, not the alternative.' });
export type Choices = z.infer<typeof Choices>;
