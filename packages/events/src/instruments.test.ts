import { describe, expect, test } from 'vitest';
import { InstrumentId, ItemId } from './identifiers.ts';
import { instruments } from './instruments.ts';
import { instrumentsOf } from './protocol/instruments.ts';

describe.each([...instruments])('%s', (id, { total, items, response, remission, source }) => {
  test('has an id and item names that events can carry, and says where it comes from', () => {
    expect(InstrumentId.safeParse(id).success).toBe(true);
    if (items !== undefined && 'named' in items)
      for (const item of Object.keys(items.named)) expect(ItemId.safeParse(item).success, item).toBe(true);
    expect(source).toMatch(/[A-Z].* (19|20)\d\d/);
  });

  test('has ranges that can be, and cut-offs within them', () => {
    for (const range of [
      total,
      ...(items === undefined ? [] : 'named' in items ? Object.values(items.named) : [items]),
    ])
      if (range !== undefined) expect(range.low).toBeLessThan(range.high);
    if (total === undefined) {
      expect([response, remission]).toEqual([undefined, undefined]);
      return;
    }
    if (remission !== undefined) {
      expect(remission.atMost).toBeGreaterThan(total.low);
      expect(remission.atMost).toBeLessThan(total.high);
    }
    // What items can add up to holds the total; URICA’s readiness is no sum.
    if (items !== undefined && 'count' in items && id !== 'URICA') {
      expect(total.low).toBe(items.count * items.low);
      expect(total.high).toBeLessThanOrEqual(items.count * items.high);
    }
  });
});

test('a protocol replaces what it says of an instrument, keeps the rest, and adds its own', () => {
  const all = instrumentsOf([
    { id: 'MADRS', remission: { atMost: 12 } },
    { id: 'C-SSRS', items: { count: 10, low: 0, high: 5 } },
    { id: 'KARE-likert', title: 'Likert ratings', total: { low: 8, high: 80 }, higher: 'neither' },
  ]);
  expect(all.get('MADRS')).toEqual({ ...instruments.get('MADRS'), remission: { atMost: 12 } });
  expect(all.get('C-SSRS')?.items).toEqual({ count: 10, low: 0, high: 5 });
  expect(all.get('KARE-likert')).toEqual({
    title: 'Likert ratings',
    total: { low: 8, high: 80 },
    higher: 'neither',
    source: 'the trial’s protocol',
  });
  expect(all.size).toBe(instruments.size + 1);
  expect(instruments.get('MADRS')?.remission).toEqual({ atMost: 9 });
});
