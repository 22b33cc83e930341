import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { civilDay, dateOf, instantOf } from './civil-date.ts';

const dayLength = 86_400_000;
/** A day from 1600-01-01 to 2400-12-31: two whole cycles of the calendar, before and after 1970. */
const day = fc.integer({ min: Date.UTC(1600, 0, 1) / dayLength, max: Date.UTC(2400, 11, 31) / dayLength });

const twoDigits = (n: number) => String(n).padStart(2, '0');
/** A date by its parts, as `Date` reads them: the other way to the same number. */
const written = (utc: Date) =>
  `${utc.getUTCFullYear()}-${twoDigits(utc.getUTCMonth() + 1)}-${twoDigits(utc.getUTCDate())}`;

describe('civil days', () => {
  test('a day has the number of whole UTC days since 1970-01-01', () => {
    fc.assert(
      fc.property(day, (n) => {
        expect(civilDay(written(new Date(n * dayLength)))).toBe(n);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a day number and its date stand for one another', () => {
    fc.assert(
      fc.property(day, (n) => {
        expect(dateOf(n)).toBe(written(new Date(n * dayLength)));
        expect(civilDay(dateOf(n))).toBe(n);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the day after a date is the next number, over the end of every month of 1600 to 2400', () => {
    for (let year = 1600; year <= 2400; year += 1) {
      for (let month = 0; month < 12; month += 1) {
        const last = written(new Date(Date.UTC(year, month + 1, 0)));
        const next = written(new Date(Date.UTC(year, month + 1, 1)));
        if (civilDay(next) !== civilDay(last) + 1) expect.fail(`${last} and ${next} are not neighbours`);
      }
    }
  });

  test('earlier dates have smaller numbers, whether compared as days or as texts', () => {
    fc.assert(
      fc.property(day, day, (a, b) => {
        expect(Math.sign(civilDay(dateOf(a)) - civilDay(dateOf(b)))).toBe(
          dateOf(a) < dateOf(b) ? -1 : dateOf(a) > dateOf(b) ? 1 : 0,
        );
      }),
    );
  });

  test('the day of a time is the date as written: neither hour nor offset moves it', () => {
    const clock = fc.constantFrom(
      'T00:00:00+14:00',
      'T23:59:59-12:00',
      'T12:00:00Z',
      'T23:59:59.999999999+00:00',
      'T00:00:00-00:00',
    );
    fc.assert(
      fc.property(day, clock, (n, time) => {
        expect(civilDay(`${dateOf(n)}${time}`)).toBe(n);
      }),
    );
  });

  test.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2000-02-29', 11_016],
    ['2000-03-01', 11_017],
    ['1900-03-01', -25_508],
    ['2026-03-02', 20_514],
  ])('%s is day %i', (date, n) => {
    expect(civilDay(date)).toBe(n);
    expect(dateOf(n)).toBe(date);
  });
});

test('an instant is what `Date.parse` says, however its time is written', () => {
  const suffix = fc.constantFrom('Z', '.000Z', '.25Z', '+00:00', '-05:30');
  fc.assert(
    fc.property(day, fc.nat({ max: 86_399 }), suffix, (n, second, zone) => {
      const time = `${new Date(n * dayLength + second * 1_000).toISOString().slice(0, 19)}${zone}`;
      expect(instantOf(time)).toBe(Date.parse(time));
    }),
  );
});
