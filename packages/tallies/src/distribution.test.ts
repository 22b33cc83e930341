import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CellTally, groupsText } from './cell.ts';
import type { Slice } from './curves.ts';
import { distribution, valuesOf } from './distribution.ts';
import { addUp, noTallies } from './tallies.ts';

/** One participant's value, and where it belongs. */
type Value = {
  readonly measure: string;
  readonly kind: string;
  readonly item: string;
  readonly policy: string;
  readonly value: number;
  /** 0: no value at all, but a mark or an end. */
  readonly of: number;
  readonly arm: string;
  readonly site: string;
  readonly stratum: string;
};

const values = fc.array(
  fc.record<Value>(
    {
      measure: fc.constantFrom('m', 'm', 'other'),
      kind: fc.constantFrom('score', 'change'),
      item: fc.constantFrom('', 'week-12'),
      policy: fc.constantFrom('', 'observed-only'),
      value: fc.integer({ min: -3, max: 6 }),
      of: fc.constantFrom(1, 2, 3, 0),
      arm: fc.constantFrom('a', 'b', ''),
      site: fc.constantFrom('S1', 'S2'),
      stratum: fc.constantFrom('mild', 'severe'),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 40 },
);

const slice = fc.record<Slice>(
  {
    arms: fc.constantFrom(undefined, new Set(['a']), new Set(['a', 'b'])),
    site: fc.constantFrom(undefined, 'S1'),
    groups: fc.constantFrom(undefined, { stratum: 'mild' }),
  },
  { noNullPrototype: true },
);

const talliesOf = (all: readonly Value[]) =>
  addUp(
    noTallies,
    all.map(
      ({ value, stratum, ...cell }): CellTally => ({
        ...cell,
        window: 0,
        axis: 'study',
        group: groupsText({ stratum }),
        days: [value, 1],
      }),
    ),
  );

const inPart = (all: readonly Value[], { arms, site, groups }: Slice) =>
  all.filter(
    (one) =>
      one.measure === 'm' &&
      one.of > 0 &&
      (arms === undefined || arms.has(one.arm)) &&
      (site === undefined || one.site === site) &&
      (groups === undefined || one.stratum === groups.stratum),
  );

const questions = ['score', 'change'].flatMap((kind) =>
  ['', 'week-12'].flatMap((item) => ['', 'observed-only'].map((policy) => ({ measure: 'm', kind, item, policy }))),
);

describe('the distribution of a value', () => {
  test('says of each value how many participants have it, fractions of one denominator apart, in increasing order', () => {
    fc.assert(
      fc.property(values, slice, (all, part) => {
        for (const { measure, kind, item, policy } of questions) {
          const asked = inPart(all, part).filter(
            (one) => one.kind === kind && one.item === item && one.policy === policy,
          );
          const found = distribution(talliesOf(all), { measure, kind, item, policy }, part);
          for (const { value, of, count } of found)
            expect(count).toBe(asked.filter((one) => one.value === value && one.of === of).length);
          expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(asked.length);
          const sizes = found.map(({ value, of }) => value / of);
          expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test('over arms, none known included, adds up to the whole', () => {
    fc.assert(
      fc.property(values, (all) => {
        for (const question of questions) {
          const count = (part: Slice) =>
            distribution(talliesOf(all), question, part).reduce((sum, each) => sum + each.count, 0);
          expect(['a', 'b', ''].reduce((sum, arm) => sum + count({ arms: new Set([arm]) }), 0)).toBe(count({}));
        }
      }),
    );
  });

  test('is asked for only where a participant has a value', () => {
    fc.assert(
      fc.property(values, slice, (all, part) => {
        const here = new Set(inPart(all, part).map(({ kind, item, policy }) => JSON.stringify([kind, item, policy])));
        expect(
          valuesOf(talliesOf(all), 'm', part).map(({ kind, item, policy }) => JSON.stringify([kind, item, policy])),
        ).toEqual([...here].sort());
      }),
    );
  });
});
