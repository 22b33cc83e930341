import type { HoldfastEvent, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withBoxesExchanged } from './boxes-exchanged.ts';

test('of however many boxes, each content stays in the trial and comes to somebody else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 50 }), (boxes) => {
      const entered = Array.from({ length: boxes }, (_, i) => ({
        day: i,
        event: { type: 'org.holdfast.arm-assigned.v1', data: { arm: `A${i}` } } as unknown as HoldfastEvent,
      }));
      const exchanged = withBoxesExchanged(entered, {} as Protocol).map(({ event }) => event.data);
      expect(new Set(exchanged)).toEqual(new Set(entered.map(({ event }) => event.data)));
      for (const [i, { event }] of entered.entries()) expect(exchanged[i]).not.toBe(event.data);
    }),
  );
});
