import type { Protocol, ReportSchedule } from '@holdfast/events';
import type { PublishedTrial } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { isSlotName, maturitySlots, slotNamed } from './due-slot.ts';

const half: ReportSchedule = { id: 'half', report: 'status', when: { mature: 0.5, measure: 'use' } };

/** A trial whose versions declare these, one after the other. */
function trialOf(...declared: readonly ReportSchedule[]): PublishedTrial {
  const versions = declared.map((one, n) => ({ trial: 'T', version: n + 1, timeZone: 'UTC', reports: [one] }));
  const publishedAt = new Map(versions.map(({ version }) => [version, `2026-03-0${version}T00:00:00Z`]));
  const newest = versions.at(-1) as unknown as Protocol;
  return { protocol: newest, versions, publishedAt, key: undefined } as unknown as PublishedTrial;
}
const nameOf = (...declared: readonly ReportSchedule[]) => maturitySlots(trialOf(...declared)).map(({ name }) => name);

test('what waits for maturity is another slot once another report is declared under its id, and is found by its name also then', () => {
  const [name = ''] = nameOf(half);
  expect(name).toMatch(/^half-mature-500-[0-9a-f]{8}$/);
  const other = { ...half, report: 'dsmb-open' } as const;
  const names = nameOf(half, other);
  expect(names).toHaveLength(1);
  expect(names).not.toContain(name);
  expect(slotNamed(trialOf(half, other), name).of.declared.report).toBe('status');
  expect(nameOf(half, { ...half, deliverTo: ['office'] })).toEqual([name]);
});

test('names of slots are known from those that people give cuts', () => {
  expect([nameOf(half)[0] ?? '', 'status-20260803T0600Z'].map(isSlotName)).toEqual([true, true]);
  expect(['cut-1', 'dsmb-2', 'half-mature-500', 'status-20260803'].some(isSlotName)).toBe(false);
});
