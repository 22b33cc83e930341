import { kaplanMeier } from '@holdfast/statistics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CellTally } from './cell.ts';
import type { Slice } from './curves.ts';
import { survivalCurve } from './survival.ts';
import { addUp, noTallies } from './tallies.ts';

type Participant = {
  readonly kind: 'event' | 'competing' | 'censored';
  readonly day: number;
  readonly measure: string;
  readonly arm: string;
  readonly site: string;
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
    },
    { noNullPrototype: true },
  ),
  { maxLength: 40 },
);
const slice = fc.record<Slice>(
  { arm: fc.constantFrom(undefined, 'a', 'b', 'c'), site: fc.constantFrom(undefined, 'S1', 'S2') },
  { noNullPrototype: true },
);
const everybody: Slice = { arm: undefined, site: undefined };

const tallied = ({ kind, day, measure, arm, site }: Participant): CellTally => ({
  measure,
  kind,
  window: 0,
  policy: '',
  axis: 'study',
  arm,
  site,
  days: [day, 1],
});
const talliesOf = (all: readonly Participant[]) => addUp(noTallies, all.map(tallied));

function inPart(all: readonly Participant[], { arm, site }: Slice): readonly Participant[] {
  return all.filter(
    (one) => one.measure === 'm' && (arm === undefined || one.arm === arm) && (site === undefined || one.site === site),
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
        ['S1', 'S2'].map((site) => survivalCurve(talliesOf(all), 'm', { arm, site }, days)),
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
