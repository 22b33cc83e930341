import { dateOf, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decidingObservations, explainRetention } from './explain-values.ts';
import type { ValueFact } from './facts.ts';
import type { Effective } from './history/replacing.ts';

const score = (id: string, day: number, total: number): Effective => ({
  ...{ type: 'scale-score', day, source: '/trials/T/sites/S', id, recordedAt: day, sha256: id },
  data: { instrument: 'HAM-D', total },
});
const totalOf = (one: Effective) => (one.type === 'scale-score' ? (one.data.total ?? 0) : 0);

/** A measure of two values: the highest total, and the number of scores. */
const highest = (scores: readonly Effective[]): ValueFact[] => [
  ...(scores.length === 0
    ? []
    : [{ measure: 'm', kind: 'highest', day: 1, value: Math.max(...scores.map(totalOf)), of: 1 }]),
  { measure: 'm', kind: 'scores', day: 1, value: scores.length, of: 1 },
];

const deciding = (scores: readonly Effective[], kind: string) => {
  const of = decidingObservations(scores, (left) => highest(scores.filter((one) => one !== left)));
  const value = highest(scores).find((one) => one.kind === kind);
  return value === undefined ? [] : of(value).map(({ id }) => id);
};

describe('the observations that decide a value', () => {
  test('are those without which it would be another', () => {
    expect(deciding([score('a', 1, 7), score('b', 2, 19), score('c', 3, 11)], 'highest')).toEqual(['b']);
    expect(deciding([score('a', 1, 7)], 'highest')).toEqual(['a']);
  });

  test('are none where two say the same', () => {
    expect(deciding([score('a', 1, 19), score('b', 2, 19)], 'highest')).toEqual([]);
  });

  test('are all of what is counted; and the one highest, if there is but one', () => {
    const scores = fc
      .array(fc.integer({ min: 0, max: 52 }), { minLength: 1, maxLength: 12 })
      .map((totals) => totals.map((total, i) => score(`e${i}`, i, total)));
    fc.assert(
      fc.property(scores, (all) => {
        expect(deciding(all, 'scores')).toEqual(all.map(({ id }) => id));
        const top = Math.max(...all.map(totalOf));
        const atTop = all.filter((one) => totalOf(one) === top);
        expect(deciding(all, 'highest')).toEqual(atTop.length === 1 ? atTop.map(({ id }) => id) : []);
      }),
    );
  });
});

describe('how a participant’s time in the trial ended', () => {
  const protocol = Protocol.parse({
    format: 'holdfast-protocol/1',
    ...{ trial: 'T', version: 1, title: 'A trial', blinding: 'open', clock: 'live', timeZone: 'UTC', partitions: 1 },
    plannedFollowUp: 84,
    arms: [{ id: 'A' }],
    sites: ['S'],
    substances: [{ id: 'alcohol' }],
    measures: [{ id: 'stay', kind: 'retention', windows: [28], horizon: 84 }],
  });
  const [measure] = protocol.measures;
  const day = 20_000;
  const event = (id: string, type: string, on: number, data: object) =>
    ({ side: 'open', type, id, source: '/trials/T/sites/S', sha256: id, recordedAt: on, day: on, data }) as never;
  const enrolled = [
    event('e', 'participant-enrolled', day, { consentDate: dateOf(day) }),
    event('r', 'participant-randomised', day, { date: dateOf(day) }),
  ];
  const explained = (more: readonly never[], clock: number) => {
    if (measure?.kind !== 'retention') throw new Error('the measure is retention');
    const { values } = explainRetention(
      protocol,
      measure,
      { participant: 'P', open: [...enrolled, ...more], sealed: [] },
      clock,
    );
    return values.map(({ value, events }) => [value.kind, value.item, value.value, events.map(({ id }) => id)]);
  };
  const left = (how: string) => [event('l', 'participant-left', day + 40, { how })];

  test.each([
    ['lost', ['left-early', 'lost', 40, ['l']]],
    ['died', ['died', 'death', 40, ['l']]],
    ['completed', ['in-trial-until', 'completed', 40, ['l']]],
  ])('%s: the day, how it is known, and the report behind it', (how, expected) => {
    expect(explained(left(how), day + 200)).toEqual([expected]);
  });

  test('who nobody reported to have left is in the trial, as far as all is known', () => {
    expect(explained([], day + 31)).toEqual([['in-trial-until', 'still-in-trial', 30, []]]);
    expect(explained([], day + 200)).toEqual([['in-trial-until', 'horizon', 84, []]]);
  });
});
