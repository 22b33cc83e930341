import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CellTally, groupsText, type MarkKind } from './cell.ts';
import {
  abstinenceCurve,
  calendarDays,
  eventsCurve,
  everybody,
  isFinal,
  maturityCurve,
  randomisedIn,
  type Slice,
} from './curves.ts';
import { addUp, noTallies, type Tallies } from './tallies.ts';

const horizon = 20;
/** Days from … to on which something holds of a participant, in an arm, at a site and in a stratum; both days count. */
type Spell = {
  readonly kind: MarkKind;
  readonly measure: string;
  readonly window: number;
  readonly policy: string;
  readonly arm: string;
  readonly site: string;
  readonly stratum: string;
  readonly axis: 'study' | 'calendar';
  readonly from: number;
  readonly to: number;
  readonly n: number;
};

const spell = (kinds: readonly MarkKind[]): fc.Arbitrary<Spell> =>
  fc
    .record(
      {
        kind: fc.constantFrom(...kinds),
        measure: fc.constantFrom('m', 'other'),
        window: fc.constantFrom(3, 7),
        policy: fc.constantFrom('', 'observed-only', 'carry-forward-5'),
        arm: fc.constantFrom('a', 'b'),
        site: fc.constantFrom('S1', 'S2'),
        stratum: fc.constantFrom('mild', 'severe'),
        axis: fc.constantFrom('study', 'study', 'calendar'),
        from: fc.integer({ min: 0, max: horizon }),
        length: fc.integer({ min: 1, max: 15 }),
        n: fc.integer({ min: 1, max: 3 }),
      },
      { noNullPrototype: true },
    )
    .map(({ length, ...rest }) => ({ ...rest, to: rest.from + length - 1 }));

/** A spell as it is tallied: +n on its first day, −n on the day after its last; of person-days the changes of these. */
function marks({ stratum, from, to, n, ...cell }: Spell): CellTally {
  const days = new Map<number, number>();
  const mark = (day: number, of: number) => days.set(day, (days.get(day) ?? 0) + of);
  mark(from, n);
  mark(to + 1, -n);
  if (cell.kind === 'person-days') {
    mark(from + 1, -n);
    mark(to + 2, n);
  }
  // A second group, so that no group's members can be told by the text alone.
  const group = groupsText({ stratum, other: stratum === 'mild' ? 'severe' : 'mild' });
  return { ...cell, item: '', of: 0, group, days: [...days].flat() };
}

const talliesOf = (spells: readonly Spell[]): Tallies => addUp(noTallies, spells.map(marks));

type Asked = { readonly [Field in Exclude<keyof Spell, 'arm'>]?: Spell[Field] | undefined } & {
  readonly arms?: ReadonlySet<string> | undefined;
};

/** Day by day: of how many spells, that the question is about, is this one of the days. */
function counted(spells: readonly Spell[], day: number, { arms, ...asked }: Asked): number {
  return spells
    .filter((one) => arms === undefined || arms.has(one.arm))
    .filter((one) =>
      Object.entries(asked).every(([key, value]) => value === undefined || Reflect.get(one, key) === value),
    )
    .filter(({ from, to }) => from <= day && day <= to)
    .reduce((sum, { n }) => sum + n, 0);
}

/** A part of the trial as it is asked for, and as the plain count picks it. */
const part = fc
  .record({
    arms: fc.constantFrom<readonly string[] | undefined>(undefined, ['a'], ['b'], ['a', 'b'], []),
    site: fc.constantFrom(undefined, 'S1', 'S2'),
    stratum: fc.constantFrom(undefined, 'mild', 'severe'),
    axis: fc.constantFrom<'study' | 'calendar' | undefined>(undefined, 'study', 'calendar'),
  })
  .map(({ arms: among, site, stratum, axis }) => {
    const arms = among && new Set(among);
    const groups = stratum === undefined ? undefined : { stratum };
    const slice: Slice = { arms, site, groups, ...(axis === undefined ? {} : { axis }) };
    const asked: Asked = { arms, site, stratum, axis: axis ?? 'study' };
    return { slice, asked };
  });
const until = (to: number, from: number) => ({ from, to });
const days = (from: number) => Array.from({ length: Math.max(0, horizon - from + 1) }, (_, index) => from + index);

describe('a curve', () => {
  test('of abstinence is what counting participants day by day gives, from the first day asked to the last', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['abstinent', 'assessable', 'due', 'missing', 'mature']), { maxLength: 30 }),
        part,
        fc.constantFrom(3, 7),
        fc.constantFrom('observed-only', 'carry-forward-5'),
        fc.nat({ max: horizon }),
        (spells, { slice, asked: of }, window, policy, from) => {
          const asked = { measure: 'm', window, policy, ...of };
          const followed = { ...asked, policy: '' };
          expect(
            abstinenceCurve(talliesOf(spells), { measure: 'm', window, policy }, until(horizon, from), slice),
          ).toEqual(
            days(from).map((day) => ({
              day,
              abstinent: counted(spells, day, { ...asked, kind: 'abstinent' }),
              assessable: counted(spells, day, { ...asked, kind: 'assessable' }),
              due: counted(spells, day, { ...followed, kind: 'due' }),
              missing: counted(spells, day, { ...followed, kind: 'missing' }),
            })),
          );
        },
      ),
    );
  });

  test('of a policy that counts everybody followed is of those due: the missing as use, or in the best case as abstinent', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['abstinent', 'assessable', 'due', 'missing', 'beyond']), { maxLength: 30 }),
        part,
        (spells, { slice, asked: of }) => {
          const tallies = talliesOf(spells);
          const curve = (policy: string) =>
            abstinenceCurve(tallies, { measure: 'm', window: 7, policy }, until(horizon, 1), slice);
          const asked = { measure: 'm', window: 7, ...of };
          const missingIsUse = days(1).map((day) => {
            const due = counted(spells, day, { ...asked, policy: '', kind: 'due' });
            const missing = counted(spells, day, { ...asked, policy: '', kind: 'missing' });
            const abstinent = counted(spells, day, { ...asked, policy: 'observed-only', kind: 'abstinent' });
            // Whom nobody follows any more does not count, whatever was observed of them.
            const beyond = counted(spells, day, { ...asked, policy: '', kind: 'beyond' });
            return { day, abstinent: abstinent - beyond, assessable: due, due, missing };
          });
          expect(curve('missing-is-use')).toEqual(missingIsUse);
          expect(curve('worst-case')).toEqual(missingIsUse);
          expect(curve('best-case')).toEqual(
            missingIsUse.map((one) => ({ ...one, abstinent: one.abstinent + one.missing })),
          );
        },
      ),
    );
  });

  test('of first events is what counting events and person-days day by day gives', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['events', 'person-days', 'assessable']), { maxLength: 30 }),
        part,
        fc.constantFrom(3, 7),
        fc.nat({ max: horizon }),
        (spells, { slice, asked: of }, window, from) => {
          const asked = { measure: 'm', window, ...of };
          expect(eventsCurve(talliesOf(spells), { measure: 'm', window }, until(horizon, from), slice)).toEqual(
            days(from).map((day) => ({
              day,
              events: counted(spells, day, { ...asked, kind: 'events' }),
              personDays: counted(spells, day, { ...asked, kind: 'person-days' }),
            })),
          );
        },
      ),
    );
  });

  test('of maturity is what counting day by day gives, and who counts at all is who can count on day 0', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['mature', 'randomised', 'abstinent']), { maxLength: 30 }),
        part,
        fc.nat({ max: horizon }),
        (spells, { slice, asked }, from) => {
          const tallies = talliesOf(spells);
          const randomised = (day: number) => counted(spells, day, { measure: 'm', kind: 'randomised', ...asked });
          expect(maturityCurve(tallies, 'm', until(horizon, from), slice)).toEqual(
            days(from).map((day) => ({
              day,
              randomised: randomised(day),
              mature: counted(spells, day, { measure: 'm', kind: 'mature', ...asked }),
            })),
          );
          expect(randomisedIn(tallies, 'm', slice)).toBe(randomised(0));
        },
      ),
    );
  });

  test('over arms, sites and strata adds up to the whole', () => {
    fc.assert(
      fc.property(
        fc.array(spell(['abstinent', 'assessable', 'due', 'missing']), { maxLength: 30 }),
        fc.constantFrom('observed-only', 'carry-forward-5'),
        (spells, policy) => {
          const question = { measure: 'm', window: 3, policy };
          const tallies = talliesOf(spells);
          const curve = (slice: Slice) => abstinenceCurve(tallies, question, until(horizon, 1), slice);
          const byPart = ['a', 'b'].flatMap((arm) =>
            ['S1', 'S2'].flatMap((site) =>
              ['mild', 'severe'].map((stratum) => curve({ arms: new Set([arm]), site, groups: { stratum } })),
            ),
          );
          curve(everybody).forEach((whole, index) => {
            for (const what of ['abstinent', 'assessable', 'due', 'missing'] as const)
              expect(byPart.reduce((n, each) => n + (each[index]?.[what] ?? 0), 0)).toBe(whole[what]);
          });
        },
      ),
    );
  });

  test('has every day asked for, with zeros where nobody can be assessed, and none if the last lies before the first', () => {
    const question = { measure: 'm', window: 3, policy: 'observed-only' };
    expect(abstinenceCurve(noTallies, question, until(5, 3), everybody)).toEqual(
      [3, 4, 5].map((day) => ({ day, abstinent: 0, assessable: 0, due: 0, missing: 0 })),
    );
    expect(abstinenceCurve(noTallies, question, until(2, 3), everybody)).toEqual([]);
    expect(eventsCurve(noTallies, { measure: 'm', window: 5 }, until(5, 5), everybody)).toEqual([
      { day: 5, events: 0, personDays: 0 },
    ]);
  });

  const inArmA: Spell = {
    kind: 'assessable',
    measure: 'm',
    window: 3,
    policy: 'observed-only',
    arm: 'a',
    site: 'S1',
    stratum: 'mild',
    axis: 'study',
    from: 3,
    to: 9,
    n: 1,
  };

  test('of an arm or a group that nobody is in is empty, not that of everybody', () => {
    const question = { measure: 'm', window: 3, policy: 'observed-only' };
    const slices: Slice[] = [
      { arms: new Set() },
      { arms: new Set(['']) },
      { arms: new Set(['c']) },
      { groups: { stratum: 'other' } },
      { groups: { 'no such group': 'mild' } },
      { groups: { stratum: 'mild', other: 'mild' } },
    ];
    for (const slice of slices) {
      expect(
        abstinenceCurve(talliesOf([inArmA]), question, until(horizon, 1), slice).every(
          ({ assessable }) => assessable === 0,
        ),
      ).toBe(true);
    }
  });

  test('on the calendar runs from the first to the last day on which anybody is mature', () => {
    const mature = (axis: Spell['axis'], from: number, to: number): Spell => ({
      ...inArmA,
      kind: 'mature',
      window: 0,
      policy: '',
      axis,
      from,
      to,
    });
    const tallies = talliesOf([mature('calendar', 12, 15), mature('calendar', 9, 13), mature('study', 1, 30)]);
    expect(calendarDays(tallies, 'm')).toEqual({ from: 9, to: 15 });
    expect(calendarDays(tallies, 'other')).toEqual({ from: 0, to: -1 });
    expect(calendarDays(noTallies, 'm')).toEqual({ from: 0, to: -1 });
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
        const common = {
          measure: 'm',
          window: 0,
          policy: '',
          arm,
          site,
          stratum: 'mild',
          axis: 'study' as const,
          n: 1,
        };
        // A day counts as mature only where the participant can count at all; day 0 is never asked about.
        const last = Math.min(counts, mature);
        return [
          { ...common, kind: 'randomised', from: 0, to: counts },
          ...(last >= 1 ? [{ ...common, kind: 'mature' as const, from: 1, to: last }] : []),
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
