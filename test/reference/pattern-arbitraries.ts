import type { PatternRule, Protocol } from '@holdfast/events';
import type { History } from '@holdfast/outcomes';
import fc from 'fast-check';
import { arbDeclared, arbHistory, type Declared, declaredProtocol, referenceDay } from './arbitraries.ts';

/** Days from some of the anchors in any order, and from consent at last. */
function arbFallBacks(min: number, max: number) {
  const day = fc.integer({ min, max });
  return fc
    .shuffledSubarray(['randomisation', 'second-randomisation'] as const)
    .chain((anchors) =>
      fc.tuple(...[...anchors, 'consent' as const].map((anchor) => fc.record({ anchor: fc.constant(anchor), day }))),
    );
}

/** A rule of any make over a trial's substances and arms: some weeks around consent, both anchors and all fall-backs. */
export function arbPatternRule({ substances }: Pick<Declared, 'substances'>): fc.Arbitrary<Rule> {
  const targets = fc.shuffledSubarray(
    substances.map(({ id }) => id),
    { minLength: 1 },
  );
  return fc.record({
    id: fc.constant('rule'),
    default: fc.constant(true),
    first: arbFallBacks(-20, 1),
    last: arbFallBacks(2, 35),
    weekOne: arbFallBacks(-9, 9),
    phaseTwo: fc.oneof(
      fc.constant([]),
      fc.integer({ min: -12, max: 20 }).map((day) => [{ anchor: 'second-randomisation', day }]),
      arbFallBacks(-12, 20),
    ),
    substances: targets,
    studyDrugs: fc.constantFrom('count' as const, 'excluded' as const),
    negative: fc.shuffledSubarray(['kept-visit', 'tested'], { minLength: 1 }),
    emptyBeforeWeekOne: fc.oneof(
      fc.constant('unscheduled'),
      fc.integer({ min: 1, max: 9 }).map((visitDueEvery) => ({ visitDueEvery })),
    ),
    neverRandomised: fc.constantFrom('as-randomised', 'positives-only'),
  });
}

/** The trial's arms, some of which give some of its substances. */
function arbArms({ arms, substances }: Declared) {
  const drugs = fc.subarray(substances.map(({ id }) => id));
  return fc.tuple(...arms.map((arm) => drugs.map((studyDrugs) => ({ ...arm, studyDrugs }))));
}

type Rule = { readonly substances: readonly string[]; readonly studyDrugs: 'count' | 'excluded' };

/** A rule that excludes all its substances in some arm is refused. */
function leavesATarget(rule: Rule, arms: readonly { readonly studyDrugs: readonly string[] }[]): boolean {
  return (
    rule.studyDrugs === 'count' ||
    arms.every(({ studyDrugs }) => rule.substances.some((substance) => !studyDrugs.includes(substance)))
  );
}

export type PatternCase = {
  readonly protocol: Protocol;
  readonly rule: PatternRule;
  readonly history: History;
  readonly asOf: number | undefined;
};

/** A trial with one pattern rule, a participant of it and a clock. */
export function arbPatternCase(): fc.Arbitrary<PatternCase> {
  return arbDeclared().chain((declared) =>
    fc
      .tuple(arbPatternRule(declared), arbArms(declared))
      .filter(([rule, arms]) => leavesATarget(rule, arms))
      .map(([rule, arms]) => {
        // A pattern knows nothing of measures, and a trial must have one.
        const measures = [{ id: 'visits', kind: 'visits', horizon: declared.horizon }];
        return declaredProtocol(declared, { arms, patterns: [rule], measures });
      })
      .chain((protocol) => {
        const [rule] = protocol.patterns;
        if (rule === undefined) throw new Error('the protocol has a rule');
        return fc.record({
          protocol: fc.constant(protocol),
          rule: fc.constant(rule),
          history: arbHistory(protocol, 'P-1', { sealedRetractions: true }),
          asOf: fc.oneof(
            { weight: 1, arbitrary: fc.constant(undefined) },
            { weight: 4, arbitrary: fc.integer({ min: referenceDay - 20, max: referenceDay + 45 }) },
            { weight: 5, arbitrary: fc.constant(referenceDay + 400) },
          ),
        });
      }),
  );
}
