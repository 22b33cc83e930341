import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

/** A request's share of what may wait at once. */
export type Place = {
  /** Takes more; refuses where all together would be too much. */
  take(more: { readonly bytes?: number; readonly events?: number }): void;
  /**
   * Answers what the work answers, or refuses when it takes too long. The work then goes on: what it holds stays counted until it
   * ends, so that a log that is stuck fills the room and not the memory.
   */
  durable<T>(work: Promise<T>): Promise<T>;
  /** The request is over. */
  leave(): void;
};

/** Bounds what requests hold while they wait for the log. */
export type WaitingRoom = { enter(): Place };

export function waitingRoom({ waitingBytes, waitingEvents, durableWithinMs }: Limits): WaitingRoom {
  const held = { bytes: 0, events: 0 };
  /** Requests that gave up on work that has still not ended: while there is one, the next would wait in vain. */
  let stuck = 0;

  const refuseIf = (isFull: boolean, why: string, retryAfter: number) => {
    if (isFull) throw new Refusal('not-now', `${why}; send the same again`, { retryAfter });
  };

  return {
    enter() {
      const own = { bytes: 0, events: 0 };
      let isOver = false;
      let working = 0;
      const giveBack = () => {
        if (!isOver || working > 0) return;
        held.bytes -= own.bytes;
        held.events -= own.events;
        own.bytes = 0;
        own.events = 0;
      };
      return {
        take({ bytes = 0, events = 0 }) {
          refuseIf(isOver, 'the connection broke before everything was there', 1);
          refuseIf(stuck > 0, 'earlier events are still not durable', 5);
          const isFull = held.bytes + bytes > waitingBytes || held.events + events > waitingEvents;
          refuseIf(isFull, 'too much is waiting to become durable', 1);
          own.bytes += bytes;
          own.events += events;
          held.bytes += bytes;
          held.events += events;
        },
        async durable(work) {
          working += 1;
          let hasGivenUp = false;
          let timer: NodeJS.Timeout | undefined;
          const tooLate = new Promise<never>((_, reject) => {
            timer = setTimeout(() => {
              hasGivenUp = true;
              stuck += 1;
              const why = `the events were not durable within ${durableWithinMs / 1000} s, and may be later`;
              reject(new Refusal('not-now', `${why}; send the same again`, { retryAfter: 5 }));
            }, durableWithinMs);
          });
          const ended = work.finally(() => {
            clearTimeout(timer);
            working -= 1;
            if (hasGivenUp) stuck -= 1;
            giveBack();
          });
          return Promise.race([ended, tooLate]);
        },
        leave() {
          isOver = true;
          giveBack();
        },
      };
    },
  };
}
