import type { NewRecord } from '../event-log.ts';
import { maxRecordBytes, placeOf } from '../limits.ts';
import { InvalidRequest } from '../log-errors.ts';
import { endsKey, readEnds, segmentKey, writeEnds } from './keys.ts';
import { pack, type Segment } from './segment.ts';
import type { Change, Store } from './store.ts';
import type { Topic } from './topics.ts';

export type Appender = {
  /** Resolves with the offset of each record when all of them are on disk; if it rejects, none is in the log. */
  append(topic: Topic, records: readonly NewRecord[]): Promise<readonly number[]>;
};

/** Calls committed together hold at most about so much: it bounds the memory of a commit and how long it keeps the event loop. */
const commitBytes = 16 * 1024 * 1024;

/** The records of a call that go to one partition. `places` are their positions in the call. */
type Share = { readonly partition: number; readonly places: readonly number[]; readonly segments: readonly Segment[] };
type Call = {
  readonly topic: Topic;
  readonly shares: readonly Share[];
  readonly bytes: number;
  resolve(firsts: readonly number[]): void;
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
        const firsts = await store.write((change) => calls.map((call) => place(change, call)));
        appended();
        calls.forEach((call, i) => {
          call.resolve(firsts[i] ?? []);
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
      const shares = sharesOf(topic, records);
      const bytes = shares.flatMap((share) => share.segments).reduce((sum, segment) => sum + segment.bytes.byteLength, 0);
      const firsts = await new Promise<readonly number[]>((resolve, reject) => {
        waiting.push({ topic, shares, bytes, resolve, reject });
        if (!committing) void commitAll();
      });
      const offsets = new Array<number>(records.length).fill(0);
      shares.forEach(({ places }, s) => {
        places.forEach((place, i) => {
          offsets[place] = (firsts[s] ?? 0) + i;
        });
      });
      return offsets;
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

function sharesOf(topic: Topic, records: readonly NewRecord[]): Share[] {
  const places = new Map<number, number[]>();
  records.forEach((record, i) => {
    const bytes = Buffer.byteLength(record.key) + record.value.byteLength;
    if (bytes > maxRecordBytes)
      throw new InvalidRequest(`a record for topic ${topic.name} has ${bytes} bytes, more than ${maxRecordBytes}: split what it says`);
    const partition = placeOf(topic, record);
    const there = places.get(partition);
    if (there) there.push(i);
    else places.set(partition, [i]);
  });
  return [...places].map(([partition, there]) => ({
    partition,
    places: there,
    segments: pack(there.map((i) => records[i] as NewRecord)),
  }));
}

/** Puts a call's segments at the ends of their partitions; answers the first offset of each share. */
function place(change: Change, { topic, shares }: Call): number[] {
  const ends = readEnds(change.get(endsKey(topic.number)) ?? new Uint8Array());
  const firsts = shares.map(({ partition, segments }) => {
    const first = ends[partition] ?? 0;
    let next = first;
    for (const { count, bytes } of segments) {
      change.put(segmentKey(topic.number, partition, next), bytes);
      next += count;
    }
    ends[partition] = next;
    return first;
  });
  change.put(endsKey(topic.number), writeEnds(ends));
  return firsts;
}
