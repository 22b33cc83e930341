import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EndedOnDay, kaplanMeier, type SurvivalOnDay } from './kaplan-meier.ts';

/** One participant's end of observation. */
type Outcome = { readonly day: number; readonly outcome: 'events' | 'competing' | 'censored' };

const outcome = fc.record<Outcome>(
  { day: fc.integer({ min: 0, max: 12 }), outcome: fc.constantFrom('events', 'competing', 'censored') },
  { noNullPrototype: true },
);
const outcomes = fc.array(outcome, { maxLength: 60 });
const uncensored = fc.array(
  outcome.map(({ day }): Outcome => ({ day, outcome: 'events' })),
  { minLength: 1, maxLength: 60 },
);

/** Small and huge counts, of which any may be zero; the participants may be more than those whose observation ended. */
const countsOf = (max: number) => fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 }), fc.nat({ max }));
const anyCounts = fc
  .array(
    fc.record<Omit<EndedOnDay, 'day'>>(
      { events: countsOf(1e12), competing: countsOf(1e12), censored: countsOf(1e12) },
      { noNullPrototype: true },
    ),
    { maxLength: 30 },
  )
  .chain((days) =>
    fc.record(
      {
        days: fc.constant(days.map((counts, day): EndedOnDay => ({ day, ...counts }))),
        stay: countsOf(1e15),
      },
      { noNullPrototype: true },
    ),
  )
  .map(({ days, stay }) => ({ days, participants: days.reduce((sum, day) => sum + endedOn(day), stay) }));

const endedOn = ({ events, competing, censored }: EndedOnDay) => events + competing + censored;

/** The counts of participants, on the days on which anybody's observation ended. */
function counted(all: readonly Outcome[]): EndedOnDay[] {
  const on = (day: number, what: Outcome['outcome']) =>
    all.filter((one) => one.day === day && one.outcome === what).length;
  return [...new Set(all.map(({ day }) => day))]
    .sort((a, b) => a - b)
    .map((day) => ({
      day,
      events: on(day, 'events'),
      competing: on(day, 'competing'),
      censored: on(day, 'censored'),
    }));
}

const curveOf = (all: readonly Outcome[]) => kaplanMeier(all.length, counted(all));

/** A value that a test knows to be there. */
const there = (value: number | undefined): number => value ?? Number.NaN;

/** `undefined` with itself, numbers to 12 digits after the point. */
function expectSame(actual: number | undefined, expected: number | undefined): void {
  if (actual === undefined || expected === undefined) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThan(1e-12);
}

test('a curve is what following each participant day by day gives', () => {
  fc.assert(
    fc.property(outcomes, (all) => {
      for (const point of curveOf(all)) {
        const { survival, incidence } = naive(all, point.day);
        expect(point.atRisk).toBe(all.filter(({ day }) => day >= point.day).length);
        expectSame(point.survival, survival);
        expectSame(point.incidence, incidence);
      }
    }),
    { numRuns: 500 },
  );
});

/**
 * By redistribution to the right (Efron, 1967): everybody weighs the same at first; who is censored hands their weight on, in
 * equal parts, to those still observed. Survival is the weight of those without the event. For it a competing event hands on too.
 */
function naive(all: readonly Outcome[], until: number): { survival: number; incidence: number } {
  const weightOfEvents = (handsOn: (outcome: Outcome['outcome']) => boolean) => {
    let weight = 1 / all.length;
    let sum = 0;
    for (let day = 0; day <= until; day += 1) {
      const today = all.filter((one) => one.day === day);
      const later = all.filter((one) => one.day > day);
      sum += weight * today.filter((one) => one.outcome === 'events').length;
      const handedOn = weight * today.filter((one) => handsOn(one.outcome)).length;
      if (later.length > 0) weight += handedOn / later.length;
    }
    return sum;
  };
  return {
    survival: 1 - weightOfEvents((what) => what !== 'events'),
    incidence: weightOfEvents((what) => what === 'censored'),
  };
}

test('survival falls and incidence rises within 0 … 1, and the limits bracket survival, whatever the counts', () => {
  fc.assert(
    fc.property(anyCounts, ({ participants, days }) => {
      let before: SurvivalOnDay | undefined;
      for (const point of kaplanMeier(participants, days)) {
        const { survival, incidence, lower, upper } = point;
        if (survival !== undefined) {
          expect(survival).toBeGreaterThanOrEqual(0);
          expect(survival).toBeLessThanOrEqual(before?.survival ?? 1);
        }
        if (incidence !== undefined) {
          expect(incidence).toBeGreaterThanOrEqual(before?.incidence ?? 0);
          expect(incidence).toBeLessThanOrEqual(1);
        }
        expect(lower === undefined).toBe(upper === undefined);
        if (lower !== undefined && upper !== undefined) {
          expect(lower).toBeGreaterThanOrEqual(0);
          expect(lower).toBeLessThanOrEqual(there(survival));
          expect(upper).toBeGreaterThanOrEqual(there(survival));
          expect(upper).toBeLessThanOrEqual(1);
        }
        before = point;
      }
    }),
    { numRuns: 500 },
  );
});

test('the shares with the event, with a competing event and with neither make the whole', () => {
  const swapped = ({ events, competing, ...rest }: EndedOnDay) => ({ ...rest, events: competing, competing: events });
  const merged = ({ events, competing, ...rest }: EndedOnDay) => ({
    ...rest,
    events: events + competing,
    competing: 0,
  });
  fc.assert(
    fc.property(anyCounts, ({ participants, days }) => {
      const withEvent = kaplanMeier(participants, days);
      const withCompeting = kaplanMeier(participants, days.map(swapped));
      const withEither = kaplanMeier(participants, days.map(merged));
      withEvent.forEach((point, i) => {
        const [competing, neither] = [withCompeting[i]?.incidence, withEither[i]?.survival];
        if (point.incidence === undefined) expect([competing, neither]).toEqual([undefined, undefined]);
        else expect(point.incidence + there(competing) + there(neither)).toBeCloseTo(1, 12);
      });
    }),
  );
});

test('incidence is at most 1 − survival, and that exactly where nothing competes', () => {
  fc.assert(
    fc.property(anyCounts, fc.boolean(), ({ participants, days }, competes) => {
      for (const { survival, incidence } of kaplanMeier(
        participants,
        competes ? days : days.map((day) => ({ ...day, competing: 0 })),
      )) {
        if (survival === undefined || incidence === undefined) continue;
        expect(incidence).toBeLessThanOrEqual(1 - survival + 1e-12);
        if (!competes) expect(incidence).toBeCloseTo(1 - survival, 12);
      }
    }),
  );
});

test('with nobody censored it is the share of participants whose event is still to come', () => {
  fc.assert(
    fc.property(uncensored, (all) => {
      for (const { day, survival, incidence } of curveOf(all)) {
        const later = all.filter((one) => one.day > day).length;
        expectSame(survival, later / all.length);
        expectSame(incidence, 1 - later / all.length);
      }
    }),
  );
});

test('the counts of two groups, added, give the curve of both together', () => {
  fc.assert(
    fc.property(outcomes, outcomes, (some, others) => {
      const added = new Map<number, EndedOnDay>();
      for (const counts of [...counted(some), ...counted(others)]) {
        const held = added.get(counts.day) ?? { day: counts.day, events: 0, competing: 0, censored: 0 };
        added.set(counts.day, {
          day: counts.day,
          events: held.events + counts.events,
          competing: held.competing + counts.competing,
          censored: held.censored + counts.censored,
        });
      }
      const days = [...added.values()].sort((a, b) => a.day - b.day);
      expect(kaplanMeier(some.length + others.length, days)).toEqual(curveOf([...some, ...others]));
    }),
  );
});

test('a day on which no observation ended shows the curve as it stands, and changes nothing after it', () => {
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 0, max: 13 }), (all, asked) => {
      const days = counted(all);
      if (days.some(({ day }) => day === asked)) return;
      const nothing = { day: asked, events: 0, competing: 0, censored: 0 };
      const curve = kaplanMeier(
        all.length,
        [...days, nothing].sort((a, b) => a.day - b.day),
      );
      const at = curve.findIndex(({ day }) => day === asked);
      expect(curve.filter((_, i) => i !== at)).toEqual(curveOf(all));
      const [point, last] = [curve[at], curve[at - 1]];
      if (point !== undefined && point.atRisk > 0 && last !== undefined)
        expect(point).toEqual({ ...last, ...nothing, atRisk: point.atRisk });
    }),
  );
});

test('more confidence never narrows the limits', () => {
  const confidence = fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true });
  fc.assert(
    fc.property(outcomes, confidence, confidence, (all, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((c) => kaplanMeier(all.length, counted(all), c));
      less?.forEach(({ lower, upper }, i) => {
        if (lower === undefined || upper === undefined) return;
        expect(more?.[i]?.lower).toBeLessThanOrEqual(lower);
        expect(more?.[i]?.upper).toBeGreaterThanOrEqual(upper);
      });
    }),
  );
});

test('all events on one day end the curve at 0 without limits; the share without them stays known afterwards', () => {
  const quiet = { events: 0, competing: 0, censored: 0 };
  expect(
    kaplanMeier(9, [
      { ...quiet, day: 4, events: 9 },
      { ...quiet, day: 5 },
    ]),
  ).toEqual([
    { ...quiet, day: 4, events: 9, atRisk: 9, survival: 0, incidence: 1, lower: undefined, upper: undefined },
    { ...quiet, day: 5, atRisk: 0, survival: 0, incidence: 1, lower: undefined, upper: undefined },
  ]);
});

test('everybody censored: survival 1 without limits, and unknown as soon as nobody is left', () => {
  const quiet = { events: 0, competing: 0, censored: 0 };
  expect(
    kaplanMeier(3, [
      { ...quiet, day: 0, censored: 3 },
      { ...quiet, day: 1 },
    ]),
  ).toEqual([
    { ...quiet, day: 0, censored: 3, atRisk: 3, survival: 1, incidence: 0, lower: undefined, upper: undefined },
    {
      ...quiet,
      day: 1,
      atRisk: 0,
      survival: undefined,
      incidence: undefined,
      lower: undefined,
      upper: undefined,
    },
  ]);
});

test('who could only die before the event has an incidence, but no survival without the event any more', () => {
  const [, after] = kaplanMeier(2, [
    { day: 3, events: 1, competing: 1, censored: 0 },
    { day: 4, events: 0, competing: 0, censored: 0 },
  ]);
  expect(after).toMatchObject({ atRisk: 0, survival: undefined, incidence: 0.5 });
});

test('of nobody there is no curve', () => {
  expect(kaplanMeier(0, [{ day: 0, events: 0, competing: 0, censored: 0 }])).toEqual([
    {
      day: 0,
      events: 0,
      competing: 0,
      censored: 0,
      atRisk: 0,
      survival: undefined,
      incidence: undefined,
      lower: undefined,
      upper: undefined,
    },
  ]);
});

test('one event among very many keeps the digits of its limits', () => {
  // survival^exp(±z · se / log survival) with n = 9e15, mpmath 1.3.0 with 40 digits: 1 − limit.
  const [point] = kaplanMeier(9e15, [{ day: 1, events: 1_000_000, competing: 0, censored: 0 }]);
  expect((1 - there(point?.lower)) / 1.11329098441034e-10).toBeCloseTo(1, 5);
  expect((1 - there(point?.upper)) / 1.10893550610082e-10).toBeCloseTo(1, 5);
});

test.each([
  [-1, []],
  [1.5, []],
  [2, [[0, 3, 0, 0]]],
  [2, [[0, 1, 1, 1]]],
  [2, [[0, -1, 0, 0]]],
  [2, [[0, 0, 0.5, 0]]],
  [2, [[0, 0, 0, Number.NaN]]],
  [
    5,
    [
      [3, 1, 0, 0],
      [3, 1, 0, 0],
    ],
  ],
  [
    5,
    [
      [3, 1, 0, 0],
      [2, 1, 0, 0],
    ],
  ],
  [5, [[Number.NaN, 1, 0, 0]]],
])('kaplanMeier(%s, %j) is refused', (participants, days) => {
  const counts = days.map(([day = 0, events = 0, competing = 0, censored = 0]) => ({
    day,
    events,
    competing,
    censored,
  }));
  expect(() => kaplanMeier(participants, counts)).toThrow(RangeError);
});

test.each([0, 1, 95, Number.NaN])('a confidence of %s is refused', (confidence) => {
  expect(() => kaplanMeier(1, [], confidence)).toThrow(RangeError);
});
