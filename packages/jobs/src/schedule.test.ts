import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueSlots, nextSlotAt, type Schedule } from './schedule.ts';

const since = new Date('2026-01-01T00:00:00Z');
const schedule = (cron: string, timeZone = 'Europe/Berlin'): Schedule => ({ id: 'dsmb', cron, timeZone, since });
const times = (cron: string, timeZone: string, from: string, to: string) =>
  dueSlots(schedule(cron, timeZone), new Date(from), new Date(to)).map(({ at }) => at.toISOString().slice(0, 16));

/** The minutes that a field of a pattern names, of as many as there are. */
function namedBy(field: string, many: number): ReadonlySet<number> {
  const all = Array.from({ length: many }, (_, n) => n);
  const step = /^\*(?:\/(\d+))?$/.exec(field);
  if (step) return new Set(all.filter((n) => n % Number(step[1] ?? 1) === 0));
  const range = /^(\d+)-(\d+)$/.exec(field);
  if (range) return new Set(all.filter((n) => n >= Number(range[1]) && n <= Number(range[2])));
  return new Set(field.split(',').map(Number));
}

/** The rule as somebody keeps it who looks at the clock on the wall every minute, and remembers what it has shown. */
function readByTheMinute(minutes: string, hours: string, timeZone: string, from: Date, to: Date): readonly number[] {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const [inMinutes, inHours] = [namedBy(minutes, 60), namedBy(hours, 24)];
  const isNamed = (shown: string) =>
    inHours.has(Number(shown.slice(11, 13))) && inMinutes.has(Number(shown.slice(14, 16)));
  const minuteAfter = (shown: string) =>
    new Date(Date.parse(`${shown.replace(' ', 'T')}Z`) + 60_000).toISOString().slice(0, 16).replace('T', ' ');
  const due: number[] = [];
  const shownBefore = new Set<string>();
  let last = clock.format(from.getTime() - 4 * 3_600_000);
  for (let at = from.getTime() - 4 * 3_600_000 + 60_000; at <= to.getTime(); at += 60_000) {
    const shown = clock.format(at);
    let isDue = isNamed(shown) && (inHours.size === 24 || !shownBefore.has(shown));
    if (inHours.size < 24)
      for (let skipped = minuteAfter(last); skipped < shown; skipped = minuteAfter(skipped)) isDue ||= isNamed(skipped);
    if (isDue && at > from.getTime()) due.push(at);
    shownBefore.add(shown);
    last = shown;
  }
  return due;
}

describe('slots', () => {
  test('have the same id whenever they are computed: the schedule and the minute in UTC', () => {
    const [slot] = dueSlots(schedule('0 7 * * 1'), new Date('2026-03-29T12:00:00Z'), new Date('2026-03-31T00:00:00Z'));
    expect(slot).toMatchObject({ id: 'dsmb-20260330T0500Z', at: new Date('2026-03-30T05:00:00Z') });
  });

  test('a moment belongs to the span that ends with it', () => {
    expect(times('0 0 * * *', 'UTC', '2026-02-01T00:00:00Z', '2026-02-03T00:00:00Z')).toEqual([
      '2026-02-02T00:00',
      '2026-02-03T00:00',
    ]);
  });

  test('begin after the schedule does', () => {
    expect(times('0 0 * * *', 'UTC', '2020-01-01T00:00:00Z', '2026-01-02T00:00:00Z')).toEqual(['2026-01-02T00:00']);
  });

  test('come once on the days on which clocks change', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z')).toEqual([
      '2026-03-28T01:30',
      '2026-03-29T01:00', // half past two does not exist
      '2026-03-30T00:30',
    ]);
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z', '2026-10-26T12:00:00Z')).toEqual([
      '2026-10-24T00:30',
      '2026-10-25T00:30', // half past two comes twice
      '2026-10-26T01:30',
    ]);
  });

  test('of a daily schedule are one a civil day, in every zone and at every hour', () => {
    const zones = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago'];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(23), fc.nat(59), (timeZone, hour, minute) => {
        const daily = schedule(`${minute} ${hour} * * *`, timeZone);
        const slots = dueSlots(daily, since, new Date('2026-12-30T12:00:00Z'));
        const dayOf = new Intl.DateTimeFormat('en-CA', { timeZone });
        const days = slots.map(({ at }) => dayOf.format(at));
        expect(new Set(days).size).toBe(days.length);
        const span = (Date.parse(days.at(-1) ?? '') - Date.parse(days[0] ?? '')) / 86_400_000;
        expect(days).toHaveLength(span + 1);
      }),
      { numRuns: 12 },
    );
  });

  test.each([
    ['a list in an hour that is skipped', '15,45 1 * * *', '2026-03-29', ['01:00']],
    ['a list in an hour that comes twice', '15,45 1 * * *', '2026-10-25', ['00:15', '00:45']],
    ['a step over an hour that is skipped', '*/30 0-2 * * *', '2026-03-29', ['00:30', '01:00', '01:30']],
    ['every hour, skipped or not', '30 * * * *', '2026-03-29', ['00:30', '01:30', '02:30']],
    ['every hour, twice or not', '30 * * * *', '2026-10-25', ['00:30', '01:30', '02:30']],
  ])('of %s', (_, cron, date, expected) => {
    const due = times(cron, 'Europe/London', `${date}T00:00:00Z`, `${date}T03:00:00Z`);
    expect(due.map((at) => at.slice(11))).toEqual(expected);
  });

  test('are those of a clock that is read minute by minute', () => {
    const changes: readonly (readonly [string, string])[] = [
      ['Europe/London', '2026-03-29T01:00Z'],
      ['Europe/London', '2026-10-25T01:00Z'],
      ['America/New_York', '2026-11-01T06:00Z'],
      ['America/Santiago', '2026-09-06T04:00Z'], // at midnight, forward
      ['America/Santiago', '2026-04-05T03:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00Z'], // by half an hour
      ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
      ['Asia/Kathmandu', '2026-06-01T00:00Z'],
    ];
    const field = (most: number) => {
      const one = fc.integer({ min: 0, max: most });
      return fc.oneof(
        { weight: 3, arbitrary: fc.uniqueArray(one, { minLength: 1, maxLength: 4 }).map((list) => list.join(',')) },
        fc.constantFrom(2, 3, 5, 7).map((step) => `*/${step}`),
        fc.tuple(one, one).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.constant('*'),
      );
    };
    const hour = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('0', '1', '2', '0-2', '1,2', '*/1', '*') },
      field(23),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...changes),
        field(59),
        hour,
        fc.integer({ min: -150, max: 150 }),
        (at, minutes, hours, off) => {
          const [timeZone, change] = at;
          const from = new Date(Date.parse(change) + off * 60_000);
          const to = new Date(from.getTime() + 6 * 3_600_000);
          const slots = dueSlots({ ...schedule(`${minutes} ${hours} * * *`, timeZone), since: from }, from, to, 10_000);
          expect(slots.map(({ at }) => at.getTime())).toEqual(readByTheMinute(minutes, hours, timeZone, from, to));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('of two spans are those of both together, and each follows the one before', () => {
    const moment = fc.integer({ min: since.getTime(), max: since.getTime() + 4e9 }).map((ms) => new Date(ms));
    const ids = (s: Schedule, after: Date, until: Date) => dueSlots(s, after, until).map(({ id }) => id);
    fc.assert(
      fc.property(
        fc.tuple(moment, moment, moment).map((three) => three.sort((a, b) => a.getTime() - b.getTime())),
        fc.constantFrom('0 7 * * 1', '15 */6 * * *', '0 0 1,15 * *'),
        ([a, b, c], cron) => {
          if (!a || !b || !c) return;
          const one = schedule(cron);
          expect([...ids(one, a, b), ...ids(one, b, c)]).toEqual(ids(one, a, c));
          const [first] = dueSlots(one, a, new Date(a.getTime() + 4e9));
          expect(first?.at).toEqual(nextSlotAt(one, a));
        },
      ),
      { numRuns: 50 },
    );
  });
});

test.each([
  ['six fields', '0 0 7 * * 1', 'UTC', /five fields/],
  ['a name', '@daily', 'UTC', /five fields/],
  ['a minute that there is not', '60 7 * * 1', 'UTC', /minute/],
  ['a zone that there is not', '0 7 * * 1', 'Mars/Base', /Mars\/Base/],
  ['a day that never comes', '0 0 30 2 *', 'UTC', /never due/],
])('a schedule cannot have %s', (_, cron, timeZone, named) => {
  const attempt = () => dueSlots(schedule(cron, timeZone), since, since);
  expect(attempt).toThrow(
    expect.objectContaining({ code: 'HF_INVALID_SCHEDULE', message: expect.stringMatching(named) }),
  );
  expect(attempt).toThrow(/dsmb/);
});
