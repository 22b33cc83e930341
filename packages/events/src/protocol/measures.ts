import { z } from 'zod';
import { SubstanceId } from '../identifiers.ts';
import { BiomarkerKind } from '../types/biomarker.ts';

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

const Biomarkers = z
  .strictObject({
    kinds: z.array(BiomarkerKind).min(1).max(32),
    covers: z.enum(['sample-day', 'look-back']).default('sample-day').meta({
      description:
        'the days for which a test is evidence, whatever it finds (negative: of no use): the day of the sample alone, or its look-back days too',
    }),
  })
  .meta({ description: 'biomarkers that speak beside urine; absent: none' });

const common = {
  id: MeasureId,
  title: z.string().min(1).max(200).optional(),
  substances: z
    .array(SubstanceId)
    .min(1)
    .max(32)
    .meta({ description: 'use of any of them is use; abstinent is evidence against each' }),
  evidence: EvidenceRule,
  biomarkers: Biomarkers.optional(),
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

/** A policy's one name, in protocols, columns and questions: `carry-forward-28` carries the last judgement up to 28 days on. */
export type CarryForward = `carry-forward-${number}`;
const noPolicy = {
  error:
    'must be observed-only, missing-is-use, or carry-forward-N with N from 1 to 4000 days, such as carry-forward-28',
};
// The pattern is what makes it of this type; zod has no narrower name for it.
const CarryForward = z
  .string()
  .regex(/^carry-forward-([1-9]\d{0,2}|[1-3]\d{3}|4000)$/, noPolicy) as z.ZodType as z.ZodType<
  CarryForward,
  CarryForward
>;

export const MissingPolicy = z.union([z.enum(['observed-only', 'missing-is-use']), CarryForward], noPolicy);
export type MissingPolicy = z.infer<typeof MissingPolicy>;

/** For how many days a policy carries a judgement forward; undefined: it carries none. */
export function carriedDays(policy: MissingPolicy): number | undefined {
  return policy.startsWith('carry-forward-') ? Number(policy.slice('carry-forward-'.length)) : undefined;
}

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
