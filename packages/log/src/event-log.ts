/** A topic as it was created; none of this ever changes. `closed` topics hold what blinded people may not see and are kept apart. */
export type TopicSpec = { readonly name: string; readonly partitions: number; readonly access: 'open' | 'closed' };

/** A record to append. Without `partition` it goes to `partitionOf(key, partitions)`; one key's records then keep their order. */
export type NewRecord = { readonly key: string; readonly value: Uint8Array; readonly partition?: number };

/** A record as it stands in the log. `value` is the reader's own: it never changes, but it may be a view of a buffer shared by the batch. */
export type LogRecord = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array;
};

/** At most so many records and so many bytes (keys and values) at once; one record is always let through, however large. */
export type BatchBounds = { readonly records: number; readonly bytes: number };

/**
 * An ordered, durable, append-only log of records in topics of partitions: the only way events and tallies travel between services.
 *
 * **Order** holds within a partition. **Offsets** of a partition only grow; gaps are allowed (a log may put its own marks between
 * records, not after the last one), so the record after offset n is the next one that `read` gives, not n + 1. **Delivery** is at least once: a rejected append
 * may have been written in part or in whole, a record may be appended twice by retries, and readers must not mind.
 *
 * Every error thrown on purpose is a `LogError`. After `close` everything but `close` rejects with `LogUnavailable`.
 */
export interface EventLog {
  /** Makes sure that the topic exists as specified; repeating it changes nothing. `TopicMismatch` if one of that name is different. */
  createTopic(spec: TopicSpec): Promise<void>;

  /** All topics, by name. */
  topics(): Promise<readonly TopicSpec[]>;

  /**
   * Removes a topic with all that is in it; one that does not exist is removed already. Whoever still uses it gets `NoSuchTopic`: an
   * append that comes later is refused, in whatever process. The name may be given to another topic, which has another identity.
   * Nobody may be joined to it any more. When its bytes are gone from the disk too is the adapter's to say (`docs/rewrite.md`).
   */
  removeTopic(topic: string): Promise<void>;

  /**
   * Identifies this very topic: a topic that was deleted and created again has another identity. Store it beside an offset and compare
   * before using the offset, else an offset of the old topic silently points into the new one.
   */
  topicId(topic: string): Promise<string>;

  /**
   * Appends, and resolves only when the records are durable, with the offset of each. The records of one call that go to the same
   * partition keep their order and follow those of every call that has resolved; of calls under way at once either may come first.
   * The values must not change before it resolves.
   */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]>;

  /** Per partition: the offset from which on nothing has been appended yet. All before it is readable. */
  ends(topic: string): Promise<readonly number[]>;

  /**
   * Records from offset `from` on, in order, within the bounds: empty only if there is none, but maybe fewer than there are. So below an
   * end that `ends` has told, of whatever instance, it is never empty: what cannot be read yet is waited for, then `LogUnavailable`. `from`
   * may be the end; past it is `OffsetOutOfRange`.
   */
  read(topic: string, partition: number, from: number, most: BatchBounds): Promise<readonly LogRecord[]>;

  /**
   * Joins a group that shares the topic's partitions evenly among its members: at any time a partition belongs to one member of the
   * group at most. Resolves once admitted; partitions come (and go, when members come and go) through the member's methods.
   * `StoreInUse` where the adapter allows one process per group and another one has it. Bounds default to `defaultBatch`.
   */
  join(group: string, topic: string, member: GroupMember, most?: Partial<BatchBounds>): Promise<Membership>;

  /** Whether a group has members on the topic just now, in whichever process. */
  isJoined(group: string, topic: string): Promise<boolean>;

  /**
   * Leaves all groups (waiting for batches in flight, from which members may still append and read), finishes appends under way, lets go
   * of everything. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * One consumer. Calls about one partition never overlap; calls about different partitions do. What a method throws ends the membership.
 * From inside these methods do not await `leave`, `join` or `close`: they wait for the method to end.
 */
export interface GroupMember {
  /**
   * The member now owns the partition; answers the offset to start from. The truth about offsets lives with the member, in its own
   * transaction: the log remembers none. An offset that the log does not have ends the membership with `OffsetOutOfRange`.
   */
  assigned(partition: number): Promise<number>;

  /**
   * A bounded batch, in order, never empty; the next batch of that partition comes after this resolves. The offset to continue from is
   * the last record's + 1.
   */
  batch(partition: number, records: readonly LogRecord[]): Promise<void>;

  /**
   * Before a batch that comes from another server, or another process of it, than the batch before (so before the first one too): it may
   * have been put back from an older copy, and have grown since. Throws if the log is not the one that the member has read. A log without
   * servers never calls it.
   */
  resumed?(partition: number): Promise<void>;

  /**
   * The member no longer owns the partition. Called once for every `assigned` that answered, after any batch in flight has ended, also
   * when the membership failed, and before any other member's `assigned` for it.
   */
  revoked(partition: number): Promise<void>;
}

/** A member's place in its group. */
export interface Membership {
  /** Rejects with what one of the member's methods threw (or the log itself); otherwise never settles. Nobody has to look at it. */
  readonly failed: Promise<never>;

  /** Gives all partitions back and resolves when that is done, `revoked` included. Idempotent; also fine after a failure. */
  leave(): Promise<void>;
}

/** How much a member gets at once unless it asks otherwise. */
export const defaultBatch: BatchBounds = { records: 5_000, bytes: 4 * 1024 * 1024 };
