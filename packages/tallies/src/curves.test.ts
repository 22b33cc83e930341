import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CellTally, TallyKind } from './cell.ts';
import { abstinenceCurve, firstUseCurve, isFinal, maturityCurve, type Slice } from './curves.ts';
import { addUp, noTallies, type Tallies } from './tallies.ts';

const horizon = 20;
const everybody: Slice = { arm: undefined, site: undefined };

/** Days from … to on which something holds of a participant, in an arm and at a site; both days count. */
type Spell = {
  readonly kind: TallyKind;
  readonly measure: string;
  readonly window: number;
  readonly policy: string;
  readonly arm: string;
  readonly site: string;
  readonly from: number;
  readonly to: number;
  readonly n: number;
};

const spell = (kinds: readonly TallyKind[]): fc.Arbitrary<Spell> =>
  fc
    .record(
      {
        kind: fc.constantFrom(...kinds),
        measure: fc.constantFrom('m', 'other'),
        window: fc.constantFrom(3, 7),
        policy: fc.constantFrom('observed-only', 'missing-is-use'),
        arm: fc.constantFrom('a', 'b'),
        site: fc.constantFrom('S1', 'S2'),
        from: fc.integer({ min: 0, max: horizon }),
        length: fc.integer({ min: 1, max: 15 }),
        n: fc.integer({ min: 1, max: 3 }),
      },
      { noNullPrototype: true },
    )
    .map(({ length, ...rest }) => ({ ...rest, to: rest.from + length - 1 }));

/** A spell as it is tallied: +n on its first day, −n on the day after its last. */
function marks({ kind, measure, window, policy, arm, site, from, to, n }: Spell): CellTally {
  return { measure, kind, window, policy, axis: 'study', arm, site, days: [from, n, to + 1, -n] };
}

const talliesOf = (spells: readonly Spell[]): Tallies => addUp(noTallies, spells.map(marks));

type Asked = { readonly [Field in keyof Spell]?: Spell[Field] | undefined };

/** Day by day: of how many spells, that the question is about, is this one of the days. */
function counted(spells: readonly Spell[], day: number, asked: Asked): number {
  return spells
    .filter((one) =>
      Object.entries(asked).every(([key, value]) => value === undefined || Reflect.get(one, key) === value),
    )
    .filter(({ from, to }) => from <= day && day <= to)
    .reduce((sum, { n }) => sum + n, 0);
}

const slice = fc.record<Slice>(
  { arm: fc.constantFrom(undefined, 'a', 'b'), site: fc.constantFrom(undefined, 'S1', 'S2') },
  { noNullPrototype: true },
);
const days = (from: number) => Array.from({ length: Math.max(0, horizon - from + 1) }, (_, index) => from + index);

describe('a curve', () => {
  test('of abstinence is what counting participants day by day gives, from the window’s length to the horizon', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['abstinent', 'assessable', 'mature']), { maxLength: 30 }),
        slice,
        fc.constantFrom(3, 7),
        (spells, part, window) => {
          const policy = 'observed-only';
          const asked = { measure: 'm', window, policy, ...part };
          expect(abstinenceCurve(talliesOf(spells), { measure: 'm', window, policy, horizon }, part)).toEqual(
            days(window).map((day) => ({
              day,
              abstinent: counted(spells, day, { ...asked, kind: 'abstinent' }),
              assessable: counted(spells, day, { ...asked, kind: 'assessable' }),
            })),
          );
        },
      ),
    );
  });

  test('of first use is what counting events and person-days day by day gives', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['events', 'person-days', 'assessable']), { maxLength: 30 }),
        slice,
        fc.constantFrom(3, 7),
        (spells, part, window) => {
          const asked = { measure: 'm', window, ...part };
          expect(firstUseCurve(talliesOf(spells), { measure: 'm', window, horizon }, part)).toEqual(
            days(window).map((day) => ({
              day,
              events: counted(spells, day, { ...asked, kind: 'events' }),
              personDays: counted(spells, day, { ...asked, kind: 'person-days' }),
            })),
          );
        },
      ),
    );
  });

  test('of maturity is what counting day by day gives, from day 0', () => {
    fc.assert(
      fc.property(fc.array(spell(['mature', 'randomised', 'abstinent']), { maxLength: 30 }), slice, (spells, part) => {
        expect(maturityCurve(talliesOf(spells), { measure: 'm', horizon }, part)).toEqual(
          days(0).map((day) => ({
            day,
            randomised: counted(spells, day, { measure: 'm', kind: 'randomised', ...part }),
            mature: counted(spells, day, { measure: 'm', kind: 'mature', ...part }),
          })),
        );
      }),
    );
  });

  test('over arms and sites adds up to the whole', () => {
    fc.assert(
      fc.property(fc.array(spell(['abstinent', 'assessable']), { maxLength: 30 }), (spells) => {
        const question = { measure: 'm', window: 3, policy: 'missing-is-use', horizon };
        const tallies = talliesOf(spells);
        const byPart = ['a', 'b'].flatMap((arm) =>
          ['S1', 'S2'].map((site) => abstinenceCurve(tallies, question, { arm, site })),
        );
        abstinenceCurve(tallies, question, everybody).forEach((whole, index) => {
          const sum = (what: 'abstinent' | 'assessable') =>
            byPart.reduce((n, curve) => n + (curve[index]?.[what] ?? 0), 0);
          expect([sum('abstinent'), sum('assessable')]).toEqual([whole.abstinent, whole.assessable]);
        });
      }),
    );
  });

  test('has every day, with zeros where nobody can be assessed, and none if the horizon is shorter than the window', () => {
    const question = { measure: 'm', window: 3, policy: 'observed-only', horizon: 5 };
    expect(abstinenceCurve(noTallies, question, everybody)).toEqual(
      [3, 4, 5].map((day) => ({ day, abstinent: 0, assessable: 0 })),
    );
    expect(abstinenceCurve(noTallies, { ...question, horizon: 2 }, everybody)).toEqual([]);
    expect(firstUseCurve(noTallies, { measure: 'm', window: 5, horizon: 5 }, everybody)).toEqual([
      { day: 5, events: 0, personDays: 0 },
    ]);
  });

  test('of an arm that nobody is in is empty, not that of everybody', () => {
    const spells: Spell[] = [
      {
        kind: 'assessable',
        measure: 'm',
        window: 3,
        policy: 'observed-only',
        arm: 'a',
        site: 'S1',
        from: 3,
        to: 9,
        n: 1,
      },
    ];
    const question = { measure: 'm', window: 3, policy: 'observed-only', horizon };
    for (const arm of ['', 'c']) {
      expect(
        abstinenceCurve(talliesOf(spells), question, { arm, site: undefined }).every(
          ({ assessable }) => assessable === 0,
        ),
      ).toBe(true);
    }
  });
});

describe('a measure is final', () => {
  /** A participant who counts from day 0 to a day, and for whom the days up to another one are mature. */
  const participant = fc.record(
    {
      counts: fc.integer({ min: 0, max: horizon + 5 }),
      mature: fc.integer({ min: -1, max: horizon + 5 }),
      arm: fc.constantFrom('a', 'b'),
      site: fc.constantFrom('S1', 'S2'),
    },
    { noNullPrototype: true },
  );
  type Participant = { readonly counts: number; readonly mature: number; readonly arm: string; readonly site: string };
  const tallied = (all: readonly Participant[]) =>
    talliesOf(
      all.flatMap(({ counts, mature, arm, site }): Spell[] => {
        const common = { measure: 'm', window: 0, policy: '', arm, site, n: 1 };
        // A day counts as mature only where the participant can count at all; day 0 is never asked about.
        const until = Math.min(counts, mature);
        return [
          { ...common, kind: 'randomised', from: 0, to: counts },
          ...(until >= 1 ? [{ ...common, kind: 'mature' as const, from: 1, to: until }] : []),
        ];
      }),
    );

  test('if every day up to the horizon is mature for everybody who counts on it, and anybody was randomised', () => {
    fc.assert(
      fc.property(fc.array(participant, { maxLength: 5 }), (all) => {
        const isMature = ({ counts, mature }: Participant) => days(1).every((day) => day > counts || day <= mature);
        const plain = all.length > 0 && all.every(isMature);
        expect(isFinal(tallied(all), 'm', horizon)).toBe(plain);
      }),
      { numRuns: 500 },
    );
  });

  test('not if nobody was randomised, and not for another measure', () => {
    expect(isFinal(noTallies, 'm', horizon)).toBe(false);
    const done = tallied([{ counts: horizon, mature: horizon, arm: 'a', site: 'S1' }]);
    expect(isFinal(done, 'm', horizon)).toBe(true);
    expect(isFinal(done, 'other', horizon)).toBe(false);
    expect(isFinal(done, 'm', horizon + 1)).toBe(true);
  });
});
