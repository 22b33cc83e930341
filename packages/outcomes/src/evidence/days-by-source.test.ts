import { dateOf, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Effective } from '../history/replacing.ts';
import { DaysBySource } from './days-by-source.ts';
import type { Informant } from './statement.ts';

const dayZero = 20_000;
const lastDay = 8;
const substances = ['cocaine', 'opioids'];
const informants: readonly Informant[] = ['participant', 'relative'];

const rules = (attendedVisit: 'negative' | 'nothing'): Protocol['evidence'] =>
  Protocol.shape.evidence.parse({ unnamed: 'negative', attendedVisit });

const day = fc.integer({ min: -1, max: lastDay + 1 });
const screen = fc.record({
  type: fc.constant('urine-screen'),
  day: day.map((one) => dayZero + one),
  data: fc.record({
    visit: fc.constant('W1'),
    sample: fc.constantFrom('valid', 'invalid'),
    supervised: fc.constant(false),
    results: fc.dictionary(fc.constantFrom(...substances), fc.constantFrom('positive', 'negative', 'invalid')),
  }),
});
const visit = fc.record({ type: fc.constant('visit-attended'), day: day.map((one) => dayZero + one) });
const calendar = fc.tuple(day, fc.nat({ max: 4 }), fc.nat({ max: 3 })).chain(([from, length, later]) =>
  fc.record({
    type: fc.constant('use-calendar'),
    day: fc.constant(dayZero + from + length + later),
    data: fc.record({
      from: fc.constant(dateOf(dayZero + from)),
      to: fc.constant(dateOf(dayZero + from + length)),
      complete: fc.boolean(),
      informant: fc.constantFrom(...informants),
      interview: fc.constant(dateOf(dayZero + from + length + later)),
      days: fc.dictionary(
        fc.nat({ max: length }).map((n) => dateOf(dayZero + from + n)),
        fc.dictionary(fc.constantFrom(...substances), fc.constant({})),
      ),
    }),
  }),
);
const observation = fc.oneof(screen, visit, calendar) as fc.Arbitrary<unknown> as fc.Arbitrary<Effective>;

/** All that is said, days of which nothing is said left out. */
function said(sources: DaysBySource): unknown {
  const spoken = (days: Uint8Array | undefined) =>
    [...(days ?? [])].flatMap((status, one) => (status === 0 ? [] : [`${one}: ${status}`]));
  return substances.map((substance) => [
    spoken(sources.tested(substance)),
    ...informants.map((informant) => spoken(sources.reported(informant, substance))),
  ]);
}

test('what is taken out again leaves what the others say, or it is said that it cannot be', () => {
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(observation, fc.boolean()), { maxLength: 10 }),
      fc.constantFrom('negative' as const, 'nothing' as const),
      (given, attendedVisit) => {
        const options = { dayZero, rules: rules(attendedVisit), substances, lastDay };
        const [all, others] = [new DaysBySource(options), new DaysBySource(options)];
        for (const [one, isTakenOut] of given) {
          all.add(one);
          if (!isTakenOut) others.add(one);
        }
        for (const [one, isTakenOut] of given) {
          if (!isTakenOut) continue;
          if (all.remove(one) === undefined) {
            refused += 1;
            return;
          }
          taken += 1;
        }
        expect(said(all)).toEqual(said(others));
      },
    ),
    { numRuns: 3_000 },
  );
  expect([taken > 1_000, refused > 100]).toEqual([true, true]);
});

test('nothing is said anew of the days before the one that is answered', () => {
  const upTo = (sources: DaysBySource, end: number) =>
    JSON.stringify(
      substances.map((substance) =>
        [sources.tested(substance), ...informants.map((informant) => sources.reported(informant, substance))].map(
          (days) => [...(days ?? new Uint8Array(lastDay + 1))].slice(0, end),
        ),
      ),
    );
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 6 }), observation, (before, one) => {
      const sources = new DaysBySource({ dayZero, rules: rules('negative'), substances, lastDay });
      for (const other of before) sources.add(other);
      for (const change of [() => sources.add(one), () => sources.remove(one)]) {
        const was = Array.from({ length: lastDay + 2 }, (_, end) => upTo(sources, end));
        const first = change();
        if (first === undefined) return;
        const end = Math.min(first, lastDay + 1);
        expect(upTo(sources, end)).toBe(was[end]);
      }
    }),
    { numRuns: 1_000 },
  );
});
