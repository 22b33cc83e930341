import { civilDay, dateOf, type EventData, type ObservationType, Protocol } from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import { fold } from '../fold.ts';
import type { Observation } from '../observation.ts';

// Cases worked out by hand: those that docs/measures.md tells in words.

const dayZero = civilDay('2026-03-02');
const date = (studyDay: number) => dateOf(dayZero + studyDay);
/** When everything has been collected and entered. */
const end = dayZero + 2_000;

type Said = { [T in ObservationType]: readonly [T, number, EventData<T>] }[ObservationType];
type Uses = EventData<'use-calendar'>['days'][string];

/** A calendar of every day from one to another, asked on the day after; `uses` by study day. */
const calendar = (
  from: number,
  to: number,
  uses: Readonly<Record<number, Uses>> = {},
  informant: 'participant' | 'relative' = 'participant',
): Said => [
  'use-calendar',
  to + 1,
  {
    from: date(from),
    to: date(to),
    complete: true,
    days: Object.fromEntries(Object.entries(uses).map(([day, use]) => [date(Number(day)), use])),
    informant,
    interview: date(to + 1),
  },
];
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
/** The same use on each day from one to another. */
const daily = (from: number, to: number, use: Uses) => Object.fromEntries(range(from, to).map((day) => [day, use]));
const drink = (amount?: number): Uses => ({ alcohol: amount === undefined ? {} : { amount, unit: 'g' } });

function protocolOf(measure: object): Protocol {
  return Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'T-1',
    version: 1,
    title: 'Worked cases',
    blinding: 'open',
    clock: 'imported',
    partitions: 1,
    plannedFollowUp: 1_000,
    arms: [{ id: 'ketamine' }],
    sites: ['GB-01'],
    substances: [
      { id: 'alcohol', unit: 'drinks', gramsPerUnit: 14 },
      { id: 'cocaine', unit: 'USD', gramsPerUnit: 0.02 },
    ],
    visits: [],
    entryLag: 0,
    evidence: { unnamed: 'unknown', attendedVisit: 'nothing' },
    measures: [{ id: 'm', substances: ['alcohol'], evidence: 'self-report-only', horizon: 365, ...measure }],
  });
}

function folded(measure: object, said: readonly Said[], baseline?: EventData<'participant-enrolled'>['baseline']) {
  const enrolled = { consentDate: date(-30), ...(baseline === undefined ? {} : { baseline }) };
  const all: Said[] = [
    ['participant-enrolled', -30, enrolled],
    ['participant-randomised', 0, { date: date(0) }],
    ...said,
  ];
  const open = all.map(
    ([type, day, data], i) =>
      ({
        side: 'open',
        type,
        source: '/trials/T-1/sites/GB-01',
        id: `e${i}`,
        sha256: `${i}`.padStart(64, '0'),
        recordedAt: 0,
        day: dayZero + day,
        data,
      }) as Observation<'open'>,
  );
  return fold(protocolOf(measure), { participant: 'P-1', open, sealed: [] }, end).open;
}

/** Values as `kind item policy` (what applies) → value and denominator; `due` aside. */
function values(...told: Parameters<typeof folded>): Record<string, readonly [number, number]> {
  const given = folded(...told).values.filter(({ kind }) => kind !== 'due');
  return Object.fromEntries(
    given.map(({ kind, item, policy, value, of }) => [[kind, item, policy].filter(Boolean).join(' '), [value, of]]),
  );
}

const mean = (shares: readonly (readonly [number, number] | undefined)[]) =>
  shares.reduce((sum, share) => sum + (share === undefined ? Number.NaN : share[0] / share[1]), 0) / shares.length;

describe('percent days abstinent, as KARE counts it', () => {
  const measure = {
    kind: 'days-of-use',
    counts: 'abstinent',
    over: [{ from: 1, to: 180 }],
    policies: ['observed-only', 'missing-is-use', 'best-case'],
  };
  // One drank on 18 of 180 days; the other was asked about 90 days only, and drank on 45 of them.
  const whole = values(measure, [calendar(1, 180, daily(1, 18, drink()))]);
  const half = values(measure, [calendar(1, 90, daily(1, 45, drink()))]);

  test('a participant’s share is of the days that the policy counts', () => {
    expect(whole).toEqual({
      'days 1-180 observed-only': [162, 180],
      'days 1-180 missing-is-use': [162, 180],
      'days 1-180 best-case': [162, 180],
    });
    expect(half).toEqual({
      'days 1-180 observed-only': [45, 90],
      'days 1-180 missing-is-use': [45, 180],
      'days 1-180 best-case': [135, 180],
    });
  });

  test('the arm’s is the mean of the participants’, not that of pooled days', () => {
    const under = (policy: string) => mean([whole, half].map((one) => one[`days 1-180 ${policy}`]));
    expect(under('observed-only')).toBeCloseTo(0.7, 12);
    expect((162 + 45) / (180 + 90)).toBeCloseTo(0.7667, 4);
    expect(under('missing-is-use')).toBeCloseTo(0.575, 12);
    expect(under('best-case')).toBeCloseTo(0.825, 12);
  });

  test('days in hospital and days after death are not at risk, days after leaving are', () => {
    const stay: Said = ['controlled-environment', 31, { kind: 'hospital', from: date(31), to: date(60) }];
    const said = [calendar(1, 90, daily(1, 45, drink())), stay];
    expect(values(measure, [...said, ['participant-left', 100, { how: 'lost' }]])).toEqual({
      // Of days 1–30 and 61–90 thirty were of use; the fifteen in hospital, of use too, do not count.
      'days 1-180 observed-only': [30, 60],
      'days 1-180 missing-is-use': [30, 150],
      'days 1-180 best-case': [120, 150],
    });
    expect(values(measure, [...said, ['participant-left', 100, { how: 'died' }]])).toEqual({
      'days 1-180 observed-only': [30, 60],
      'days 1-180 missing-is-use': [30, 70],
      'days 1-180 best-case': [40, 70],
    });
  });

  test('without any evidence there is no observed share, and the stretch is due all the same', () => {
    const { values: facts } = folded(measure, []);
    expect(facts.map(({ kind, policy, value, of }) => [kind, policy, value, of])).toEqual([
      ['due', undefined, 1, 1],
      ['days', 'missing-is-use', 0, 180],
      ['days', 'best-case', 180, 180],
    ]);
  });
});

describe('heavy days', () => {
  const byCovariate = { by: 'sex', atLeastGrams: { male: 70, female: 56 } };
  const measure = {
    kind: 'days-of-use',
    counts: 'heavy',
    heavy: byCovariate,
    over: [{ from: 1, to: 28 }],
    policies: ['observed-only', 'worst-case', 'best-case'],
  };
  // Four US drinks on days 1–7, five on 8–10, an unknown number on 11 and 12, none on the others.
  const said = [
    calendar(1, 28, {
      ...daily(1, 7, { alcohol: { amount: 4 } }),
      ...daily(8, 10, drink(70)),
      ...daily(11, 12, drink()),
    }),
  ];

  test('five drinks are heavy for a man, four for a woman; a day of use without an amount is not known to be either', () => {
    expect(values(measure, said, { sex: 'male' })).toEqual({
      'days 1-28 observed-only': [3, 26],
      'days 1-28 worst-case': [5, 28],
      'days 1-28 best-case': [3, 28],
    });
    expect(values(measure, said, { sex: 'female' })['days 1-28 observed-only']).toEqual([10, 26]);
    // Of somebody whose sex is not known only the days without use are known not to be heavy.
    expect(values(measure, said)['days 1-28 observed-only']).toEqual([0, 16]);
  });

  test('the example of docs/evidence.md', () => {
    const week = { ...measure, over: [{ from: 1, to: 7 }] };
    expect(values(week, [calendar(1, 7, { 3: drink(80), 5: drink() })], { sex: 'male' })).toEqual({
      'days 1-7 observed-only': [1, 6],
      'days 1-7 worst-case': [2, 7],
      'days 1-7 best-case': [1, 7],
    });
  });

  test('no heavy days: a heavy day seen decides only where every day is known, but not even the best case overlooks it', () => {
    const none = { ...measure, kind: 'no-heavy-days', counts: undefined };
    const { counts: _, ...declared } = none;
    expect(values(declared, said, { sex: 'male' })).toEqual({
      'no-heavy-days 1-28 worst-case': [0, 1],
      'no-heavy-days 1-28 best-case': [0, 1],
    });
    const light = [calendar(1, 28, { ...daily(1, 7, { alcohol: { amount: 4 } }), 11: drink() })];
    expect(values(declared, light, { sex: 'male' })).toEqual({
      'no-heavy-days 1-28 worst-case': [0, 1],
      'no-heavy-days 1-28 best-case': [1, 1],
    });
    const both = [calendar(1, 28, { ...daily(1, 7, { alcohol: { amount: 4 } }), 8: drink(70), 11: drink() })];
    expect(values(declared, both, { sex: 'male' })).toEqual({
      'no-heavy-days 1-28 worst-case': [0, 1],
      'no-heavy-days 1-28 best-case': [0, 1],
    });
    const known = [calendar(1, 28, daily(1, 7, { alcohol: { amount: 4 } }))];
    expect(values(declared, known, { sex: 'male' })['no-heavy-days 1-28 observed-only']).toEqual([1, 1]);
    expect(values(declared, known, { sex: 'female' })['no-heavy-days 1-28 observed-only']).toEqual([0, 1]);
  });

  test('use that a test finds and the calendar denies is of an unknown amount', () => {
    const tested: Said = [
      'biomarker',
      20,
      { kind: 'breath-alcohol', substance: 'alcohol', lookBack: 0, result: 'positive' },
    ];
    const confirmed = { ...measure, evidence: 'confirmed-by-urine', biomarkers: { kinds: ['breath-alcohol'] } };
    expect(values(confirmed, [...said, tested], { sex: 'male' })['days 1-28 observed-only']).toEqual([3, 25]);
    const amount = { kind: 'amount', unit: 'g', per: 'day', over: [{ from: 15, to: 28 }] };
    expect(values(amount, [...said, tested])).toEqual({ 'amount 15-28': [0, 14_000] });
    const { evidence, biomarkers } = confirmed;
    expect(values({ ...amount, evidence, biomarkers }, [...said, tested])).toEqual({ 'amount 15-28': [0, 13_000] });
  });
});

describe('money per day of use, as Dakwar 2014 tells it', () => {
  const spent = (amount: number): Uses => ({ cocaine: { amount, unit: 'USD' } });
  const measure = (per: 'day' | 'using-day') => ({
    kind: 'amount',
    substances: ['cocaine'],
    unit: 'USD',
    per,
    over: [
      { from: 1, to: 28 },
      { from: 29, to: 56 },
    ],
  });
  // Use on 22 of 28 days, for $149.30 a day; then on 5 of 28, for $10.50.
  const said = [calendar(1, 28, daily(1, 22, spent(149.3))), calendar(29, 56, daily(29, 33, spent(10.5)))];

  test('$149.30 and $10.50 per day of use are $117.31 and $1.88 per day', () => {
    expect(values(measure('using-day'), said)).toEqual({
      'amount 1-28': [3_284_600, 22_000],
      'amount 29-56': [52_500, 5_000],
    });
    expect(values(measure('day'), said)).toEqual({
      'amount 1-28': [3_284_600, 28_000],
      'amount 29-56': [52_500, 28_000],
    });
    expect([3_284_600 / 22_000, 52_500 / 5_000]).toEqual([149.3, 10.5]);
    expect([(3_284_600 / 28_000).toFixed(2), (52_500 / 28_000).toFixed(2)]).toEqual(['117.31', '1.88']);
  });

  test('a day of use for an unknown sum is no day for nothing', () => {
    const some = [calendar(1, 28, { ...daily(1, 4, spent(100)), 5: { cocaine: {} } })];
    expect(values(measure('using-day'), some)['amount 1-28']).toEqual([400_000, 4_000]);
    expect(values(measure('day'), some)['amount 1-28']).toEqual([400_000, 27_000]);
    expect((400_000 / 27_000).toFixed(2)).toBe('14.81');
  });

  test('who did not use has no sum per day of use', () => {
    expect(values(measure('using-day'), [calendar(1, 28)])).toEqual({});
    expect(values(measure('day'), [calendar(1, 28)])).toEqual({ 'amount 1-28': [0, 28_000] });
  });
});

describe('amounts where calendars overlap', () => {
  const measure = { kind: 'amount', unit: 'g', per: 'day', over: [{ from: 1, to: 4 }] };

  test('the shorter recall counts for each day, whatever it says; the relative’s never does', () => {
    const late = calendar(1, 4, daily(1, 4, drink(100)));
    const early = calendar(1, 2, { 1: drink(30) });
    const relative = calendar(1, 4, daily(1, 4, drink(500)), 'relative');
    expect(values(measure, [late, early, relative])).toEqual({ 'amount 1-4': [230_000, 4_000] });
    expect(values(measure, [early, relative, late])).toEqual({ 'amount 1-4': [230_000, 4_000] });
  });

  test('of two substances a day’s amount is known only where that of both is', () => {
    const both = { ...measure, substances: ['alcohol', 'cocaine'] };
    const day: Uses = { alcohol: { amount: 30, unit: 'g' }, cocaine: { amount: 1, unit: 'g' } };
    const half: Uses = { alcohol: { amount: 30, unit: 'g' }, cocaine: {} };
    const checked = (uses: Uses) => values({ ...both, unit: 'g' }, [calendar(1, 4, { 1: day, 2: uses })]);
    expect(checked(day)).toEqual({ 'amount 1-4': [62_000, 4_000] });
    expect(checked(half)).toEqual({ 'amount 1-4': [31_000, 3_000] });
  });

  test('in a tie use counts before none, a known amount before an unknown one, the greater of two', () => {
    const all = [calendar(1, 4), calendar(1, 4, daily(1, 3, drink())), calendar(1, 4, { 2: drink(20), 3: drink(10) })];
    const more = calendar(1, 4, { 3: { alcohol: { amount: 3 } } });
    for (const said of [
      [...all, more],
      [more, ...all.toReversed()],
    ])
      expect(values(measure, said)).toEqual({ 'amount 1-4': [62_000, 3_000] });
  });
});

describe('WHO risk levels', () => {
  const measure = {
    kind: 'risk-level',
    over: [
      { from: 1, to: 28 },
      { from: 29, to: 56 },
    ],
    sex: { covariate: 'sex', female: 'female' },
  };
  // Before randomisation 98 g (seven US drinks) on 20 of 28 days; then 42 g on 14 of 28 days; then nothing.
  const before = calendar(-28, -1, daily(-28, -9, drink(98)));
  const after = [calendar(1, 28, daily(1, 14, drink(42))), calendar(29, 56)];

  test('sober days count: a woman at 70 g a day falls from very high to medium risk at 21 g, and then to none', () => {
    expect(values(measure, [before, ...after], { sex: 'female' })).toEqual({
      'level 1-28': [2, 1],
      'shift 1-28': [2, 1],
      'fell-one 1-28': [1, 1],
      'fell-two 1-28': [1, 1],
      'level 29-56': [0, 1],
      'shift 29-56': [4, 1],
      'fell-one 29-56': [1, 1],
      'fell-two 29-56': [1, 1],
    });
  });

  test('of days of use alone she would be at high risk still, one level less', () => {
    const usingOnly = [calendar(-28, -9, daily(-28, -9, drink(98))), calendar(1, 14, daily(1, 14, drink(42)))];
    expect(values(measure, usingOnly, { sex: 'female' })).toMatchObject({
      'level 1-28': [3, 1],
      'shift 1-28': [1, 1],
      'fell-two 1-28': [0, 1],
    });
  });

  test('a man with the same amounts falls from high to low', () => {
    expect(values(measure, [before, ...after], { sex: 'male' })).toMatchObject({
      'level 1-28': [1, 1],
      'shift 1-28': [2, 1],
    });
  });

  test('who drinks more has a negative shift; without a baseline calendar there is a level and no shift', () => {
    const worse = [calendar(-28, -1, daily(-28, -15, drink(42))), calendar(1, 28, daily(1, 28, drink(98)))];
    expect(values(measure, worse, { sex: 'female' })).toEqual({
      'level 1-28': [4, 1],
      'shift 1-28': [-2, 1],
      'fell-one 1-28': [0, 1],
      'fell-two 1-28': [0, 1],
    });
    expect(values(measure, after, { sex: 'female' })).toEqual({ 'level 1-28': [2, 1], 'level 29-56': [0, 1] });
    expect(values(measure, [before, ...after])).toEqual({});
  });

  test('days of detoxification before randomisation are no sober days at baseline', () => {
    const stay: Said = ['controlled-environment', -8, { kind: 'detox', from: date(-8), to: date(-1) }];
    const light = calendar(-28, -1, daily(-28, -9, drink(56)));
    // 1120 g: 40 a day over 28 days, and 56 over the 20 outside.
    expect(values(measure, [light, ...after], { sex: 'female' })).toMatchObject({ 'shift 1-28': [0, 1] });
    expect(values(measure, [light, stay, ...after], { sex: 'female' })).toMatchObject({ 'shift 1-28': [1, 1] });
    const ignoring = { ...measure, controlledDays: 'ignore' };
    expect(values(ignoring, [light, stay, ...after], { sex: 'female' })).toMatchObject({ 'shift 1-28': [0, 1] });
  });

  test.each([
    ['male', [40, 60, 100]],
    ['female', [20, 40, 60]],
  ] as const)('a mean on a limit is at the lower level (%s)', (sex, limits) => {
    const levelAt = (grams: number) =>
      values(measure, [calendar(1, 28, daily(1, 28, drink(grams)))], { sex })['level 1-28']?.[0];
    expect(limits.map(levelAt)).toEqual([1, 2, 3]);
    expect(limits.map((grams) => levelAt(grams + 0.001))).toEqual([2, 3, 4]);
  });
});

describe('continuous abstinence', () => {
  type Measured = { readonly 'observed-only': string; readonly 'missing-is-use': string; readonly 'best-case': string };

  /** How the participant counts on a day under each policy. */
  function countsOn(day: number, measure: object, said: readonly Said[]): Measured {
    const { spells } = folded(measure, said);
    const on = (kind: string, policy: string) =>
      spells.some((one) => one.kind === kind && one.policy === policy && one.from <= day && day <= one.to);
    const word = (policy: string) =>
      on('assessable', policy) ? (on('abstinent', policy) ? 'abstinent' : 'not abstinent') : 'not counted';
    return {
      'observed-only': word('observed-only'),
      'missing-is-use': word('missing-is-use'),
      'best-case': word('best-case'),
    };
  }
  const policies = ['observed-only', 'missing-is-use', 'best-case'];

  describe('of a year, told by the participant and confirmed by a relative, as Krupitsky asked for it', () => {
    const measure = {
      kind: 'continuous-abstinence',
      evidence: 'confirmed-by-relative',
      coverage: { gapAtMost: 31 },
      policies,
    };
    // Interviews every 30 days about the last week; a relative is asked too.
    const told = (who: 'participant' | 'relative', until: number, uses: Readonly<Record<number, Uses>> = {}) =>
      range(1, Math.floor(until / 30)).map((month) => {
        const [from, to] = [month * 30 - 6, month * 30];
        const within = Object.entries(uses).filter(([day]) => from <= Number(day) && Number(day) <= to);
        return calendar(from, to, Object.fromEntries(within), who);
      });
    const own = told('participant', 365);

    test('abstinent: no week told of use, and neither of the two was silent for more than 31 days', () => {
      const abstinent = { 'observed-only': 'abstinent', 'missing-is-use': 'abstinent', 'best-case': 'abstinent' };
      expect(countsOn(365, measure, [...own, ...told('relative', 365)])).toEqual(abstinent);
    });

    test('missing: the relative fell silent after two months, so nobody confirms the rest', () => {
      const said = [...own, ...told('relative', 60)];
      expect(countsOn(91, measure, said)['observed-only']).toBe('abstinent');
      expect(countsOn(92, measure, said)['observed-only']).toBe('not counted');
      expect(countsOn(365, measure, said)).toEqual({
        'observed-only': 'not counted',
        'missing-is-use': 'not abstinent',
        'best-case': 'abstinent',
      });
    });

    test('nobody is abstinent before both have told of a day', () => {
      const said = [...own, ...told('relative', 365)];
      expect(countsOn(23, measure, said)['observed-only']).toBe('not counted');
      expect(countsOn(24, measure, said)['observed-only']).toBe('abstinent');
      expect(countsOn(24, measure, own)['observed-only']).toBe('not counted');
      expect(countsOn(24, { ...measure, evidence: 'self-report-only' }, own)['observed-only']).toBe('abstinent');
      expect(countsOn(1, { ...measure, evidence: 'self-report-only' }, [])['observed-only']).toBe('not counted');
    });

    test('use: the relative tells of a drink that the participant does not', () => {
      const said = [...own, ...told('relative', 365, { 205: drink() })];
      expect(countsOn(204, measure, said)['observed-only']).toBe('abstinent');
      const used = {
        'observed-only': 'not abstinent',
        'missing-is-use': 'not abstinent',
        'best-case': 'not abstinent',
      };
      expect(countsOn(205, measure, said)).toEqual(used);
      expect(countsOn(365, measure, said)).toEqual(used);
    });

    test('use and then silence is missing, and still nobody takes it for abstinence', () => {
      const said = [...told('participant', 90, { 88: drink() }), ...told('relative', 90)];
      expect(countsOn(365, measure, said)).toEqual({
        'observed-only': 'not counted',
        'missing-is-use': 'not abstinent',
        'best-case': 'not abstinent',
      });
    });

    test('where urine may confirm as well, it takes the relative’s place', () => {
      const either = { ...measure, evidence: 'confirmed-by-urine-or-relative' };
      const screens = range(1, 12).map(
        (month): Said => ['urine-screen', month * 30, { results: { alcohol: 'negative' } }],
      );
      const said = [...own, ...told('relative', 60), ...screens.slice(2)];
      expect(countsOn(365, either, said)['observed-only']).toBe('abstinent');
      expect(countsOn(365, measure, said)['observed-only']).toBe('not counted');
      expect(countsOn(365, either, [...own, ...screens.slice(2)])['observed-only']).toBe('not counted');
    });
  });

  test('prolonged: a drink in the days of grace does not end it, one after them does', () => {
    const measure = { kind: 'continuous-abstinence', from: 15, policies };
    const grace = [calendar(1, 180, { 10: drink() })];
    expect(countsOn(14, measure, grace)['observed-only']).toBe('not counted');
    expect(countsOn(15, measure, grace)['observed-only']).toBe('abstinent');
    expect(countsOn(180, measure, grace)['observed-only']).toBe('abstinent');
    expect(countsOn(180, { ...measure, from: 1 }, grace)['observed-only']).toBe('not abstinent');
    expect(countsOn(180, measure, [calendar(1, 180, { 15: drink() })])['observed-only']).toBe('not abstinent');
  });
});
