import { civilDay, dateOf, type HoldfastEvent, Protocol, parseEvent } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importedClock } from './imported-clock.ts';

type Schedule = {
  readonly plannedFollowUp: number;
  readonly entryLag: number;
  readonly horizons: readonly number[];
  readonly visits: readonly { readonly day: number; readonly closes: number }[];
  /** Last days of a weekly pattern, by what they are counted from. */
  readonly patterns?: readonly { readonly anchor: string; readonly day: number }[];
};

const protocolOf = ({ plannedFollowUp, entryLag, horizons, visits, patterns }: Schedule): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'CTN-0094',
    version: 1,
    title: 'A finished trial',
    blinding: 'open',
    clock: 'imported',
    plannedFollowUp,
    entryLag,
    arms: [{ id: 'a' }],
    sites: ['S1'],
    substances: [{ id: 'alcohol' }],
    visits: visits.map((visit, n) => ({ id: `V${n}`, ...visit, collects: ['urine', 'calendar'] })),
    measures: horizons.map((horizon, n) => ({
      id: `m${n}`,
      kind: 'first-use',
      substances: ['alcohol'],
      evidence: 'any-positive',
      windows: [1],
      horizon,
    })),
    patterns:
      patterns === undefined
        ? []
        : [
            {
              id: 'weekly',
              default: true,
              first: [{ anchor: 'consent', day: -30 }],
              last: patterns,
              weekOne: [{ anchor: 'consent', day: 0 }],
              substances: ['alcohol'],
              negative: ['tested'],
            },
          ],
  });

const short: Schedule = { plannedFollowUp: 30, entryLag: 0, horizons: [20], visits: [] };

function event(type: string, data: unknown): HoldfastEvent {
  const time = '2026-03-02T10:15:00+00:00';
  const parsed = parseEvent({
    specversion: '1.0',
    id: '1',
    source: '/trials/CTN-0094/x',
    subject: 'P',
    time,
    recordedtime: time,
    type: `org.holdfast.${type}.v1`,
    data,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}
const randomised = (date: string) => event('participant-randomised', { date });
const corrected = (type: string, data: unknown) =>
  event('correction', {
    target: { source: '/trials/CTN-0094/x', id: '0' },
    reason: 'typo',
    by: 'me',
    event: { type: `org.holdfast.${type}.v1`, time: '2026-03-02T10:15:00+00:00', data },
  });

function dateAfter(schedule: Schedule, events: readonly HoldfastEvent[]): string | undefined {
  const clock = importedClock(protocolOf(schedule));
  for (const one of events) clock.see(one);
  return clock.date();
}

describe('the clock of an imported trial', () => {
  const day = fc.integer({ min: civilDay('1990-01-01'), max: civilDay('2100-01-01') });
  const schedule = fc.record<Schedule>({
    plannedFollowUp: fc.integer({ min: 1, max: 400 }),
    entryLag: fc.nat(365),
    // A horizon may lie a year after planned follow-up at most.
    horizons: fc.array(fc.integer({ min: 1, max: 366 }), { minLength: 1, maxLength: 3 }),
    visits: fc.array(fc.record({ day: fc.integer({ min: -30, max: 450 }), closes: fc.nat(100) }), { maxLength: 4 }),
  });

  test('is past every horizon, every planned follow-up, and every visit with the time to enter it, of everybody', () => {
    fc.assert(
      fc.property(schedule, fc.array(day, { minLength: 1, maxLength: 8 }), (declared, dayZeros) => {
        const date = dateAfter(
          declared,
          dayZeros.map((n) => randomised(dateOf(n))),
        );
        if (date === undefined) expect.fail('nobody was seen');
        const ends = [
          declared.plannedFollowUp,
          ...declared.horizons,
          ...declared.visits.map(({ day: target, closes }) => target + closes + declared.entryLag),
        ];
        const latest = Math.max(...dayZeros.flatMap((dayZero) => ends.map((end) => dayZero + end)));
        // A day is mature when the clock's date is later than it, and later than closing and entry lag of what should cover it.
        expect(civilDay(date)).toBe(latest + 1);
      }),
    );
  });

  test('does not depend on the order of events, or on how often one is seen', () => {
    const events = fc.array(
      day.map((n) => randomised(dateOf(n))),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        events.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
        ),
        ([once, twice]) => {
          expect(dateAfter(short, twice)).toBe(dateAfter(short, once));
        },
      ),
    );
  });

  test('is that of the last participant, over the end of a month and a leap day', () => {
    expect(dateAfter(short, [randomised('2024-01-30'), randomised('2023-12-31')])).toBe('2024-03-01');
    expect(dateAfter(short, [randomised('2023-01-30')])).toBe('2023-03-02');
  });

  test('counts the date that a correction puts in place', () => {
    expect(
      dateAfter(short, [randomised('2024-01-01'), corrected('participant-randomised', { date: '2024-02-01' })]),
    ).toBe('2024-03-03');
    expect(dateAfter(short, [corrected('participant-randomised', { date: '2024-02-01' })])).toBe('2024-03-03');
  });

  test('looks at nothing else: neither at second randomisations nor at when an event was written', () => {
    const others = [
      event('participant-rerandomised', { which: 2, date: '2030-01-01' }),
      event('visit-attended', {}),
      corrected('visit-attended', {}),
    ];
    expect(dateAfter(short, [randomised('2024-01-01'), ...others])).toBe('2024-02-01');
  });

  test('is past the last day of every weekly pattern, from whatever day it is counted', () => {
    const patterns = [
      { anchor: 'second-randomisation', day: 60 },
      { anchor: 'randomisation', day: 40 },
      { anchor: 'consent', day: 50 },
    ];
    const enrolled = event('participant-enrolled', { consentDate: '2024-01-01' });
    const again = event('participant-rerandomised', { which: 2, date: '2024-01-20' });
    expect(dateAfter({ ...short, patterns }, [enrolled])).toBe('2024-02-21');
    expect(dateAfter({ ...short, patterns }, [enrolled, randomised('2024-01-10')])).toBe('2024-02-21');
    expect(dateAfter({ ...short, patterns }, [enrolled, randomised('2024-01-12')])).toBe('2024-02-22');
    expect(dateAfter({ ...short, patterns }, [enrolled, randomised('2024-01-12'), again])).toBe('2024-03-21');
    const late = { ...short, patterns, entryLag: 5, visits: [{ day: 48, closes: 2 }] };
    expect(dateAfter(late, [corrected('participant-enrolled', { consentDate: '2024-01-01' })])).toBe('2024-02-26');
  });

  test('does not run where nobody was randomised', () => {
    expect(dateAfter(short, [])).toBeUndefined();
    expect(dateAfter(short, [event('visit-attended', {})])).toBeUndefined();
  });
});
