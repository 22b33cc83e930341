import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { thisHolder } from '@holdfast/processes';
import { defaultBatch, type EventLog } from '../event-log.ts';
import { checkBounds, checkGroup, checkOffset, checkPartition } from '../limits.ts';
import { InvalidRequest, LogUnavailable } from '../log-errors.ts';
import { untilClosed } from '../until-closed.ts';
import { appenderTo } from './appender.ts';
import { arrivalsBy } from './arrivals.ts';
import { claimsOf } from './claims.ts';
import { groupsOf } from './groups.ts';
import { endsOf, readFrom } from './reader.ts';
import { openStore, type Store } from './store.ts';
import { topicsIn } from './topics.ts';

export type EmbeddedLogOptions = {
  /** Folder of the open topics; made if missing. */
  readonly dir: string;
  /** Folder of the closed topics; made readable by this user only. Not the same as `dir`. */
  readonly closedDir: string;
  /** Only reads: makes nothing, appends nothing, joins no group, and needs both stores to exist. */
  readonly readOnly?: boolean;
  /** Address space set aside for each store (64 GiB); a store that outgrows it gets more. Only where address space is limited, say less. */
  readonly mapBytes?: number;
};

/**
 * A log in two LMDB stores on this machine, without any server. Any number of processes and worker threads may have it open, read and
 * append at the same time; a group's members are all in one process and come from one instance. Beyond the port's promises:
 *
 * - an `append` that rejects has written nothing, one that resolves is on disk, and readers see only what is on disk;
 * - offsets of a partition have no gaps.
 *
 * Committing keeps the event loop for the time of a disk flush; calls made meanwhile share the next commit. Close it before the process
 * ends. Folders must be on a local disk.
 */
export async function embeddedEventLog(options: EmbeddedLogOptions): Promise<EventLog> {
  const { dir, closedDir, readOnly = false, mapBytes = 64 * 2 ** 30 } = options;
  if (resolve(dir) === resolve(closedDir)) throw sameFolder(dir, closedDir);
  const me = thisHolder(randomUUID().replaceAll('-', '').slice(0, 12));
  const shared = { readOnly, mapBytes, me, newId: randomUUID };
  const open = await openStore({ ...shared, dir: resolve(dir), folderMode: 0o777, fileMode: 0o666 });
  let closed: Store;
  try {
    closed = await openStore({ ...shared, dir: resolve(closedDir), folderMode: 0o700, fileMode: 0o600 });
  } catch (error) {
    await open.close();
    throw error;
  }
  if (open.id === closed.id) {
    await Promise.all([open.close(), closed.close()]);
    throw sameFolder(dir, closedDir);
  }
  const topics = topicsIn({ open, closed });
  const arrivals = arrivalsBy((topic) => endsOf(topics.named(topic)));
  const appenders = new Map([open, closed].map((store) => [store, appenderTo(store, arrivals.look)]));
  const claims = claimsOf(me);
  const groups = groupsOf({ claims, arrivals, read: readFrom });
  const { use, refuseIfClosing, close } = untilClosed(`in ${dir}`, {
    leaveGroups: () => groups.end(),
    release: () => Promise.all([open.close(), closed.close()]),
  });

  async function change<T>(act: () => Promise<T>): Promise<T> {
    return use(() => {
      if (readOnly)
        throw new LogUnavailable(
          `the log in ${dir} was opened for reading only: open it without readOnly to write or join`,
        );
      return act();
    });
  }

  return {
    createTopic: (spec) => change(() => topics.make(spec)),
    topics: () => use(async () => topics.all()),
    removeTopic: (name) => change(() => topics.remove(name)),
    topicId: (name) =>
      use(async () => {
        const { store, number } = topics.named(name);
        return `${store.id}/${number}`;
      }),
    append: (name, records) =>
      change(async () => {
        const topic = topics.named(name);
        return appenders.get(topic.store)?.append(topic, records) ?? [];
      }),
    ends: (name) => use(async () => endsOf(topics.named(name))),
    read: (name, partition, from, most) =>
      use(async () => {
        const topic = topics.named(name);
        checkPartition(topic, partition);
        checkOffset(topic, partition, from);
        checkBounds(most);
        return readFrom(topic, partition, from, most);
      }),
    join: (group, name, member, most) =>
      change(async () => {
        refuseIfClosing();
        const bounds = { ...defaultBatch, ...most };
        checkGroup(group);
        checkBounds(bounds);
        return groups.join(group, topics.named(name), member, bounds);
      }),
    isJoined: (group, name) => use(async () => claims.isTaken(group, topics.named(name))),
    close,
  };
}

function sameFolder(dir: string, closedDir: string): InvalidRequest {
  return new InvalidRequest(
    `${dir} and ${closedDir} are the same store: give closed topics a folder of their own, or blinded people could read them`,
  );
}
