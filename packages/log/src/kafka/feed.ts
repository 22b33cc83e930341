import { setTimeout as pause } from 'node:timers/promises';
import type { BatchBounds, LogRecord } from '../event-log.ts';
import { type Connection, nobody } from './connection.ts';
import { asLogError, isPassing, kafkaErrorType } from './kafka-errors.ts';
import { countWithin, fetchFrom, outOfRange, sizeOf } from './reader.ts';
import type { Topic } from './topics.ts';

/**
 * Records of the partitions that a member has, fetched from all leaders at once and, while the member works on a batch, ahead until the next
 * one is full: so much of each partition is held, and what the last fetch brought beyond it. A batch is given when it is full, or holds what there
 * is: where much is to be caught up, batches are few and full, and otherwise none waits.
 *
 * A broker that comes back may have another log than it had: an older copy of its disk, or less than it had told. If that has grown beyond
 * where we stand, nothing in what it gives says so. Its process was another before, though, so a connection was made since, or another
 * broker leads: `resumed` is awaited before the first records that were fetched in such a way are given, and what is held from before is
 * fetched again with them, for it may be of the other log.
 */
export type Feed = {
  /** The next batch from an offset on; nothing if `stop` comes first. */
  next(partition: number, from: number, stop: AbortSignal): Promise<readonly LogRecord[]>;
  /** The partition is no longer ours. */
  drop(partition: number): void;
  close(): Promise<void>;
};

/** Records of a partition for its next batches, and how large they are. */
type Held = { readonly records: LogRecord[]; bytes: number };

/** How long a broker holds back its answer for want of records: so long a partition may wait for others, and a stop for a fetch. */
const maxWaitMs = 100;

async function orStopped(stop: AbortSignal, work: Promise<void>): Promise<void> {
  let wake: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    wake = resolve;
  });
  stop.addEventListener('abort', wake, { once: true });
  await Promise.race([work, stopped]).finally(() => stop.removeEventListener('abort', wake));
}

export function feedOf(
  connection: Connection,
  topic: Topic,
  most: BatchBounds,
  patienceMs: number,
  resumed: (partition: number) => Promise<void>,
): Feed {
  const wanted = new Map<number, number>();
  const held = new Map<number, Held>();
  const behind = new Set<number>(); // partitions of which more was there than was fetched
  const ways = new Map<number, string>(); // by which what is held, or was given last, came
  const unchecked = new Set<number>(); // partitions of which what is held came by another way than what was given before
  const failures = new Map<number, unknown>();
  const wakes = new Map<number, () => void>();
  const failingSince = new Map<number, number>(); // partitions; a leader's trouble is that of its partitions only
  const fetching = new Set<number>(); // leaders, `nobody` among them: it is sought in the same way
  const tasks = new Set<Promise<void>>();
  let isClosed = false;

  /** Whether more than is held would not fit into the next batch. */
  function isFull(partition: number): boolean {
    const { records, bytes } = held.get(partition) ?? { records: [], bytes: 0 };
    return records.length >= most.records || bytes > most.bytes;
  }

  const isReady = (partition: number) => held.has(partition) && (isFull(partition) || !behind.has(partition));

  function hold(partition: number, records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    const all = held.get(partition) ?? { records: [], bytes: 0 };
    for (const record of records) {
      all.records.push(record);
      all.bytes += sizeOf(record);
    }
    held.set(partition, all);
  }

  function run(act: () => Promise<void>): void {
    const task = act().finally(() => tasks.delete(task));
    tasks.add(task);
  }

  function want(partition: number, from: number): void {
    wanted.set(partition, from);
    run(look);
  }

  /** Sees to it that every leader of a wanted partition is being asked. */
  async function look(): Promise<void> {
    while (wanted.size > 0 && !isClosed) {
      try {
        const leaders = await connection.leaders(topic.name);
        for (const partition of wanted.keys()) {
          const leader = leaders.get(partition) ?? nobody;
          if (fetching.has(leader)) continue;
          fetching.add(leader);
          run(() => fetchAll(leader));
        }
        return;
      } catch (error) {
        await troubled(error, wanted);
      }
    }
  }

  /** Asks one leader as long as it leads something wanted. */
  async function fetchAll(leader: number): Promise<void> {
    while (wanted.size > 0 && !isClosed) {
      let asked: ReadonlyMap<number, number> = new Map(wanted); // all, as long as it is not known who leads what
      try {
        const leaders = await connection.leaders(topic.name);
        asked = new Map([...wanted].filter(([partition]) => (leaders.get(partition) ?? nobody) === leader));
        if (asked.size === 0) break;
        const broker = await connection.broker(leader, topic.name);
        for (const { partition, records, next, end } of await fetchFrom(broker, topic, asked, maxWaitMs)) {
          if (wanted.get(partition) !== asked.get(partition)) continue; // dropped meanwhile
          failingSince.delete(partition);
          if (records.length > 0) {
            // Counted after the answer: what was checked later than this holds for every connection that there was by now.
            const way = `${leader} ${connection.made()}`;
            const [first] = held.get(partition)?.records ?? [];
            const isOfOneWay = ways.get(partition) === way;
            ways.set(partition, way);
            if (!isOfOneWay) unchecked.add(partition);
            if (!isOfOneWay && first !== undefined) {
              held.delete(partition);
              wanted.set(partition, first.offset);
              continue;
            }
            hold(partition, records);
          }
          if (next < end) behind.add(partition);
          else behind.delete(partition);
          if (isReady(partition)) wakes.get(partition)?.();
          if (isFull(partition)) wanted.delete(partition);
          else wanted.set(partition, next);
        }
      } catch (error) {
        await troubled(error, asked);
      }
    }
    fetching.delete(leader);
    await look(); // leaders may have moved, or something become wanted in the last moment
  }

  /** An offset out of range is the affair of its partition; anything else may pass, and is that of all that were asked for when it does not. */
  async function troubled(error: unknown, asked: ReadonlyMap<number, number>): Promise<void> {
    const { partition } = error as { partition?: number };
    if (kafkaErrorType(error) === 'OFFSET_OUT_OF_RANGE' && partition !== undefined) {
      const from = asked.get(partition);
      // Else it was dropped meanwhile: who has it next may ask for another offset.
      if (from !== undefined && wanted.get(partition) === from)
        fail(partition, outOfRange(topic, partition, from, error));
      return;
    }
    connection.forget(topic.name);
    for (const [one, from] of asked) {
      if (wanted.get(one) !== from) continue;
      // What is held is not held back for what may be long in coming.
      if (behind.delete(one) && held.has(one)) wakes.get(one)?.();
      const since = failingSince.get(one) ?? performance.now();
      failingSince.set(one, since);
      if (!isPassing(error) || performance.now() - since > patienceMs)
        fail(one, asLogError(`read topic ${topic.name}`, error));
    }
    await pause(100);
  }

  function fail(partition: number, error: unknown): void {
    wanted.delete(partition);
    failingSince.delete(partition);
    failures.set(partition, error);
    wakes.get(partition)?.();
  }

  return {
    async next(partition, from, stop) {
      if (!isReady(partition) && !failures.has(partition)) {
        if (!wanted.has(partition)) want(partition, from);
        await orStopped(stop, new Promise<void>((resolve) => wakes.set(partition, resolve)));
        wakes.delete(partition);
      }
      if (!held.has(partition) && failures.has(partition)) throw failures.get(partition);
      // Meanwhile more may have come, by yet another way.
      while (!stop.aborted && unchecked.delete(partition)) await orStopped(stop, resumed(partition));
      const records = held.get(partition)?.records ?? [];
      const last = records.at(-1);
      if (stop.aborted || last === undefined) return [];
      const count = countWithin(records, most);
      held.delete(partition);
      hold(partition, records.slice(count));
      if (!isFull(partition) && !wanted.has(partition) && !failures.has(partition)) want(partition, last.offset + 1);
      return count === records.length ? records : records.slice(0, count);
    },
    drop(partition) {
      wanted.delete(partition);
      failingSince.delete(partition);
      held.delete(partition);
      behind.delete(partition);
      ways.delete(partition);
      unchecked.delete(partition);
      failures.delete(partition);
    },
    async close() {
      isClosed = true;
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
