import type { EventData } from '@holdfast/events';
import fc from 'fast-check';

/** Absent half the time. */
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

const items = (names: readonly string[], points: readonly number[]) =>
  fc
    .tuple(...names.map(() => fc.constantFrom(...points)))
    .map((scores) => Object.fromEntries(names.map((name, i) => [name, scores[i]])));

/** Few scores, so that they lie on the limits of response (28, 20 or 50 % of each other) and of remission. */
const scoredBy = {
  'HAM-D-17': fc.record({ total: fc.constantFrom(0, 7, 7.2, 10, 18, 25) }),
  // All four items, or one too few to be summed.
  'BPRS-positive': fc.record({
    items: fc.constantFrom(['a', 'b', 'c', 'd'], ['a', 'b', 'c']).chain((names) => items(names, [1, 2.5, 7])),
  }),
  URICA: fc.oneof(
    { weight: 3, arbitrary: fc.record({ total: fc.constantFrom(-2, 0, 3, 3.5, 4, 10, 12) }) },
    { weight: 1, arbitrary: fc.record({ items: items(['a'], [1, 5]) }) },
  ),
  gain: fc.oneof(
    fc.record({ total: fc.constantFrom(0, 10, 15, 20, 30) }),
    fc.record({ items: items(['a', 'b'], [0, 5, 10]) }),
  ),
} satisfies Record<string, fc.Arbitrary<object>>;
export type ScoredInstrument = keyof typeof scoredBy;
export const scoredInstruments = Object.keys(scoredBy) as readonly ScoredInstrument[];

/** Scores of some instruments, at visits and at hours after a dose. */
export function arbScaleScore(
  visit: fc.Arbitrary<string>,
  instruments: readonly ScoredInstrument[] = scoredInstruments,
): fc.Arbitrary<EventData<'scale-score'>> {
  const scored = fc
    .constantFrom(...instruments)
    .chain((instrument) => (scoredBy[instrument] as fc.Arbitrary<object>).map((score) => ({ instrument, ...score })));
  return fc
    .record({
      scored,
      subscores: optional(fc.constantFrom<Record<string, number>>({ mood: 3 }, { mood: 10, constructor: 2 }, {})),
      visit: optional(visit),
      hoursAfterDose: optional(fc.constantFrom(0, 2, 20, 24, 28, 48)),
    })
    .map(({ scored, ...rest }) => defined({ ...scored, ...rest }));
}

export function arbChoiceTask(
  substance: fc.Arbitrary<string>,
  visit: fc.Arbitrary<string>,
): fc.Arbitrary<EventData<'choice-task'>> {
  return fc
    .record({ substance, offered: fc.constantFrom(1, 5), part: fc.nat({ max: 5 }), visit: optional(visit) })
    .map(({ offered, part, ...rest }) =>
      defined({
        ...rest,
        offered,
        chosen: Math.min(offered, part),
        dose: { amount: 25, unit: 'mg' },
        alternative: { amount: 11, unit: 'USD' },
      }),
    );
}

/** Doses of two drugs in several units; few are numbered. */
export const arbDoseGiven: fc.Arbitrary<EventData<'dose-given'>> = fc
  .record({
    drug: fc.constantFrom('ketamine', 'ketamine', 'midazolam'),
    given: fc.constantFrom<EventData<'dose-given'>['given']>(
      { mg: 35 },
      { mg: 0.0125 },
      { mgPerKg: 0.5 },
      { mg: 40, mgPerKg: 0.5 },
      { units: 1 },
    ),
    session: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 2 }),
    stoppedEarly: optional(fc.boolean()),
  })
  .map(defined);

export const arbTherapySession: fc.Arbitrary<EventData<'therapy-session'>> = fc.record(
  { kind: fc.constant('relapse-prevention'), minutes: fc.constantFrom(0, 90, 52.5) },
  { noNullPrototype: true },
);
