import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GroupMember, LogRecord, TopicSpec } from './event-log.ts';
import { checkOffset } from './limits.ts';

/** One partition in the hands of one member, from `assigned` to `revoked`. */
export type PartitionRun = {
  /** Ends after the call in flight; resolves after `revoked`. Never rejects: errors went to `onError`. */
  stop(): Promise<void>;
};

export type RunOptions = {
  readonly topic: TopicSpec;
  readonly partition: number;
  readonly member: GroupMember;
  /** The next records from an offset on, within the member's bounds; waits for some, but may also give none: then it is asked again. */
  next(from: number, stop: AbortSignal): Promise<readonly LogRecord[]>;
  onError(error: unknown): void;
};

export function startRun({ topic, partition, member, next, onError }: RunOptions): PartitionRun {
  const stopped = new AbortController();

  async function deliver(): Promise<void> {
    let from = await member.assigned(partition);
    try {
      checkOffset(topic, partition, from);
      while (!stopped.signal.aborted) {
        const records = await next(from, stopped.signal);
        const last = records.at(-1);
        if (last && !stopped.signal.aborted) {
          await member.batch(partition, records);
          from = last.offset + 1;
          await nextTurn(); // a member that never waits for anything must not starve the others
        }
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
