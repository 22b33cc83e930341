import { z } from 'zod';

export const MeasureId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, { error: 'not a measure id; write it like opioid-abstinence' });

/** A study day; the longest follow-up anybody has declared is about ten years. */
export const Day = z.int().min(1).max(4000);

/** What every measure has, whatever it looks at. */
export const named = {
  id: MeasureId.meta({ description: 'its name in columns and questions' }),
  title: z.string().min(1).max(200).optional().meta({ description: 'for people' }),
  population: MeasureId.optional().meta({
    description: 'who counts: a population that the protocol declares; absent: everybody randomised',
  }),
};

export const horizon = Day.meta({ description: 'last study day that counts; later events are ignored' });

export const windows = z
  .array(Day)
  .min(1)
  .max(8)
  .meta({ description: 'lengths of the trailing windows of rates, in days' });

/** A stretch of study days, both ends included. */
export const Stretch = z
  .strictObject({
    from: Day.meta({ description: 'its first study day' }),
    to: Day.meta({ description: 'its last study day' }),
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'lies before `from`; swap the two' });
export type Stretch = z.infer<typeof Stretch>;

export const stretches = z
  .array(Stretch)
  .min(1)
  .max(16)
  .meta({ description: 'stretches of study days, each with a value of its own' });

/** A stretch's name in columns and questions, such as `1-28`. */
export const stretchName = ({ from, to }: Stretch): string => `${from}-${to}`;
