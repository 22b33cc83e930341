import { civilDay, dateOf } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clockOf, endOfDate, selectedBy } from './selection.ts';

const protocol = (over: object) => ({ timeZone: 'Etc/UTC', clock: 'live', entryLag: 3, ...over }) as never;
const event = (over: object) => ({
  id: 'e',
  source: '/trials/T/sites/S',
  subject: 'P',
  type: 'org.holdfast.urine-screen.v1',
  time: '2026-03-01T10:00:00+00:00',
  receivedtime: '2026-03-02T10:00:00.000Z',
  ...over,
});

describe('the end of a date', () => {
  test('is the first instant of the next one in the zone, whatever its offset and on days that clocks change', () => {
    const zones = [
      'Etc/UTC',
      'Europe/London',
      'America/New_York',
      'Asia/Kathmandu',
      'Pacific/Kiritimati',
      'Pacific/Pago_Pago',
    ];
    const date = fc.integer({ min: civilDay('2010-01-01'), max: civilDay('2035-01-01') }).map(dateOf);
    fc.assert(
      fc.property(date, fc.constantFrom(...zones), (day, timeZone) => {
        const at = endOfDate(day, timeZone);
        const inZone = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
        expect(inZone.format(at - 1)).toBe(day);
        expect(inZone.format(at)).toBe(dateOf(civilDay(day) + 1));
      }),
    );
  });

  test.each([
    ['2026-03-28', 'Europe/London', '2026-03-29T00:00:00.000Z'],
    ['2026-03-29', 'Europe/London', '2026-03-29T23:00:00.000Z'],
    ['2026-06-30', 'Asia/Kathmandu', '2026-06-30T18:15:00.000Z'],
  ])('%s in %s is %s', (date, zone, instant) => {
    expect(new Date(endOfDate(date, zone)).toISOString()).toBe(instant);
  });
});

describe('what is selected', () => {
  test('as of a date: what was received by its end in the trial’s zone', () => {
    const known = selectedBy({ asOf: '2026-03-02', cutOff: undefined }, protocol({ timeZone: 'America/New_York' }));
    expect(known(event({ receivedtime: '2026-03-03T04:59:59.999Z' }))).toBe(true);
    expect(known(event({ receivedtime: '2026-03-03T05:00:00.000Z' }))).toBe(false);
    expect(known(event({ receivedtime: '2026-03-03T06:59:59+02:00' }))).toBe(true);
  });

  test('up to a cut-off date: by the date as the site wrote it; a correction or retraction whenever it was decided', () => {
    const happened = selectedBy({ asOf: undefined, cutOff: '2026-03-01' }, protocol({}));
    expect(happened(event({ time: '2026-03-01T23:59:00-11:00' }))).toBe(true);
    expect(happened(event({ time: '2026-03-02T00:00:00+14:00' }))).toBe(false);
    for (const type of ['correction', 'retraction', 'sealed'])
      expect(happened(event({ type: `org.holdfast.${type}.v1`, time: '2026-07-01T00:00:00Z' }))).toBe(true);
  });
});

describe('the clock', () => {
  const day = civilDay;
  test.each([
    ['live', '2026-05-01', undefined, '2026-05-01'],
    ['live', undefined, undefined, '2026-06-01'],
    ['imported', '2026-05-01', undefined, '2026-06-01'],
    ['imported', undefined, '2026-05-01', '2026-05-05'],
    ['live', '2026-05-03', '2026-05-01', '2026-05-03'],
    ['live', '2026-05-30', '2026-05-01', '2026-05-05'],
  ])('%s, as of %s, up to %s: %s', (clock, asOf, cutOff, expected) => {
    expect(clockOf(protocol({ clock }), { asOf, cutOff }, day('2026-06-01'))).toBe(day(expected));
  });

  test('of an imported trial that was never turned there is none', () => {
    expect(clockOf(protocol({ clock: 'imported' }), { asOf: '2026-05-01', cutOff: '2026-05-01' }, undefined)).toBe(
      undefined,
    );
  });
});
