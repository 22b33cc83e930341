import type { BatchBounds, GroupMember, LogRecord, Membership } from '../event-log.ts';
import { type PartitionRun, startRun } from '../partition-run.ts';
import { shareOut } from '../share.ts';
import type { Arrivals } from './arrivals.ts';
import type { Claims } from './claims.ts';
import type { Topic } from './topics.ts';

export type Groups = {
  join(group: string, topic: Topic, member: GroupMember, most: BatchBounds): Promise<Membership>;
  /** Every member leaves. */
  end(): Promise<void>;
};

type Seat = {
  readonly member: GroupMember;
  readonly most: BatchBounds;
  fail(error: unknown): void;
  leave(): Promise<void>;
};

/** The members that this instance has of a group on a topic, and who runs which partition. */
type Group = {
  readonly claimed: Promise<void>;
  readonly seats: Set<Seat>;
  /** Who shall run a partition. The runs follow, each partition at its own pace. */
  wanted: ReadonlyMap<number, Seat>;
  readonly running: Map<number, { readonly seat: Seat; readonly run: PartitionRun }>;
  /** Partitions whose run is being changed just now. */
  readonly changing: Map<number, Promise<void>>;
};

export type GroupOptions = {
  readonly claims: Claims;
  readonly arrivals: Arrivals;
  read(topic: Topic, partition: number, from: number, most: BatchBounds): readonly LogRecord[];
};

export function groupsOf({ claims, arrivals, read }: GroupOptions): Groups {
  const groups = new Map<string, Group>();
  const releases = new Map<string, Promise<void>>();

  /** The group, claimed for this instance. A claim being given back is waited for: else giving it back would take it from the new group. */
  async function groupFor(key: string, group: string, topic: Topic): Promise<Group> {
    for (;;) {
      await releases.get(key);
      const found = groups.get(key) ?? {
        claimed: claims.take(group, topic),
        seats: new Set(),
        wanted: new Map(),
        running: new Map(),
        changing: new Map(),
      };
      groups.set(key, found);
      try {
        await found.claimed;
      } catch (error) {
        if (groups.get(key) === found) groups.delete(key);
        throw error;
      }
      if (groups.get(key) === found) return found;
    }
  }

  function shareAnew(group: Group, topic: Topic): void {
    group.wanted = shareOut(topic.partitions, [...group.seats], group.wanted);
    for (let partition = 0; partition < topic.partitions; partition += 1) {
      if (!group.changing.has(partition) && group.running.get(partition)?.seat !== group.wanted.get(partition))
        group.changing.set(partition, change(group, topic, partition));
    }
  }

  /** Ends the run of who shall no longer have the partition, then starts that of who shall, until nobody has changed their mind meanwhile. */
  async function change(group: Group, topic: Topic, partition: number): Promise<void> {
    await Promise.resolve(); // so that `changing` is set before it is cleared
    for (;;) {
      const now = group.running.get(partition);
      const seat = group.wanted.get(partition);
      if (now?.seat === seat) break;
      if (now) {
        await now.run.stop();
        group.running.delete(partition);
      } else if (seat) {
        const { member, most, fail } = seat;
        const next = async (from: number, stop: AbortSignal) => {
          const records = read(topic, partition, from, most);
          if (records.length === 0) await arrivals.after(topic.name, partition, from, stop);
          return records;
        };
        const run = startRun({ topic, partition, member, next, onError: fail });
        group.running.set(partition, { seat, run });
      }
    }
    group.changing.delete(partition);
  }

  /** Resolves when the seat runs nothing. */
  async function vacate(key: string, group: Group, name: string, topic: Topic, seat: Seat): Promise<void> {
    group.seats.delete(seat);
    shareAnew(group, topic);
    await Promise.all(
      [...group.running].map(([partition, running]) => running.seat === seat && group.changing.get(partition)),
    );
    if (group.seats.size === 0 && groups.get(key) === group) {
      groups.delete(key);
      const released = claims.giveBack(name, topic);
      const forget = () => void releases.delete(key);
      releases.set(key, released.then(forget, forget));
      await released;
    } else await releases.get(key);
  }

  return {
    async join(name, topic, member, most) {
      const key = `${name} ${topic.name}`;
      const group = await groupFor(key, name, topic);
      let left: Promise<void> | undefined;
      const { promise: failed, reject } = withRejection();
      const seat: Seat = {
        member,
        most,
        fail(error) {
          reject(error);
          void seat.leave().catch(() => undefined); // who leaves on purpose hears of it
        },
        leave() {
          left ??= vacate(key, group, name, topic, seat);
          return left;
        },
      };
      group.seats.add(seat);
      shareAnew(group, topic);
      return { failed, leave: seat.leave };
    },
    async end() {
      await Promise.all([...groups.values()].map((group) => group.claimed.catch(() => undefined)));
      const leaving = [...groups.values()].flatMap((group) => [...group.seats].map((seat) => seat.leave()));
      await Promise.all([...leaving, ...releases.values()]);
    },
  };
}

/** A promise that may reject without anybody looking. */
function withRejection(): { readonly promise: Promise<never>; reject(error: unknown): void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, reject };
}
