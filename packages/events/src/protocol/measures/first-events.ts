import { z } from 'zod';
import { Day, horizon, named, windows } from './common.ts';
import { HeavyDay, useEvidence } from './use-evidence.ts';

export const FirstUse = z
  .strictObject({ ...useEvidence, kind: z.literal('first-use'), windows })
  .meta({ title: 'First use', description: 'First day of use after study day 0; needs no abstinence before.' });
export type FirstUse = z.infer<typeof FirstUse>;

const AfterAbstinence = z.union(
  [
    z.strictObject({ abstinentDays: Day.meta({ description: 'length of the run in days; missing days break it' }) }),
    z.strictObject({ quitDay: z.int().min(0).max(4000).meta({ description: 'study day on which use was to end' }) }),
  ],
  { error: 'must be abstinentDays, the length of the run that comes before; or quitDay, a study day' },
);

export const Lapse = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('lapse'),
    windows,
    after: AfterAbstinence.meta({ description: 'from when on use is a lapse; time counts from there' }),
  })
  .meta({ title: 'Lapse', description: 'First day of use after a run of abstinent days, or after a quit day.' });
export type Lapse = z.infer<typeof Lapse>;

const missing = z
  .enum(['use', 'free'])
  .default('free')
  .meta({ description: 'what a week (or day) without any evidence counts as in the pattern' });

/** What makes a relapse. Each pattern is dated at its onset: the first day of the run that shows it. */
export const RelapsePattern = z.discriminatedUnion(
  'is',
  [
    z.strictObject({
      is: z.literal('weeks-in-a-row'),
      weeks: z.int().min(1).max(52).meta({ description: 'study weeks with any use, one after the other' }),
      missing,
    }),
    z.strictObject({
      is: z.literal('days-in-a-row'),
      days: z.int().min(1).max(365).meta({ description: 'days of use, one after the other' }),
      missing,
    }),
    z.strictObject({
      is: z.literal('heavy-days'),
      days: z.int().min(1).max(365).meta({ description: 'heavy days' }),
      within: z.int().min(1).max(365).meta({ description: 'within so many days, from the first of them on' }),
    }),
    z.strictObject({ is: z.literal('first-use') }),
    z.strictObject({ is: z.literal('leaving') }),
    z.strictObject({
      is: z.literal('baseline-pattern'),
      within: z.int().min(7).max(365).meta({
        description: 'days; as many days of use within them as in so many days before randomisation',
      }),
    }),
  ],
  {
    error:
      'is no pattern of relapse; use weeks-in-a-row, days-in-a-row, heavy-days, first-use, leaving or baseline-pattern',
  },
);
export type RelapsePattern = z.infer<typeof RelapsePattern>;

export const Relapse = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('relapse'),
    windows,
    from: Day.default(1).meta({ description: 'first study day that can be an onset; weeks are counted from it' }),
    patterns: z.array(RelapsePattern).min(1).max(8).meta({ description: 'the earliest onset of any of them counts' }),
    heavy: HeavyDay.optional(),
  })
  .meta({ title: 'Relapse', description: 'A declared pattern of use (or leaving), dated at its onset.' });
export type Relapse = z.infer<typeof Relapse>;

/** Whether leaving early is a relapse by itself. */
export const isRelapseToLeave = ({ patterns }: Relapse): boolean => patterns.some(({ is }) => is === 'leaving');

/** Whether days without evidence, as those after leaving are, may make a relapse. */
export const isRelapseToBeMissing = ({ patterns }: Relapse): boolean =>
  patterns.some((pattern) => 'missing' in pattern && pattern.missing === 'use');

export const Retention = z
  .strictObject({ ...named, kind: z.literal('retention'), windows, horizon })
  .meta({ title: 'Retention', description: 'Time to leaving the trial early (lost or stopped); death competes.' });
export type Retention = z.infer<typeof Retention>;
