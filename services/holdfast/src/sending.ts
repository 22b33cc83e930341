import { setTimeout as pause } from 'node:timers/promises';
import type { HoldfastEvent } from '@holdfast/events';
import type { DoorClient, Sent } from './door-client.ts';

/** Closed loop: so many are under way, and the next ones go when the door has answered. */
const eventsAtOnce = 4_000;
const tickMs = 50;

export type Tally = {
  accepted: number;
  rejected: number;
  /** How often each reason was given. */
  readonly reasons: Map<string, number>;
  readonly milliseconds: number[];
};

export const nothingSent = (): Tally => ({ accepted: 0, rejected: 0, reasons: new Map(), milliseconds: [] });

function add(tally: Tally, { accepted, rejected, milliseconds }: Sent): void {
  tally.accepted += accepted;
  tally.rejected += rejected.length;
  for (const reason of rejected.flatMap(({ reasons }) => reasons))
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
  tally.milliseconds.push(...milliseconds);
}

export type SendingOptions = {
  readonly client: DoorClient;
  /** Events per second, whatever the door takes (an open loop); absent: as fast as it takes them. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
  readonly onSent: (tally: Tally) => void;
};

/** Sends events in their order and counts into `tally` what became of them; ends early, in order, when told to by the signal. */
export async function sendAll(events: readonly HoldfastEvent[], tally: Tally, options: SendingOptions): Promise<void> {
  const { client, rate, signal, onSent } = options;
  const send = async (some: readonly HoldfastEvent[]) => {
    add(tally, await client.send(some));
    onSent(tally);
  };
  if (rate === undefined) {
    for (let i = 0; i < events.length && !signal.aborted; i += eventsAtOnce)
      await send(events.slice(i, i + eventsAtOnce));
    return;
  }
  const begun = performance.now();
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  for (let next = 0; next < events.length && !signal.aborted && failure === undefined; ) {
    const due = Math.min(events.length, Math.floor((rate * (performance.now() - begun)) / 1000) + 1);
    if (due > next) {
      const request: Promise<void> = send(events.slice(next, due))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => underWay.delete(request));
      underWay.add(request);
      next = due;
    }
    await pause(tickMs);
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure;
}
