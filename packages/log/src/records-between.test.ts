import { expect, test } from 'vitest';
import type { EventLog, LogRecord } from './event-log.ts';
import { recordsBetween } from './records-between.ts';

/** A log of so many records in one partition, of which nothing is given from an offset on. */
function logUpTo(records: number): EventLog {
  const all: LogRecord[] = Array.from({ length: records }, (_, offset) => ({
    partition: 0,
    offset,
    key: '',
    value: Buffer.of(offset),
  }));
  return { read: async (_: string, __: number, from: number) => all.slice(from, from + 2) } as unknown as EventLog;
}

async function offsetsOf(log: EventLog, between: { from?: number; end?: number }): Promise<number[]> {
  const offsets: number[] = [];
  for await (const records of recordsBetween(log, 't', 0, between))
    offsets.push(...records.map(({ offset }) => offset));
  return offsets;
}

test('all before an end are given, and without one all that there are', async () => {
  expect(await offsetsOf(logUpTo(5), { from: 1, end: 4 })).toEqual([1, 2, 3]);
  expect(await offsetsOf(logUpTo(5), {})).toEqual([0, 1, 2, 3, 4]);
  expect(await offsetsOf(logUpTo(0), { end: 0 })).toEqual([]);
});

test('what ends before its end is not taken for all: it may be tried again', async () => {
  await expect(offsetsOf(logUpTo(3), { end: 4 })).rejects.toMatchObject({
    code: 'HF_LOG_UNAVAILABLE',
    retryable: true,
  });
  await expect(offsetsOf(logUpTo(3), { end: 4 })).rejects.toThrow(/topic t, partition 0 .* offset 3 .* end at 4/);
});
