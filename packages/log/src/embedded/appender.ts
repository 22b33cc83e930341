import type { NewRecord } from '../event-log.ts';
import { checkSize, placeOf } from '../limits.ts';
import { NoSuchTopic } from '../log-errors.ts';
import { endsKey, segmentKey, writeEnds } from './keys.ts';
import { endsIn } from './reader.ts';
import { pack, type Segment } from './segment.ts';
import type { Change, Store } from './store.ts';
import type { Topic } from './topics.ts';

export type Appender = {
  /** Resolves with the offset of each record when all of them are on disk; if it rejects, none is in the log. */
  append(topic: Topic, records: readonly NewRecord[]): Promise<readonly number[]>;
};

/** Calls committed together hold at most about so much: it bounds the memory of a commit and how long it keeps the event loop. */
const commitBytes = 16 * 1024 * 1024;

type Call = {
  readonly topic: Topic;
  readonly records: readonly NewRecord[];
  /** Where each record goes. */
  readonly partitions: readonly number[];
  readonly bytes: number;
  resolve(offsets: readonly number[]): void;
  reject(error: unknown): void;
};

/** Appends to a store. A commit costs a disk flush whatever its size, so the calls that wait while one is under way share the next. */
export function appenderTo(store: Store, appended: () => void): Appender {
  const waiting: Call[] = [];
  let committing = false;

  async function commitAll(): Promise<void> {
    committing = true;
    while (waiting.length > 0) {
      await new Promise(setImmediate); // so that calls of the same moment gather, and others get the event loop between commits
      const calls = nextCalls(waiting);
      try {
        const offsets = await commit(store, calls);
        appended();
        calls.forEach((call, i) => {
          const placed = offsets[i] ?? [];
          if (placed instanceof NoSuchTopic) call.reject(placed);
          else call.resolve(placed);
        });
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
    }
    committing = false;
  }

  return {
    async append(topic, records) {
      if (records.length === 0) return [];
      const partitions = records.map((record) => placeOf(topic, record));
      const bytes = records.reduce((sum, record) => sum + checkSize(topic, record), 0);
      return new Promise((resolve, reject) => {
        waiting.push({ topic, records, partitions, bytes, resolve, reject });
        if (!committing) void commitAll();
      });
    },
  };
}

function nextCalls(waiting: Call[]): Call[] {
  let bytes = 0;
  const beyond = waiting.findIndex((call, i) => {
    bytes += call.bytes;
    return i > 0 && bytes > commitBytes;
  });
  return waiting.splice(0, beyond < 0 ? waiting.length : beyond);
}

/** Commits the calls in one transaction; answers the offsets of each, or that its topic was removed meanwhile. */
async function commit(store: Store, calls: readonly Call[]): Promise<(number[] | NoSuchTopic)[]> {
  const batches = [...grouped(calls, (call) => call.topic)].map(([topic, ofTopic]) => packBatch(topic, ofTopic));
  const nexts = await store.write((change) => new Map(batches.map((batch) => [batch.topic, place(change, batch)])));
  return calls.map(({ topic, partitions }) => {
    const next = nexts.get(topic) ?? [];
    if (next instanceof NoSuchTopic) return next;
    return partitions.map((partition) => {
      const offset = next[partition] ?? 0;
      next[partition] = offset + 1;
      return offset;
    });
  });
}

/** What the calls append to one topic, packed per partition. */
type Batch = { readonly topic: Topic; readonly segments: ReadonlyMap<number, readonly Segment[]> };

function packBatch(topic: Topic, calls: readonly Call[]): Batch {
  const placed = calls.flatMap(({ records, partitions }) =>
    records.map((record, i) => ({ record, partition: partitions[i] as number })),
  );
  const segments = new Map<number, readonly Segment[]>();
  for (const [partition, there] of grouped(placed, (one) => one.partition))
    segments.set(partition, pack(there.map(({ record }) => record)));
  return { topic, segments };
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Puts a batch at the ends of its partitions; answers what the ends were. Calls to other topics do not suffer for one that was removed. */
function place(change: Change, { topic, segments }: Batch): number[] | NoSuchTopic {
  let before: number[];
  try {
    before = [...endsIn(change, topic)];
  } catch (error) {
    if (error instanceof NoSuchTopic) return error;
    throw error;
  }
  const ends = [...before];
  for (const [partition, there] of segments) {
    let next = ends[partition] ?? 0;
    for (const { count, bytes } of there) {
      change.put(segmentKey(topic.number, partition, next), bytes);
      next += count;
    }
    ends[partition] = next;
  }
  change.put(endsKey(topic.number), writeEnds(ends));
  return before;
}
