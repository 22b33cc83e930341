import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from './limits.ts';
import { Refusal } from './refusal.ts';
import { type Place, waitingRoom } from './waiting-room.ts';

const limits = { ...defaultLimits, waitingBytes: 100, waitingEvents: 10, durableWithinMs: 60_000 };
const step = fc.record({
  who: fc.nat(3),
  what: fc.constantFrom('enter', 'take', 'take', 'work', 'end', 'fail', 'leave'),
  bytes: fc.nat(60),
  events: fc.nat(6),
});
type Work = { readonly end: () => void; readonly fail: () => void };
type Guest = { readonly place: Place; readonly works: Work[]; bytes: number; events: number; isOver: boolean };

/** Lets what was settled be seen by whoever waits for it. */
const turn = () => new Promise(setImmediate);

function workFor({ place, works }: Guest): void {
  const work = new Promise<void>((resolve, reject) => {
    works.push({ end: resolve, fail: () => reject(new Error('the disk is gone')) });
  });
  place.durable(work).catch(() => undefined);
}

describe('the waiting room', () => {
  test('never holds more than it may, and is empty when everybody has left and all work has ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const room = waitingRoom(limits);
        const guests = new Map<number, Guest>();
        const gone: Guest[] = [];
        const holding = () => [...guests.values(), ...gone].filter(({ isOver, works }) => !isOver || works.length > 0);
        const sum = (of: 'bytes' | 'events') => holding().reduce((all, guest) => all + guest[of], 0);
        for (const { who, what, bytes, events } of steps) {
          const guest = guests.get(who);
          if (what === 'enter' && guest === undefined)
            guests.set(who, { place: room.enter(), works: [], bytes: 0, events: 0, isOver: false });
          if (guest === undefined) continue;
          if (what === 'take') {
            const fits = sum('bytes') + bytes <= limits.waitingBytes && sum('events') + events <= limits.waitingEvents;
            if (!fits) expect(() => guest.place.take({ bytes, events })).toThrow(Refusal);
            else {
              guest.place.take({ bytes, events });
              guest.bytes += bytes;
              guest.events += events;
            }
          } else if (what === 'work') workFor(guest);
          else if (what === 'end' || what === 'fail') {
            guest.works.pop()?.[what]();
            await turn();
          } else if (what === 'leave') {
            guest.place.leave();
            guest.isOver = true;
            guests.delete(who);
            gone.push(guest);
          }
        }
        for (const { place, works } of [...guests.values(), ...gone]) {
          place.leave();
          place.leave();
          for (const { end } of works) end();
        }
        await turn();
        const last = room.enter();
        last.take({ bytes: limits.waitingBytes, events: limits.waitingEvents });
        last.leave();
      }),
    );
  });

  test('gives nothing more to a request that is over: nobody would give it back', () => {
    const room = waitingRoom(limits);
    const place = room.enter();
    place.leave();
    expect(() => place.take({ bytes: 1 })).toThrow('the connection broke before everything was there');
  });

  test('gives up on work that takes too long, refuses others meanwhile, and counts what it holds until it ends', async () => {
    const room = waitingRoom({ ...limits, durableWithinMs: 1 });
    const place = room.enter();
    place.take({ bytes: 80 });
    let end: (() => void) | undefined;
    const work = new Promise<void>((resolve) => {
      end = resolve;
    });
    await expect(place.durable(work)).rejects.toThrow('were not durable within 0.001 s, and may be later');
    place.leave();
    expect(() => room.enter().take({ bytes: 1 })).toThrow('earlier events are still not durable');
    end?.();
    await turn();
    room.enter().take({ bytes: 100 });
  });
});
