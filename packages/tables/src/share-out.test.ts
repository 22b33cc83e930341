import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { shareOut } from './share-out.ts';

test('results come in the order of the items, whoever is done first', async () => {
  const seen = new Set<string>();
  const results = await shareOut([30, 1, 1, 10], ['a', 'b'], async (ms, worker, index) => {
    seen.add(worker);
    await after(ms);
    return index;
  });
  expect(results).toEqual([0, 1, 2, 3]);
  expect(seen).toEqual(new Set(['a', 'b']));
});

test('the error is that of the first item, thrown when nothing is under way any more, and nothing more is begun', async () => {
  const ended: number[] = [];
  const failing = shareOut([20, 1, 0, 0], ['a', 'b'], async (ms, _, index) => {
    await after(ms);
    ended.push(index);
    throw new Error(`item ${index}`);
  });
  await expect(failing).rejects.toThrow('item 0');
  expect(ended).toEqual([1, 0]);
});
