import { z } from 'zod';
import { Day, windows } from './common.ts';
import { Coverage, decisivePositive, policies, useEvidence } from './use-evidence.ts';

export const RollingAbstinence = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('rolling-abstinence'),
    windows,
    coverage: Coverage.default('all-days'),
    decisivePositive,
    policies,
  })
  .meta({ title: 'Rolling abstinence', description: 'Share without use in the trailing window, on each study day.' });
export type RollingAbstinence = z.infer<typeof RollingAbstinence>;

const UnbrokenCoverage = z
  .union([z.literal('all-days'), z.strictObject({ gapAtMost: Day })], {
    error: 'must be all-days, or gapAtMost with the longest stretch of days without evidence, such as 31',
  })
  .meta({ description: 'when the days so far count as assessed: each of them, or with no longer gap' });

export const ContinuousAbstinence = z
  .strictObject({
    ...useEvidence,
    kind: z.literal('continuous-abstinence'),
    from: Day.default(1).meta({ description: 'first day that counts; the days before it are grace' }),
    coverage: UnbrokenCoverage.default('all-days'),
    decisivePositive,
    policies,
  })
  .meta({
    title: 'Continuous abstinence',
    description: 'Share without any use from a first day on, up to each study day; with days of grace: prolonged.',
  });
export type ContinuousAbstinence = z.infer<typeof ContinuousAbstinence>;
