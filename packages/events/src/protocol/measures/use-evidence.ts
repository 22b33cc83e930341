import { z } from 'zod';
import { CovariateId, SubstanceId } from '../../identifiers.ts';
import { BiomarkerKind } from '../../types/biomarker.ts';
import { Day, named } from './common.ts';

export const EvidenceRule = z
  .enum([
    'urine-only',
    'self-report-only',
    'any-positive',
    'confirmed-by-urine',
    'confirmed-by-relative',
    'confirmed-by-urine-or-relative',
  ])
  .meta({ description: 'which sources of evidence speak, and how they are joined' });
export type EvidenceRule = z.infer<typeof EvidenceRule>;

const strategy = z.enum(['exclude', 'ignore']).default('exclude').meta({
  description: 'exclude: such days are outside coverage, numerator and person-days; ignore: they change nothing',
});

const Biomarkers = z
  .strictObject({
    kinds: z.array(BiomarkerKind).min(1).max(32).meta({ description: 'which of them' }),
    covers: z.enum(['sample-day', 'look-back']).default('sample-day').meta({
      description:
        'the days for which a test is evidence, whatever it finds (negative: of no use): the day of the sample alone, or its look-back days too',
    }),
  })
  .meta({ description: 'biomarkers that speak beside urine; absent: none' });

/** What every measure has that looks at days of use. */
export const useEvidence = {
  ...named,
  substances: z
    .array(SubstanceId)
    .min(1)
    .max(32)
    .meta({ description: 'use of any of them is use; abstinent is evidence against each' }),
  evidence: EvidenceRule,
  biomarkers: Biomarkers.optional(),
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

export const decisivePositive = z
  .boolean()
  .default(false)
  .meta({ description: 'whether a day of use alone covers its window' });

/** A policy's one name, in protocols, columns and questions: `carry-forward-28` carries the last judgement up to 28 days on. */
export type CarryForward = `carry-forward-${number}`;
const noPolicy = {
  error:
    'must be observed-only, missing-is-use, worst-case, best-case, or carry-forward-N with N from 1 to 4000 days, such as carry-forward-28',
};
// The pattern is what makes it of this type; zod has no narrower name for it.
const CarryForward = z
  .string()
  .regex(/^carry-forward-([1-9]\d{0,2}|[1-3]\d{3}|4000)$/, noPolicy) as z.ZodType as z.ZodType<
  CarryForward,
  CarryForward
>;

/** The policies that count everybody who is followed: the missing as use (worst), or as abstinent (best). */
export const FollowedPolicy = z.enum(['observed-only', 'missing-is-use', 'worst-case', 'best-case'], noPolicy);
export type FollowedPolicy = z.infer<typeof FollowedPolicy>;
export const MissingPolicy = z.union([FollowedPolicy, CarryForward], noPolicy);
export type MissingPolicy = z.infer<typeof MissingPolicy>;

export const policies = z
  .array(MissingPolicy)
  .min(1)
  .meta({ description: 'missing-data policies, shown side by side' });
export const followedPolicies = z
  .array(FollowedPolicy)
  .min(1)
  .default(['observed-only'])
  .meta({ description: 'missing-data policies, shown side by side; none can be carried forward' });

/** For how many days a policy carries a judgement forward; undefined: it carries none. */
export function carriedDays(policy: MissingPolicy): number | undefined {
  return policy.startsWith('carry-forward-') ? Number(policy.slice('carry-forward-'.length)) : undefined;
}

const grams = z.number().positive().max(10_000);

/** From how many grams on a day is a heavy one: for everybody, or by a baseline covariate such as sex. */
export const HeavyDay = z
  .union(
    [
      z.strictObject({ atLeastGrams: grams }),
      z.strictObject({
        by: CovariateId.meta({ description: 'baseline covariate that decides' }),
        atLeastGrams: z.record(z.string().min(1).max(120), grams).meta({ description: 'grams for each of its values' }),
      }),
    ],
    { error: 'must be atLeastGrams with a number; or by, a covariate, and atLeastGrams for each of its values' },
  )
  .meta({ description: 'from how many grams on a day of use is a heavy one, such as 70 and 56 (5 and 4 US drinks)' });
export type HeavyDay = z.infer<typeof HeavyDay>;
