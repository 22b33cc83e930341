import { setTimeout as pause } from 'node:timers/promises';
import type { BatchBounds, LogRecord } from '../event-log.ts';
import type { Connection } from './connection.ts';
import { asLogError, isPassing, kafkaErrorType } from './kafka-errors.ts';
import type { Broker } from './kafkajs-parts.ts';
import { countWithin, fetchFrom, outOfRange } from './reader.ts';
import type { Topic } from './topics.ts';

/**
 * Records of the partitions that a member has, fetched from all leaders at once and, while the member works on a batch, one step ahead:
 * at most one fetch of each partition is held.
 */
export type Feed = {
  /** The next batch from an offset on; nothing if `stop` comes first. */
  next(partition: number, from: number, stop: AbortSignal): Promise<readonly LogRecord[]>;
  /** The partition is no longer ours. */
  drop(partition: number): void;
  close(): Promise<void>;
};

/** How long a broker holds back its answer for want of records: so long a partition may wait for others, and a stop for a fetch. */
const maxWaitMs = 100;

export function feedOf(connection: Connection, topic: Topic, most: BatchBounds, patienceMs: number): Feed {
  const wanted = new Map<number, number>();
  const held = new Map<number, readonly LogRecord[]>();
  const failures = new Map<number, unknown>();
  const wakes = new Map<number, () => void>();
  const fetching = new Set<Broker>();
  const tasks = new Set<Promise<void>>();
  let failingSince: number | undefined;
  let isClosed = false;

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
        for (const broker of (await connection.byLeader(topic.name, [...wanted.keys()])).keys())
          if (!fetching.has(broker) && !isClosed) {
            fetching.add(broker);
            run(() => fetchAll(broker));
          }
        return;
      } catch (error) {
        await troubled(error);
      }
    }
  }

  /** Asks one leader as long as it leads something wanted. */
  async function fetchAll(broker: Broker): Promise<void> {
    while (!isClosed) {
      try {
        const led = (await connection.byLeader(topic.name, [...wanted.keys()])).get(broker) ?? [];
        const froms = new Map(led.flatMap((partition) => wantedOf(partition)));
        if (froms.size === 0) break;
        for (const { partition, records, next } of await fetchFrom(broker, topic, froms, maxWaitMs)) {
          if (wanted.get(partition) !== froms.get(partition)) continue; // dropped meanwhile
          if (records.length > 0) {
            wanted.delete(partition);
            held.set(partition, records);
            wakes.get(partition)?.();
          } else wanted.set(partition, next);
        }
        failingSince = undefined;
      } catch (error) {
        await troubled(error);
      }
    }
    fetching.delete(broker);
    await look(); // leaders may have moved, or something become wanted in the last moment
  }

  function wantedOf(partition: number): [number, number][] {
    const from = wanted.get(partition);
    return from === undefined ? [] : [[partition, from]];
  }

  /** An offset out of range is the affair of its partition; anything else may pass, and is everybody's when it does not. */
  async function troubled(error: unknown): Promise<void> {
    const { partition } = error as { partition?: number };
    if (kafkaErrorType(error) === 'OFFSET_OUT_OF_RANGE' && partition !== undefined) {
      fail(partition, outOfRange(topic, partition, wanted.get(partition) ?? 0, error));
      return;
    }
    failingSince ??= Date.now();
    connection.forget(topic.name);
    if (!isPassing(error) || Date.now() - failingSince > patienceMs)
      for (const one of [...wanted.keys()]) fail(one, asLogError(`read topic ${topic.name}`, error));
    else await pause(100);
  }

  function fail(partition: number, error: unknown): void {
    wanted.delete(partition);
    failures.set(partition, error);
    wakes.get(partition)?.();
  }

  return {
    async next(partition, from, stop) {
      if (!held.has(partition) && !failures.has(partition)) {
        if (!wanted.has(partition)) want(partition, from);
        await new Promise<void>((resolve) => {
          const wake = () => {
            wakes.delete(partition);
            stop.removeEventListener('abort', wake);
            resolve();
          };
          wakes.set(partition, wake);
          stop.addEventListener('abort', wake, { once: true });
        });
      }
      if (failures.has(partition)) throw failures.get(partition);
      const records = held.get(partition) ?? [];
      const count = countWithin(records, most);
      const last = records[count - 1];
      if (last && count === records.length) {
        held.delete(partition);
        want(partition, last.offset + 1);
      } else if (last) held.set(partition, records.slice(count));
      return count === records.length ? records : records.slice(0, count);
    },
    drop(partition) {
      wanted.delete(partition);
      held.delete(partition);
      failures.delete(partition);
    },
    async close() {
      isClosed = true;
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
