import type { EventLog } from '@holdfast/log';
import { type FollowOptions, follow, readTrials, registryTopic, type Trials } from '@holdfast/trials';
import { type Door, openDoor } from './door.ts';

/** A door, and the publications that it was hung by. */
export type HungDoor = { readonly door: Door; readonly trials: Trials };

/** The door as the publications stand now. Who took one in hand keeps it until the request is answered. */
export type LiveDoor = {
  now(): HungDoor;
  stop(): void;
};

export type LiveDoorOptions = FollowOptions & { readonly log: EventLog; readonly now: () => Date };

/** A door that is hung anew when a protocol or a key is published, by whatever process. */
export async function openLiveDoor({ log, now, ...following }: LiveDoorOptions): Promise<LiveDoor> {
  const hang = async (): Promise<HungDoor> => {
    const trials = await readTrials(log);
    return { door: await openDoor({ log, trials, now }), trials };
  };
  let current = await hang();
  const { stop } = await follow(
    log,
    registryTopic,
    async () => {
      current = await hang();
    },
    following,
  );
  return { now: () => current, stop };
}
