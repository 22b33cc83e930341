import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchBounds, GroupMember, LogRecord } from '../event-log.ts';
import { checkOffset } from '../limits.ts';
import type { Arrivals } from './arrivals.ts';
import type { Topic } from './topics.ts';

/** One partition in the hands of one member, from `assigned` to `revoked`. */
export type PartitionRun = {
  /** Ends after the call in flight; resolves after `revoked`. Never rejects: errors went to `onError`. */
  stop(): Promise<void>;
};

export type RunOptions = {
  readonly topic: Topic;
  readonly partition: number;
  readonly member: GroupMember;
  readonly most: BatchBounds;
  readonly arrivals: Arrivals;
  read(topic: Topic, partition: number, from: number, most: BatchBounds): readonly LogRecord[];
  onError(error: unknown): void;
};

export function startRun({ topic, partition, member, most, arrivals, read, onError }: RunOptions): PartitionRun {
  const stopped = new AbortController();

  async function deliver(): Promise<void> {
    let next = await member.assigned(partition);
    try {
      checkOffset(topic, partition, next);
      while (!stopped.signal.aborted) {
        const records = read(topic, partition, next, most);
        const last = records.at(-1);
        if (last) {
          await member.batch(partition, records);
          next = last.offset + 1;
          await nextTurn(); // a member that never waits for anything must not starve the others
        } else await arrivals.after(topic.name, partition, next, stopped.signal);
      }
    } catch (error) {
      onError(error);
    } finally {
      await member.revoked(partition);
    }
  }

  const ended = deliver().catch(onError);
  return {
    async stop() {
      stopped.abort();
      await ended;
    },
  };
}
