import type { Protocol } from '@holdfast/events';
import fc from 'fast-check';
import type { MeasureSetting } from './arbitrary-measures.ts';

type ArbMeasure = fc.Arbitrary<Partial<Protocol['measures'][number]>>;

const stretches = (horizon: number) =>
  fc.uniqueArray(
    fc
      .tuple(fc.integer({ min: 1, max: horizon }), fc.nat({ max: 9 }))
      .map(([from, more]) => ({ from, to: Math.min(horizon, from + more) })),
    { minLength: 1, maxLength: 3, selector: ({ from, to }) => `${from}-${to}` },
  );

const policies = fc.shuffledSubarray(['observed-only', 'missing-is-use', 'worst-case', 'best-case'], { minLength: 1 });
// A little above and on what calendars say, and one that is never reached.
const grams = fc.constantFrom(2.5, 14, 51.8, 70, 9_000);
const heavy = fc.oneof(
  fc.record({ atLeastGrams: grams }),
  fc.record({ by: fc.constant('sex'), atLeastGrams: fc.record({ female: grams, male: grams }) }),
  // Of men nobody says.
  fc.record({ by: fc.constant('sex'), atLeastGrams: fc.record({ female: grams }) }),
);

function measureOf(
  { useEvidence, horizon }: MeasureSetting,
  own: fc.Arbitrary<object>,
  tellsAmounts: (own: object) => boolean,
): ArbMeasure {
  return fc.tuple(useEvidence, own).map(([use, declared]) => {
    // Urine tells no amounts, so a measure of them is refused it.
    const isUrineOnly = 'evidence' in use && use.evidence === 'urine-only';
    const evidence = isUrineOnly && tellsAmounts(declared) ? { evidence: 'any-positive' } : {};
    return { ...use, ...evidence, horizon, ...declared } as Partial<Protocol['measures'][number]>;
  });
}

export const arbDaysOfUse = (setting: MeasureSetting): ArbMeasure =>
  measureOf(
    setting,
    fc.record({
      kind: fc.constant('days-of-use'),
      counts: fc.constantFrom('abstinent', 'use', 'heavy'),
      over: stretches(setting.horizon),
      heavy,
      policies,
    }),
    (own) => 'counts' in own && own.counts === 'heavy',
  );

export const arbAmount = (setting: MeasureSetting): ArbMeasure =>
  measureOf(
    setting,
    fc.record({
      kind: fc.constant('amount'),
      unit: fc.constantFrom('g', 'drinks'),
      per: fc.constantFrom('day', 'using-day'),
      over: stretches(setting.horizon),
    }),
    () => true,
  );

export const arbNoHeavyDays = (setting: MeasureSetting): ArbMeasure =>
  measureOf(
    setting,
    fc.record({ kind: fc.constant('no-heavy-days'), over: stretches(setting.horizon), heavy, policies }),
    () => true,
  );

export const arbRiskLevel = (setting: MeasureSetting): ArbMeasure =>
  measureOf(
    setting,
    fc.record({
      kind: fc.constant('risk-level'),
      over: stretches(setting.horizon),
      sex: fc.constant({ covariate: 'sex', female: 'female' }),
      baselineDays: fc.integer({ min: 7, max: 12 }),
    }),
    () => true,
  );

/** Random measures of continuous abstinence; its reference is `naive-continuous.ts`. */
export const arbContinuousAbstinence = (setting: MeasureSetting): ArbMeasure =>
  measureOf(
    setting,
    fc.record({
      kind: fc.constant('continuous-abstinence'),
      from: fc.integer({ min: 1, max: Math.min(4, setting.horizon) }),
      coverage: fc.oneof(
        fc.constant('all-days'),
        fc.integer({ min: 1, max: 6 }).map((gapAtMost) => ({ gapAtMost })),
      ),
      decisivePositive: fc.boolean(),
      policies: fc.shuffledSubarray(
        ['observed-only', 'missing-is-use', 'worst-case', 'best-case', 'carry-forward-1', 'carry-forward-5'],
        { minLength: 1 },
      ),
    }),
    () => false,
  );
