import { z } from 'zod';
import { SubstanceId } from '../identifiers.ts';

export const MeasureId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, { error: 'not a measure id; write it like opioid-abstinence' });

/** A study day; the longest follow-up anybody has declared is about ten years. */
const Day = z.int().min(1).max(4000);

export const EvidenceRule = z.enum(['urine-only', 'self-report-only', 'any-positive', 'confirmed-by-urine']).meta({
  description: 'which sources of evidence speak, and how they are joined',
});
export type EvidenceRule = z.infer<typeof EvidenceRule>;

const strategy = z.enum(['exclude', 'ignore']).default('exclude').meta({
  description: 'exclude: such days are outside coverage, numerator and person-days; ignore: they change nothing',
});

const common = {
  id: MeasureId,
  title: z.string().min(1).max(200).optional(),
  substances: z
    .array(SubstanceId)
    .min(1)
    .max(32)
    .meta({ description: 'use of any of them is use; abstinent is evidence against each' }),
  evidence: EvidenceRule,
  windows: z.array(Day).min(1).max(8).meta({ description: 'lengths of the trailing window, in days' }),
  horizon: Day.meta({ description: 'last study day; evidence outside days 1 … horizon is ignored' }),
  controlledDays: strategy,
  death: strategy,
};

export const Coverage = z
  .union([z.literal('all-days'), z.strictObject({ atLeast: Day })], {
    error: 'must be all-days, or atLeast with a number of days that need evidence',
  })
  .meta({ description: 'when a window counts as assessed' });
export type Coverage = z.infer<typeof Coverage>;

export const MissingPolicy = z.enum(['observed-only', 'missing-is-use']);
export type MissingPolicy = z.infer<typeof MissingPolicy>;

export const RollingAbstinence = z
  .strictObject({
    ...common,
    kind: z.literal('rolling-abstinence'),
    coverage: Coverage.default('all-days'),
    decisivePositive: z.boolean().default(false).meta({ description: 'whether a day of use alone covers its window' }),
    policies: z.array(MissingPolicy).min(1).meta({ description: 'missing-data policies, shown side by side' }),
  })
  .meta({ title: 'Rolling abstinence', description: 'Share without use in the trailing window, on each study day.' });
export type RollingAbstinence = z.infer<typeof RollingAbstinence>;

export const FirstUse = z
  .strictObject({ ...common, kind: z.literal('first-use') })
  .meta({ title: 'First use', description: 'First day of use after study day 0; needs no abstinence before.' });
export type FirstUse = z.infer<typeof FirstUse>;

export const Measure = z.discriminatedUnion('kind', [RollingAbstinence, FirstUse], {
  error: 'is no kind of measure; use rolling-abstinence or first-use',
});
export type Measure = z.infer<typeof Measure>;
