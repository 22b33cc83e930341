import type { TopicSpec } from '../event-log.ts';
import { checkTopic } from '../limits.ts';
import { NoSuchTopic, TopicMismatch } from '../log-errors.ts';
import {
  endsKey,
  nextNumberKey,
  readEnds,
  removedKey,
  removedPrefix,
  segmentsPrefix,
  topicKey,
  topicsPrefix,
  writeEnds,
} from './keys.ts';
import type { Change, Store, View } from './store.ts';

/** A topic and where it lies. Numbers are given in order of creation, within a store, each one once. */
export type Topic = TopicSpec & { readonly number: number; readonly store: Store };

type Entry = { readonly number: number; readonly partitions: number };

/** The topics of an open and a closed store: one name space over both. */
export type Topics = {
  make(spec: TopicSpec): Promise<void>;
  remove(name: string): Promise<void>;
  all(): readonly TopicSpec[];
  named(name: string): Topic;
};

/** Segments cleared away in one transaction: others get their turn between two. */
const clearedAtOnce = 256;

export function topicsIn(stores: { readonly open: Store; readonly closed: Store }): Topics {
  const known = new Map<string, Topic>(); // what a topic of a number is never changes

  /** Whether the topic of that number is there still: another process may have removed it, and given its name to another. */
  const isThere = ({ number, store }: Topic) => store.read((view) => view.get(endsKey(number)) !== undefined);

  function lookUp(name: string): Topic | undefined {
    const found = known.get(name);
    if (found !== undefined && isThere(found)) return found;
    known.delete(name);
    return find(name);
  }

  /** Clears away what is left of removed topics; whoever is killed meanwhile leaves it to the next one. */
  async function clear(store: Store): Promise<void> {
    for (;;) {
      const isCleared = await store.write((change) => {
        const [mark] = change.under(removedPrefix);
        if (mark === undefined) return true;
        const number = Buffer.from(mark.key).readUInt32BE(1);
        const keys = change.keysUnder(segmentsPrefix(number), clearedAtOnce);
        for (const key of keys) change.remove(key);
        if (keys.length < clearedAtOnce) change.remove(mark.key);
        return false;
      });
      if (isCleared) return;
    }
  }

  function find(name: string): Topic | undefined {
    for (const access of ['open', 'closed'] as const) {
      const store = stores[access];
      const entry = store.read((view) => entryOf(view, name));
      if (entry) return { name, access, store, ...entry };
    }
    return undefined;
  }

  function isMade(spec: TopicSpec): boolean {
    const { name, partitions, access } = spec;
    const found = lookUp(name);
    if (!found) return false;
    if (found.partitions !== partitions || found.access !== access)
      throw new TopicMismatch(
        `topic ${name} exists with ${found.partitions} partitions and access '${found.access}', not with ${partitions} and '${access}': ` +
          'that cannot be changed; use it as it is, or rewrite it into a topic of another name',
      );
    known.set(name, found);
    return true;
  }

  return {
    async make(spec) {
      checkTopic(spec);
      if (isMade(spec)) return;
      // The open store's lock covers the names of both, else two processes could make the same name here and there.
      const add = (change: Change) => addTopic(change, spec);
      if (spec.access === 'open') {
        await stores.open.write((change) => {
          if (!isMade(spec)) add(change);
        });
      } else {
        const release = await stores.open.hold();
        try {
          if (!isMade(spec)) await stores.closed.write(add);
        } finally {
          release();
        }
      }
    },
    async remove(name) {
      const topic = lookUp(name);
      known.delete(name);
      if (topic !== undefined)
        await topic.store.write((change) => {
          // Without its ends it is gone for everybody at once, in one step with its name.
          if (entryOf(change, name)?.number !== topic.number) return;
          change.remove(topicKey(name));
          change.remove(endsKey(topic.number));
          change.put(removedKey(topic.number), Buffer.alloc(0));
        });
      for (const store of [stores.open, stores.closed]) if (store.read(hasRemoved)) await clear(store);
    },
    all() {
      return (['open', 'closed'] as const)
        .flatMap((access) =>
          stores[access].read((view) =>
            view.under(topicsPrefix).map(({ key, value }) => {
              const name = Buffer.from(key).toString('utf8', topicsPrefix.length);
              return { name, partitions: parse(value).partitions, access };
            }),
          ),
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    named(name) {
      const topic = lookUp(name);
      if (!topic)
        throw new NoSuchTopic(
          `there is no topic ${name} in ${stores.open.dir} or ${stores.closed.dir}: check the name, or create it first`,
        );
      known.set(name, topic);
      return topic;
    },
  };
}

const hasRemoved = (view: View) => view.under(removedPrefix).length > 0;

function addTopic(change: Change, { name, partitions }: TopicSpec): void {
  const next = change.get(nextNumberKey);
  const number = next === undefined ? change.under(topicsPrefix).length : (readEnds(next)[0] ?? 0);
  change.put(nextNumberKey, writeEnds([number + 1]));
  const entry: Entry = { number, partitions };
  change.put(topicKey(name), Buffer.from(JSON.stringify(entry)));
  change.put(endsKey(number), writeEnds(Array.from({ length: partitions }, () => 0)));
}

function entryOf(view: View, name: string): Entry | undefined {
  const value = view.get(topicKey(name));
  return value && parse(value);
}

function parse(value: Uint8Array): Entry {
  return JSON.parse(Buffer.from(value).toString()) as Entry;
}
