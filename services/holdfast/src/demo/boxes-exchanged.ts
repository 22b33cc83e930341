import { isClosed } from '@holdfast/access';
import { dateOf, type HoldfastEvent, type Protocol } from '@holdfast/events';
import type { EnteredEvent } from '@holdfast/simulate';
import { withIntake } from '../intake.ts';
import type { Store } from '../store.ts';

/** The same open events, with the contents of all sealed boxes exchanged among participants. */
export function withBoxesExchanged(entered: readonly EnteredEvent[], protocol: Protocol): EnteredEvent[] {
  const closed = entered.filter(({ event }) => isClosed(event.type, event.data, protocol.closed));
  const exchanged = new Map<HoldfastEvent, HoldfastEvent['data']>();
  for (const type of new Set(closed.map(({ event }) => event.type))) {
    const ofType = closed.filter(({ event }) => event.type === type);
    for (const [index, { event }] of ofType.entries())
      exchanged.set(event, ofType[(index + 1) % ofType.length]?.event.data ?? event.data);
  }
  return entered.map(({ day, event }) => ({
    day,
    event: { ...event, data: exchanged.get(event) ?? event.data } as HoldfastEvent,
  }));
}

/** Takes a trial in all at once, as a file would be; its clock is turned once, to the day on which everything is mature. */
export async function takeInAtOnce(
  store: Store,
  protocol: Protocol,
  entered: readonly EnteredEvent[],
  until: number,
): Promise<void> {
  await withIntake(store, { ownClock: true }, async (intake) => {
    for (let i = 0; i < entered.length; i += 2_000) {
      const verdicts = entered.slice(i, i + 2_000).map(({ event }) => intake.door.judge(event));
      await intake.admit(verdicts.flatMap((verdict) => (verdict.accepted ? [verdict] : [])));
    }
    await intake.door.turnDay(protocol.trial, dateOf(until));
    await intake.finish();
  });
}
