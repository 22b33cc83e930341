import { civilDay, dateOf, type Measure, type MeasureOf } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbAsOf,
  arbDeclared,
  arbHistory,
  type Case,
  declaredProtocol,
  readable,
  referenceDay,
} from '../../../../test/reference/arbitraries.ts';
import { arbContinuousAbstinence } from '../../../../test/reference/arbitrary-amounts-of-use.ts';
import { arbitraryMeasures, type MeasureSetting } from '../../../../test/reference/arbitrary-measures.ts';
import { naiveContinuousCells } from '../../../../test/reference/naive-continuous.ts';
import { isMatureOn, lastStudyDay, studyDays } from '../../../../test/reference/naive-days.ts';
import { type NaiveTold, naiveKinds } from '../../../../test/reference/naive-kinds.ts';
import { compareTexts, type EffectiveOf, settle } from '../../../../test/reference/naive-replacing.ts';
import { statusByDay } from '../day-status.ts';
import type { Spell, ValueFact } from '../facts.ts';
import { fold } from '../fold.ts';
import type { Observation } from '../observation.ts';

/** On a busy machine the thousands of participants may take their time. */
const patience = 300_000;
const participants = 2_000;

// Random participants of trials that measure one thing.

const rules = [
  'urine-only',
  'self-report-only',
  'any-positive',
  'confirmed-by-urine',
  'confirmed-by-relative',
  'confirmed-by-urine-or-relative',
] as const;
const testless: readonly string[] = ['self-report-only', 'confirmed-by-relative'];

const strategy = fc.constantFrom('exclude', 'ignore');
const biomarkers = fc.record({
  kinds: fc.subarray(['breath-alcohol', 'peth'], { minLength: 1 }),
  covers: fc.constantFrom('sample-day', 'look-back'),
});

function useEvidence(substances: readonly string[]): fc.Arbitrary<object> {
  return fc
    .record({
      id: fc.constant('m'),
      substances: fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom(...substances).map((one) => [one]) },
        { weight: 1, arbitrary: fc.shuffledSubarray([...substances], { minLength: 1 }) },
      ),
      evidence: fc.constantFrom(...rules),
      biomarkers: fc.option(biomarkers),
      controlledDays: strategy,
      death: strategy,
    })
    .map(({ biomarkers, ...rest }) =>
      biomarkers === null || testless.includes(rest.evidence) ? rest : { ...rest, biomarkers },
    );
}

type ArbMeasure = (setting: MeasureSetting) => fc.Arbitrary<object>;
const alone = (measure: ArbMeasure) => (setting: MeasureSetting) => measure(setting).map((one) => [one]);

const ofUse = [
  'urine-screen',
  'biomarker',
  'use-calendar',
  'visit-attended',
  'controlled-environment',
  'participant-left',
] as const;
/** What amounts are made of. */
const ofCalendars = ['use-calendar', 'controlled-environment', 'participant-left'] as const;

/** An interview about each day from one to another, with use on some; days count from the reference day. */
function arbInterview(substances: readonly string[], from: number, to: number): fc.Arbitrary<Observation<'open'>> {
  const amount = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom({ amount: 2 }, { amount: 45, unit: 'g' }, { amount: 250, unit: 'g' }) },
    { weight: 1, arbitrary: fc.constant({}) },
  );
  const use = fc.record({
    day: fc.integer({ min: from, max: to }),
    of: fc.subarray([...substances], { minLength: 1 }),
    amount,
  });
  return fc.array(use, { maxLength: to - from + 1, size: 'max' }).map(
    (uses) =>
      ({
        side: 'open',
        type: 'use-calendar',
        source: '/trials/T-1/sites/GB-01',
        id: `interview-${from}`,
        sha256: `${from + 100}`.padStart(64, '0'),
        recordedAt: 0,
        day: referenceDay + to + 1,
        data: {
          from: dateOf(referenceDay + from),
          to: dateOf(referenceDay + to),
          complete: true,
          days: Object.fromEntries(
            uses.map(({ day, of, amount: one }) => [
              dateOf(referenceDay + day),
              Object.fromEntries(of.map((substance) => [substance, one])),
            ]),
          ),
          informant: 'participant',
          interview: dateOf(referenceDay + to + 1),
        },
      }) as Observation<'open'>,
  );
}

/**
 * In half of the trials nothing is replaced, nothing else is observed and the participant is asked about all days, so that evidence
 * meets more often. `measures` may
 * declare several.
 */
function arbCaseOf(
  measures: (setting: MeasureSetting) => fc.Arbitrary<readonly object[]>,
  only: readonly (typeof ofUse)[number][] = ofUse,
): fc.Arbitrary<Case> {
  return fc
    .tuple(arbDeclared(), fc.integer({ min: 5, max: 20 }), fc.boolean())
    .chain(([plain, horizon, busy]) => {
      const substances = plain.substances.map(({ id }) => id);
      const visits = plain.visits.map(({ id }) => id);
      const setting = { id: 'm', substances, visits, horizon, useEvidence: useEvidence(substances) };
      return measures(setting)
        .map((all) => declaredProtocol(plain, { blinding: 'open', closed: [], measures: all }))
        .chain((protocol) =>
          fc
            .record({
              protocol: fc.constant(protocol),
              history: arbHistory(protocol, 'P-1', busy ? { only } : {}),
              asOf: arbAsOf(protocol),
              asked: fc.tuple(arbInterview(substances, -12, -1), arbInterview(substances, 1, horizon)),
            })
            .map(({ protocol: of, history, asOf, asked }) => ({
              protocol: of,
              history: busy ? { ...history, open: [...history.open, ...asked] } : history,
              asOf,
            })),
        );
    })
    .map(readable);
}

/** What the reference is told of a participant; undefined while they are not randomised. */
function toldOf<M extends Measure>({ protocol, history, asOf }: Case) {
  const { effective } = settle(history.open);
  const earliest = <T extends 'participant-enrolled' | 'participant-randomised'>(type: T) =>
    effective
      .filter((one): one is EffectiveOf<T> & (typeof effective)[number] => one.type === type)
      .toSorted((a, b) => a.recordedAt - b.recordedAt || compareTexts(a.sha256, b.sha256))[0];
  const [enrolled, randomised] = [earliest('participant-enrolled'), earliest('participant-randomised')];
  if (enrolled === undefined || randomised === undefined) return undefined;
  return {
    protocol,
    measure: protocol.measures[0] as M,
    observations: effective,
    dayZero: civilDay(randomised.data.date),
    asOf,
    baseline: enrolled.data.baseline ?? {},
  };
}

const text = ({
  kind,
  item = '',
  policy = '',
  value,
  of,
}: Pick<ValueFact, 'kind' | 'value' | 'of'> & { item?: string; policy?: string }) =>
  `${kind} ${item} ${policy} ${value}/${of}`;
const valuesOf = ({ protocol, history, asOf }: Case) => fold(protocol, history, asOf).open.values;

describe.each(['days-of-use', 'amount', 'no-heavy-days', 'risk-level'] as const)('%s', (kind) => {
  const arbitrary = arbitraryMeasures[kind];
  if (arbitrary === undefined) throw new Error(`there are no random measures of ${kind}`);

  test(
    `${participants} random participants have the values that the reference gives them`,
    () => {
      const naive = naiveKinds[kind] as
        | ((told: NaiveTold<typeof kind>) => { values: readonly ValueFact[] })
        | undefined;
      if (naive === undefined) throw new Error(`there is no reference of ${kind}`);
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(arbCaseOf(alone(arbitrary), kind === 'risk-level' ? ofCalendars : ofUse), (given) => {
          const told = toldOf<Extract<Measure, { kind: typeof kind }>>(given);
          const values = valuesOf(given);
          const expected = told === undefined ? [] : naive(told as NaiveTold<typeof kind>).values;
          expect(values.map(text).toSorted()).toEqual(expected.map(text).toSorted());
          for (const { kind: what, value } of values) {
            const key = `${what} ${value === 0 ? 'none' : 'some'}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
        }),
        { numRuns: participants },
      );
      // What never comes up is not tested.
      const kinds = {
        'days-of-use': ['days'],
        amount: ['amount'],
        'no-heavy-days': ['no-heavy-days'],
        'risk-level': ['level', 'shift', 'fell-one', 'fell-two'],
      };
      for (const what of kinds[kind])
        for (const found of ['none', 'some'])
          if (`${what} ${found}` !== 'amount none')
            expect([what, found, (seen.get(`${what} ${found}`) ?? 0) > 15]).toEqual([what, found, true]);
    },
    patience,
  );
});

describe('continuous abstinence', () => {
  test(
    `${participants} random participants count on the days that the reference says`,
    () => {
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(arbCaseOf(alone(arbContinuousAbstinence)), (given) => {
          const told = toldOf<Extract<Measure, { kind: 'continuous-abstinence' }>>(given);
          const { spells } = fold(given.protocol, given.history, given.asOf).open;
          const days = (kind: string, policy: string) =>
            spells
              .filter((spell) => spell.kind === kind && spell.policy === policy)
              .flatMap(({ from, to, window }) => studyDays(from, to).map((day) => `${window} ${day}`));
          const cells = told === undefined ? [] : naiveContinuousCells(told);
          const [measure] = given.protocol.measures;
          for (const policy of measure !== undefined && 'policies' in measure ? measure.policies : []) {
            const of = cells.filter((cell) => cell.policy === policy);
            const named = (one: (typeof of)[number]) => `${one.window} ${one.day}`;
            expect(days('assessable', policy)).toEqual(of.filter(({ assessable }) => assessable).map(named));
            expect(days('abstinent', policy)).toEqual(of.filter(({ abstinent }) => abstinent).map(named));
            for (const { assessable, abstinent } of of) {
              const key = `${policy} ${assessable ? (abstinent ? 'abstinent' : 'not') : 'missing'}`;
              seen.set(key, (seen.get(key) ?? 0) + 1);
            }
          }
          const mature =
            told === undefined ? [] : studyDays(1, lastStudyDay(told)).filter((day) => isMatureOn(told, day));
          const folded = spells.filter(({ kind }) => kind === 'mature').flatMap(({ from, to }) => studyDays(from, to));
          expect(folded).toEqual(mature);
        }),
        { numRuns: participants },
      );
      for (const policy of ['observed-only', 'missing-is-use', 'worst-case', 'best-case', 'carry-forward-5'])
        for (const found of ['abstinent', 'not', 'missing'])
          expect([policy, found, (seen.get(`${policy} ${found}`) ?? 0) > 15]).toEqual([policy, found, true]);
    },
    patience,
  );
});

/** The days of a kind of spell under a policy. */
function daysOf(
  spells: readonly Spell[],
  measure: string,
  kind: Spell['kind'],
  policy: string,
  window: number,
): number[] {
  return spells
    .filter((one) => one.measure === measure && one.kind === kind && one.policy === policy && one.window === window)
    .flatMap(({ from, to }) => studyDays(from, to));
}

const everyPolicy = ['observed-only', 'missing-is-use', 'worst-case', 'best-case'] as const;

describe('laws of continuous abstinence', () => {
  const declared = (more: object) => (setting: MeasureSetting) =>
    arbContinuousAbstinence(setting).map((one) => [{ ...one, policies: [...everyPolicy], ...more }]);

  test(
    'who has used is not abstinent again, under no policy and whatever is missing',
    () => {
      let used = 0;
      fc.assert(
        fc.property(arbCaseOf(declared({ policies: [...everyPolicy, 'carry-forward-5'] })), (given) => {
          const { protocol, history, asOf } = given;
          const measure = protocol.measures[0] as MeasureOf<'continuous-abstinence'>;
          const first = statusByDay(protocol, measure, history, asOf).find(
            ({ day, status }) => status === 'use' && day >= measure.from,
          );
          if (first === undefined) return;
          used += 1;
          const { spells } = fold(protocol, history, asOf).open;
          for (const policy of measure.policies)
            expect(daysOf(spells, 'm', 'abstinent', policy, 0).filter((day) => day >= first.day)).toEqual([]);
        }),
        { numRuns: 1_000 },
      );
      expect(used).toBeGreaterThan(50);
    },
    patience,
  );

  test(
    'the best case counts whom the observed counts, and those whom the missing as use; denominators are the same',
    () => {
      let wider = 0;
      fc.assert(
        fc.property(arbCaseOf(declared({})), ({ protocol, history, asOf }) => {
          const { spells } = fold(protocol, history, asOf).open;
          const [observed, asUse, worst, best] = everyPolicy.map((policy) =>
            daysOf(spells, 'm', 'abstinent', policy, 0),
          );
          const [seen = [], ...followed] = everyPolicy.map((policy) => daysOf(spells, 'm', 'assessable', policy, 0));
          const within = (days: readonly number[] = []) => days.filter((day) => day <= protocol.plannedFollowUp);
          expect(worst).toEqual(asUse);
          expect(worst).toEqual(within(observed));
          expect((worst ?? []).filter((day) => best?.includes(day) !== true)).toEqual([]);
          for (const days of followed) expect(days).toEqual(followed[0]);
          expect(within(seen).filter((day) => followed[0]?.includes(day) !== true)).toEqual([]);
          if ((best ?? []).length > (worst ?? []).length) wider += 1;
        }),
        { numRuns: 1_000 },
      );
      expect(wider).toBeGreaterThan(30);
    },
    patience,
  );

  test(
    'from day 1 on, with every day covered, it is rolling abstinence with a window of all days so far',
    () => {
      let compared = 0;
      const both = (setting: MeasureSetting) =>
        fc
          .tuple(
            arbContinuousAbstinence(setting),
            fc.uniqueArray(fc.integer({ min: 1, max: setting.horizon }), { minLength: 4, maxLength: 8 }),
          )
          .map(([one, windows]) => {
            const shared = { ...one, coverage: 'all-days', policies: everyPolicy.slice(0, 3) };
            const { from: _, ...rest } = { from: 1, ...shared };
            return [
              { ...shared, from: 1 },
              { ...rest, id: 'rolling', kind: 'rolling-abstinence', windows },
            ];
          });
      fc.assert(
        fc.property(arbCaseOf(both), ({ protocol, history, asOf }) => {
          const { spells } = fold(protocol, history, asOf).open;
          const rolling = protocol.measures.find(
            ({ kind }) => kind === 'rolling-abstinence',
          ) as MeasureOf<'rolling-abstinence'>;
          for (const policy of rolling.policies)
            for (const kind of ['assessable', 'abstinent'] as const)
              for (const window of rolling.windows) {
                const at = daysOf(spells, 'rolling', kind, policy, window).includes(window);
                expect([policy, kind, window, daysOf(spells, 'm', kind, policy, 0).includes(window)]).toEqual([
                  policy,
                  kind,
                  window,
                  at,
                ]);
                if (at) compared += 1;
              }
        }),
        { numRuns: 1_000 },
      );
      expect(compared).toBeGreaterThan(300);
    },
    patience,
  );
});

describe('laws of days and amounts', () => {
  const found = (
    values: readonly ValueFact[],
    measure: string,
    kind: string,
    item: string | undefined,
    policy?: string,
  ) => values.find((one) => one.measure === measure && one.kind === kind && one.item === item && one.policy === policy);
  const share = (value: ValueFact | undefined) => (value === undefined ? undefined : value.value / value.of);

  test(
    'of days known or filled in, those abstinent and those of use are all; heavy days are days of use; and the observed share lies between worst and best',
    () => {
      let compared = 0;
      const three = (setting: MeasureSetting) =>
        (arbitraryMeasures['no-heavy-days'] as ArbMeasure)(setting).map((one) => {
          const shared = { ...one, kind: 'days-of-use', policies: [...everyPolicy] };
          return [
            { ...shared, id: 'abstinent', counts: 'abstinent' },
            { ...shared, id: 'use', counts: 'use' },
            { ...shared, id: 'heavy', counts: 'heavy' },
            { ...one, id: 'none', policies: [...everyPolicy] },
          ];
        });
      fc.assert(
        fc.property(arbCaseOf(three), ({ protocol, history, asOf }) => {
          const { values } = fold(protocol, history, asOf).open;
          for (const item of new Set(values.map((one) => one.item))) {
            for (const policy of everyPolicy) {
              const [abstinent, use, heavy] = ['abstinent', 'use', 'heavy'].map((id) =>
                found(values, id, 'days', item, policy),
              );
              if (abstinent === undefined || use === undefined) {
                expect([abstinent, use]).toEqual([undefined, undefined]);
                continue;
              }
              expect([abstinent.value + use.value, use.of]).toEqual([abstinent.of, abstinent.of]);
              if (policy !== 'best-case' && heavy !== undefined) expect(heavy.value).toBeLessThanOrEqual(use.value);
              if (heavy !== undefined) expect(heavy.of).toBeLessThanOrEqual(use.of);
              expect(found(values, 'none', 'due', item)).toBeDefined();
              const none = found(values, 'none', 'no-heavy-days', item, policy);
              // Nobody without heavy days has one, and the other way round.
              if (none !== undefined && heavy !== undefined && policy !== 'best-case')
                expect(none.value).toBe(heavy.value === 0 ? 1 : 0);
            }
            const to = Number(item?.split('-')[1]);
            if (to > protocol.plannedFollowUp) continue;
            for (const [id, up] of [
              ['abstinent', 1],
              ['use', -1],
              ['heavy', -1],
            ] as const) {
              const [observed, asUse, worst, best] = everyPolicy.map((policy) =>
                share(found(values, id, 'days', item, policy)),
              );
              expect(worst).toBe(asUse);
              if (worst === undefined || best === undefined) continue;
              expect(up * best).toBeGreaterThanOrEqual(up * worst);
              if (observed === undefined) continue;
              compared += 1;
              expect(up * (best - observed)).toBeGreaterThanOrEqual(0);
              expect(up * (observed - worst)).toBeGreaterThanOrEqual(0);
            }
          }
        }),
        { numRuns: 1_000 },
      );
      expect(compared).toBeGreaterThan(300);
    },
    patience,
  );

  test(
    'an amount per day of use is no less than per day, and a risk level is that of a man or one above',
    () => {
      let compared = 0;
      const two = (setting: MeasureSetting) =>
        (arbitraryMeasures['risk-level'] as ArbMeasure)(setting).map((one) => {
          const { sex: _, baselineDays: __, ...rest } = { sex: {}, baselineDays: 0, ...one };
          const amount = { ...rest, kind: 'amount', unit: 'g' };
          return [one, { ...amount, id: 'day', per: 'day' }, { ...amount, id: 'using', per: 'using-day' }];
        });
      fc.assert(
        fc.property(arbCaseOf(two, ofCalendars), ({ protocol, history, asOf }) => {
          const { values } = fold(protocol, history, asOf).open;
          for (const item of new Set(values.map((one) => one.item))) {
            const [day, using] = ['day', 'using'].map((id) => share(found(values, id, 'amount', item)));
            const level = found(values, 'm', 'level', item)?.value;
            if (day === undefined) {
              expect([using, level]).toEqual([undefined, undefined]);
              continue;
            }
            if (using === undefined) expect(day).toBe(0);
            else expect(using).toBeGreaterThanOrEqual(day);
            if (level === undefined) continue;
            compared += 1;
            const ofMen = day === 0 ? 0 : day <= 40 ? 1 : day <= 60 ? 2 : day <= 100 ? 3 : 4;
            expect(level).toBeGreaterThanOrEqual(ofMen);
            expect(level === 0).toBe(day === 0);
            expect(level - ofMen).toBeLessThanOrEqual(1);
          }
        }),
        { numRuns: 1_000 },
      );
      expect(compared).toBeGreaterThan(80);
    },
    patience,
  );
});
