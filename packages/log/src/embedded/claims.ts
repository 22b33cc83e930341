import { type Holder, holderOf, lifeOf, wordOf } from '@holdfast/processes';
import { StoreInUse } from '../log-errors.ts';
import { claimKey } from './keys.ts';
import type { Store } from './store.ts';
import type { Topic } from './topics.ts';

/** Which instance has the members of a group on a topic: one at a time, over all processes. */
export type Claims = {
  /** `StoreInUse` if another live instance has it; a dead one's claim passes to this one. */
  take(group: string, topic: Topic): Promise<void>;
  giveBack(group: string, topic: Topic): Promise<void>;
  /** Whether a live instance has it. */
  isTaken(group: string, topic: Topic): boolean;
};

export function claimsOf(me: Holder): Claims {
  return {
    take: (group, topic) =>
      topic.store.write((change) => {
        const key = claimKey(group, topic.number);
        const found = change.get(key);
        const holder = found && holderOf(Buffer.from(found).toString());
        if (holder && holder.token !== me.token && isAlive(holder, me, topic.store))
          throw new StoreInUse(
            `group ${group} on topic ${topic.name} in ${topic.store.dir} belongs to process ${holder.pid}` +
              `${holder.pid === me.pid ? ' (this one, through another instance of the log)' : ''}: ` +
              'stop that one first, or run on Kafka to share the work among processes',
          );
        change.put(key, Buffer.from(wordOf(me)));
      }),
    giveBack: (group, topic) =>
      topic.store.write((change) => {
        const key = claimKey(group, topic.number);
        const found = change.get(key);
        if (found && holderOf(Buffer.from(found).toString())?.token === me.token) change.remove(key);
      }),
    isTaken(group, topic) {
      const found = topic.store.read((view) => view.get(claimKey(group, topic.number)));
      const holder = found && holderOf(Buffer.from(found).toString());
      return holder !== undefined && (holder.token === me.token || isAlive(holder, me, topic.store));
    },
  };
}

/**
 * LMDB tells about processes that cannot be seen from this container: they hold a lock on the store's lock file at the place of their pid.
 * One with our own pid is dead, or else we could not have that lock.
 */
function isAlive(holder: Holder, me: Holder, store: Store): boolean {
  const life = lifeOf(holder);
  return life === 'alive' || (life === 'unseen' && holder.pid !== me.pid && store.hasReader(holder.pid));
}
