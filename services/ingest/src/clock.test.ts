import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { civilDay, dateIn, dateOf, type Protocol, parseProtocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { publishProtocol } from '@holdfast/trials';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ClockOptions, startClock } from './clock.ts';

let root: string;
let log: EventLog;
async function begin(): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'hf-clock-'));
  log = await embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
}
async function end(): Promise<void> {
  await log.close();
  await rm(root, { recursive: true });
}
beforeEach(begin);
afterEach(end);

function protocolOf(trial: string, timeZone: string, clock: 'live' | 'imported' = 'live'): Protocol {
  const parsed = parseProtocol(`
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial whose days turn
blinding: open
clock: ${clock}
timeZone: ${timeZone}
partitions: 2
plannedFollowUp: 28
arms: [{ id: A }]
sites: [S1]
substances: [{ id: cocaine }]
measures:
  - { id: m, kind: first-use, substances: [cocaine], evidence: any-positive, windows: [7], horizon: 28 }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** A clock that looks only when it is told to, at the instant that is set. */
async function clockAt(instant: string, options: Partial<ClockOptions> = {}) {
  let now = new Date(instant);
  const turned: string[] = [];
  const failures: unknown[] = [];
  const clock = await startClock({
    log,
    now: () => now,
    onTurned: (trial, date) => turned.push(`${trial} ${date}`),
    onFailed: (trial, error) => failures.push([trial, error]),
    pauseMs: 1e9,
    ...options,
  });
  return {
    turned,
    failures,
    stop: clock.stop,
    async lookAt(later: string) {
      now = new Date(later);
      await clock.look();
    },
  };
}

/** The days that the log says were turned, in order, in each partition. */
async function daysInLog(trial: string): Promise<string[][]> {
  const ends = await log.ends(`${trial}.events`);
  return Promise.all(
    ends.map(async (end, partition) => {
      const records = await log.read(`${trial}.events`, partition, 0, { records: end + 1, bytes: 1e9 });
      return records.map(({ value }) => JSON.parse(Buffer.from(value).toString()).data.date as string);
    }),
  );
}

describe('the clock', () => {
  test('turns the day that it is, once, in every partition', async () => {
    await publishProtocol(log, protocolOf('T', 'UTC'));
    const clock = await clockAt('2026-03-02T09:00:00Z');
    await clock.lookAt('2026-03-02T23:59:59Z');
    expect(clock.turned).toEqual(['T 2026-03-02']);
    await clock.lookAt('2026-03-03T00:00:00Z');
    expect(clock.turned).toEqual(['T 2026-03-02', 'T 2026-03-03']);
    const days = ['2026-03-02', '2026-03-03'];
    expect(await daysInLog('T')).toEqual([days, days]);
    await clock.stop();
  });

  test('catches up every day that began while nobody looked, also after a restart', async () => {
    await publishProtocol(log, protocolOf('T', 'UTC'));
    const first = await clockAt('2026-02-26T09:00:00Z');
    await first.lookAt('2026-03-01T09:00:00Z');
    await first.stop();
    const second = await clockAt('2026-03-04T09:00:00Z');
    expect(first.turned).toEqual(['T 2026-02-26', 'T 2026-02-27', 'T 2026-02-28', 'T 2026-03-01']);
    expect(second.turned).toEqual(['T 2026-03-02', 'T 2026-03-03', 'T 2026-03-04']);
    await second.stop();
  });

  test('finds the day that was turned last behind whatever came since', async () => {
    await publishProtocol(log, protocolOf('T', 'UTC'));
    await (await clockAt('2026-03-02T09:00:00Z')).stop();
    const records = Array.from({ length: 12_000 }, (_, i) => ({
      key: `P-${i}`,
      value: Buffer.from('{}'),
      partition: 0,
    }));
    await log.append('T.events', records);
    const clock = await clockAt('2026-03-04T09:00:00Z');
    expect(clock.turned).toEqual(['T 2026-03-03', 'T 2026-03-04']);
    await clock.stop();
  });

  test.each([
    ['is turned there too', 3, ['2026-03-02', '2026-03-03']],
    ['is turned there too, though it is the first', 1, ['2026-03-02', '2026-03-03']],
  ])('a day that came to some partitions only %s', async (_, kept, days) => {
    await publishProtocol(log, protocolOf('T', 'UTC'));
    let left = 0;
    /** Of which some leaders answer no more after so many records. */
    const inPart: EventLog = {
      ...log,
      async append(topic, records) {
        const taken = records.filter(() => {
          left += 1;
          return topic !== 'T.events' || left <= kept;
        });
        await log.append(topic, taken);
        if (taken.length < records.length) throw new Error('no leader');
        return [];
      },
    };
    const first = await clockAt('2026-03-02T09:00:00Z', { log: inPart });
    await first.lookAt('2026-03-03T09:00:00Z');
    await first.stop();
    const partial = await daysInLog('T');
    expect(partial[0]).not.toEqual(partial[1]);
    await (await clockAt('2026-03-03T10:00:00Z')).stop();
    for (const turned of await daysInLog('T')) expect([...new Set(turned)].sort()).toEqual(days);
    // Then it is known everywhere.
    const third = await clockAt('2026-03-03T11:00:00Z');
    expect(third.turned).toEqual([]);
    await third.stop();
  });

  test('goes by each trial’s own zone, and takes up trials that are published while it runs', async () => {
    await publishProtocol(log, protocolOf('NZ', 'Pacific/Auckland'));
    await publishProtocol(log, protocolOf('US', 'America/Los_Angeles'));
    await publishProtocol(log, protocolOf('OLD', 'UTC', 'imported'));
    const clock = await clockAt('2026-06-01T11:30:00Z');
    expect(clock.turned).toEqual(['NZ 2026-06-01', 'US 2026-06-01']);
    await clock.lookAt('2026-06-01T12:00:00Z');
    expect(clock.turned.slice(2)).toEqual(['NZ 2026-06-02']);
    await publishProtocol(log, protocolOf('LATE', 'UTC'));
    await clock.lookAt('2026-06-02T07:00:00Z');
    expect(clock.turned.slice(3)).toEqual(['US 2026-06-02', 'LATE 2026-06-02']);
    await clock.stop();
  });

  test.each([
    [
      'spring',
      'America/New_York',
      '2026-03-08',
      ['2026-03-08T04:59:59Z', '2026-03-08T05:00:00Z', '2026-03-09T03:59:59Z', '2026-03-09T04:00:00Z'],
    ],
    [
      'autumn',
      'America/New_York',
      '2026-11-01',
      ['2026-11-01T03:59:59Z', '2026-11-01T04:00:00Z', '2026-11-02T04:59:59Z', '2026-11-02T05:00:00Z'],
    ],
    // There the clocks change at midnight: the day begins at one o’clock.
    [
      'spring',
      'America/Santiago',
      '2026-09-06',
      ['2026-09-06T03:59:59Z', '2026-09-06T04:00:00Z', '2026-09-07T02:59:59Z', '2026-09-07T03:00:00Z'],
    ],
  ])('a day of 23 or 25 hours is one day: %s in %s', async (_, zone, day, [before, begun, late, over]) => {
    await publishProtocol(log, protocolOf('T', zone));
    const [dayBefore, dayAfter] = [civilDay(day) - 1, civilDay(day) + 1].map(dateOf);
    const clock = await clockAt(before ?? '');
    expect(clock.turned).toEqual([`T ${dayBefore}`]);
    await clock.lookAt(begun ?? '');
    await clock.lookAt(late ?? '');
    expect(clock.turned.slice(1)).toEqual([`T ${day}`]);
    await clock.lookAt(over ?? '');
    expect(clock.turned.slice(2)).toEqual([`T ${dayAfter}`]);
    await clock.stop();
  });

  test('whenever it looks, and however often it is restarted, each day is turned once and none is left out', async () => {
    const zones = ['UTC', 'Europe/London', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kathmandu'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.date({ min: new Date('2026-01-01'), max: new Date('2026-12-01'), noInvalidDate: true }),
        fc.array(fc.record({ hours: fc.integer({ min: 0, max: 100 }), restarts: fc.boolean() }), { maxLength: 5 }),
        async (zone, from, looks) => {
          await end();
          await begin();
          await publishProtocol(log, protocolOf('T', zone));
          let now = from;
          let clock = await clockAt(now.toISOString());
          for (const { hours, restarts } of looks) {
            now = new Date(now.getTime() + hours * 3_600_000);
            if (restarts) {
              await clock.stop();
              clock = await clockAt(now.toISOString());
            } else await clock.lookAt(now.toISOString());
          }
          await clock.stop();
          const [first, last] = [from, now].map((instant) => civilDay(dateIn(zone, instant)));
          const days = Array.from({ length: (last ?? 0) - (first ?? 0) + 1 }, (_, i) => dateOf((first ?? 0) + i));
          expect(await daysInLog('T')).toEqual([days, days]);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('a day that could not be turned is said, hinders no other trial, and is turned at the next look', async () => {
    await publishProtocol(log, protocolOf('A', 'UTC'));
    await publishProtocol(log, protocolOf('B', 'UTC'));
    let isFull = true;
    const full: EventLog = {
      ...log,
      append: (topic, records) =>
        isFull && topic === 'A.events' ? Promise.reject(new Error('no room')) : log.append(topic, records),
    };
    const clock = await clockAt('2026-03-02T09:00:00Z', { log: full });
    expect(clock.failures).toEqual([['A', new Error('no room')]]);
    expect(clock.turned).toEqual(['B 2026-03-02']);
    isFull = false;
    await clock.lookAt('2026-03-03T09:00:00Z');
    expect(clock.turned.slice(1)).toEqual(['A 2026-03-03', 'B 2026-03-03']);
    await clock.stop();
  });

  test('looks by itself, until it is stopped', async () => {
    await publishProtocol(log, protocolOf('T', 'UTC'));
    const turned: string[] = [];
    let now = new Date('2026-03-02T23:59:00Z');
    const onTurned = (_: string, date: string) => turned.push(date);
    const clock = await startClock({ log, now: () => now, onTurned, onFailed: () => undefined, pauseMs: 5 });
    now = new Date('2026-03-03T00:00:00Z');
    await vi.waitFor(() => expect(turned).toEqual(['2026-03-02', '2026-03-03']), 20_000);
    await clock.stop();
  });
});
