import { kaplanMeier } from '@holdfast/statistics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CellTally, groupsText } from './cell.ts';
import { everybody, type Slice } from './curves.ts';
import { survivalCurve } from './survival.ts';
import { addUp, noTallies } from './tallies.ts';

type Participant = {
  readonly kind: 'event' | 'competing' | 'censored';
  readonly day: number;
  readonly measure: string;
  readonly arm: string;
  readonly site: string;
  readonly stratum: string;
  readonly axis: 'study' | 'calendar';
};

const lastDay = 10;
const participants = fc.array(
  fc.record<Participant>(
    {
      kind: fc.constantFrom('event', 'competing', 'censored'),
      day: fc.integer({ min: 0, max: lastDay }),
      measure: fc.constantFrom('m', 'm', 'other'),
      arm: fc.constantFrom('a', 'b', ''),
      site: fc.constantFrom('S1', 'S2'),
      stratum: fc.constantFrom('mild', 'severe'),
      axis: fc.constantFrom('study', 'study', 'calendar'),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 40 },
);
const slice = fc.record<Slice>(
  {
    arms: fc.constantFrom(undefined, new Set(['a']), new Set(['a', 'b']), new Set(['c'])),
    site: fc.constantFrom(undefined, 'S1', 'S2'),
    groups: fc.constantFrom(undefined, { stratum: 'mild' }, { stratum: 'severe' }),
  },
  { noNullPrototype: true },
);

const tallied = ({ day, stratum, ...cell }: Participant): CellTally => ({
  ...cell,
  window: 0,
  policy: '',
  item: '',
  of: 0,
  group: groupsText({ stratum }),
  days: [day, 1],
});
const talliesOf = (all: readonly Participant[]) => addUp(noTallies, all.map(tallied));

function inPart(all: readonly Participant[], { arms, site, groups }: Slice): readonly Participant[] {
  return all.filter(
    (one) =>
      one.measure === 'm' &&
      one.axis === 'study' &&
      (arms === undefined || arms.has(one.arm)) &&
      (site === undefined || one.site === site) &&
      (groups === undefined || one.stratum === groups.stratum),
  );
}

/** On one day, by looking at every participant: how many are still observed, and whose observation ends. */
function countsOn(day: number, all: readonly Participant[]) {
  const ended = (kind: Participant['kind']) => all.filter((one) => one.day === day && one.kind === kind).length;
  return {
    day,
    atRisk: all.filter((one) => one.day >= day).length,
    events: ended('event'),
    competing: ended('competing'),
    censored: ended('censored'),
  };
}

const studyDays = Array.from({ length: lastDay + 3 }, (_, day) => day);

test('each study day counts whoever is still observed, and whose observation ends on it', () => {
  fc.assert(
    fc.property(participants, slice, (all, part) => {
      const curve = survivalCurve(talliesOf(all), 'm', part, new Set(studyDays));
      const counts = studyDays.map((day) => countsOn(day, inPart(all, part)));
      expect(curve).toMatchObject(counts);
      expect(curve).toEqual(kaplanMeier(inPart(all, part).length, counts));
    }),
  );
});

test('unasked, it has day 0 and each day on which an observation ended, and no other', () => {
  fc.assert(
    fc.property(participants, slice, (all, part) => {
      const ended = new Set([0, ...inPart(all, part).map(({ day }) => day)]);
      const curve = survivalCurve(talliesOf(all), 'm', part);
      expect(curve.map(({ day }) => day)).toEqual(studyDays.filter((day) => ended.has(day)));
      expect(curve).toEqual(survivalCurve(talliesOf(all), 'm', part, ended));
    }),
  );
});

test('the counts of arms and sites add up to those of the whole', () => {
  fc.assert(
    fc.property(participants, (all) => {
      const days = new Set(studyDays);
      const parts = ['a', 'b', ''].flatMap((arm) =>
        ['S1', 'S2'].map((site) => survivalCurve(talliesOf(all), 'm', { arms: new Set([arm]), site }, days)),
      );
      survivalCurve(talliesOf(all), 'm', everybody, days).forEach((whole, i) => {
        for (const count of ['atRisk', 'events', 'competing', 'censored'] as const)
          expect(parts.reduce((sum, curve) => sum + (curve[i]?.[count] ?? 0), 0)).toBe(whole[count]);
      });
    }),
  );
});

test('where nobody is, day 0 says so, and nothing is estimated', () => {
  const nobody = { atRisk: 0, events: 0, competing: 0, censored: 0 };
  const nothing = { survival: undefined, incidence: undefined, lower: undefined, upper: undefined };
  expect(survivalCurve(noTallies, 'm', everybody)).toEqual([{ day: 0, ...nobody, ...nothing }]);
});
