import { Worker } from 'node:worker_threads';
import { serialiseKey, type TrialKey } from '@holdfast/access';
import type { EventLog, GroupMember, LogPlace, Membership } from '@holdfast/log';
import type { ObjectsPlace } from '@holdfast/objects';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import type { ArchiveTold } from './archive-keeper.ts';
import type { Contradicted, Folded, ShardListener } from './folded.ts';
import { inTime } from './in-time.ts';
import { openFiles, type Release } from './open-files.ts';
import type { SnapshotTold } from './snapshot-keeper.ts';

/** What a thread that keeps shards is told at its start; all of it can be copied between threads. */
export type ThreadOptions = {
  readonly log: LogPlace;
  readonly keyFiles: readonly string[];
  readonly shards: string;
  /** Where snapshots of shards are kept; nowhere if they stay on one disk. */
  readonly snapshots: ObjectsPlace | undefined;
  /** Where the log is archived as it grows; nowhere by default. */
  readonly archive: ObjectsPlace | undefined;
};

/**
 * A call, by message. Records do not travel: either the thread is a member of the trial's group by itself (`join`), or, where one
 * process has the whole group, that one's members call their methods here, and the thread reads the records from the log.
 */
export type Call =
  | { readonly method: 'keep'; readonly trial: PublishedTrial; readonly anew: boolean }
  | { readonly method: 'join'; readonly trial: string; readonly batchRecords: number }
  | { readonly method: 'leave'; readonly trial: string }
  | { readonly method: 'assigned'; readonly trial: string; readonly partition: number }
  | {
      readonly method: 'batch';
      readonly trial: string;
      readonly partition: number;
      readonly from: number;
      readonly next: number;
    }
  | { readonly method: 'revoked'; readonly trial: string; readonly partition: number }
  /** The file that the thread asked for is its own now. */
  | { readonly method: 'opens'; readonly file: string }
  | { readonly method: 'stop' };

export type ToThread = Call & { readonly id: number };
export type FromThread =
  | { readonly kind: 'folded'; readonly folded: Folded }
  /** Before a shard's file is opened, and after it was closed. */
  | { readonly kind: 'wants' | 'closed'; readonly file: string }
  | { readonly kind: 'snapshot'; readonly told: SnapshotTold }
  | { readonly kind: 'archived'; readonly told: ArchiveTold }
  | { readonly kind: 'contradicted'; readonly told: Contradicted }
  | { readonly kind: 'taken' | 'given'; readonly trial: string; readonly partition: number }
  | { readonly kind: 'lost'; readonly trial: string; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'answered'; readonly id: number; readonly offset: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code: string | undefined };

/** How long a thread may take to close its log before it is ended. */
const stoppingMs = 2_000;

/** A thread that keeps shards failed; the code is that of the error there. */
export class ShardThreadFailed extends Error {
  override readonly name = 'ShardThreadFailed';
  readonly code: string;
  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.code = code ?? 'HF_SHARD_THREAD_FAILED';
  }
}

/** A thread of its own for some of the shards: decoding, folding and DuckDB run there. */
export interface KeeperThread {
  /** Makes ready for a trial; before it joins. */
  keep(trial: PublishedTrial, anew: boolean): Promise<void>;
  /** Becomes a member of the trial's group, which has its partitions shared out; the work is done in the thread. */
  join(trial: PublishedTrial, options: JoinOptions): Promise<Membership>;
  stop(): Promise<void>;
}

type JoinOptions = {
  readonly batchRecords: number;
  /** The log as this thread here has it. */
  readonly log: EventLog;
};

export function startKeeperThread(
  options: Omit<ThreadOptions, 'keyFiles'> & { readonly keys: ReadonlyMap<string, TrialKey> },
  told: ShardListener,
): KeeperThread {
  const { keys, ...places } = options;
  const workerData: ThreadOptions = { ...places, keyFiles: [...keys.values()].map(serialiseKey) };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData,
    // Batches are short-lived garbage, and most of it dies in a nursery of this size; a larger one only keeps memory.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const asked = new Map<number, { resolve(offset: number): void; reject(error: Error): void }>();
  const held = new Map<string, Release>();
  const members = new Map<string, (error: Error) => void>();
  let nextId = 0;
  let death: Error | undefined;
  const die = (error: Error) => {
    death ??= error;
    for (const { reject } of asked.values()) reject(death);
    for (const lose of members.values()) lose(death);
    asked.clear();
    for (const release of held.values()) release();
    held.clear();
  };
  worker.on('error', (cause) => die(new ShardThreadFailed(cause.message, undefined, { cause })));
  worker.on('exit', () => die(new ShardThreadFailed('a thread that keeps shards has ended', undefined)));
  worker.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'folded':
        return told.onFolded?.(message.folded);
      case 'wants':
        return void openFiles.take(message.file).then((release) => {
          if (death !== undefined) return release();
          held.set(message.file, release);
          ask({ method: 'opens', file: message.file }).catch(() => undefined); // it has died, and lets go of all
        });
      case 'closed':
        held.get(message.file)?.();
        return void held.delete(message.file);
      case 'snapshot':
        return told.onSnapshot?.(message.told);
      case 'archived':
        return told.onArchived?.(message.told);
      case 'contradicted':
        return told.onContradicted?.(message.told);
      case 'taken':
        return told.onTaken?.(message.trial, message.partition);
      case 'given':
        return told.onGiven?.(message.trial, message.partition);
      case 'lost':
        return members.get(message.trial)?.(new ShardThreadFailed(message.message, message.code));
    }
    const question = asked.get(message.id);
    asked.delete(message.id);
    if (message.kind === 'answered') question?.resolve(message.offset);
    else question?.reject(new ShardThreadFailed(message.message, message.code));
  });
  const ask = (call: Call): Promise<number> =>
    new Promise((resolve, reject) => {
      if (death !== undefined) return reject(death);
      const id = nextId;
      nextId += 1;
      asked.set(id, { resolve, reject });
      worker.postMessage({ ...call, id } satisfies ToThread);
    });

  /** A member whose methods are called in this thread here. */
  const memberFor = (trial: string): GroupMember => ({
    assigned: (partition) => ask({ method: 'assigned', trial, partition }),
    async batch(partition, records) {
      const [from, last] = [records[0]?.offset, records.at(-1)?.offset];
      if (from !== undefined && last !== undefined)
        await ask({ method: 'batch', trial, partition, from, next: last + 1 });
    },
    async revoked(partition) {
      await ask({ method: 'revoked', trial, partition });
    },
  });

  const joinThere = async (trial: string, batchRecords: number): Promise<Membership> => {
    const failed = new Promise<never>((_, reject) => members.set(trial, reject));
    failed.catch(() => undefined);
    await ask({ method: 'join', trial, batchRecords });
    return {
      failed,
      async leave() {
        await ask({ method: 'leave', trial });
      },
    };
  };

  return {
    async keep(published, anew) {
      await ask({ method: 'keep', trial: published, anew });
    },
    async join(published, { batchRecords, log }) {
      const { trial } = published.protocol;
      if (options.log.kind === 'kafka') return joinThere(trial, batchRecords);
      const { events } = topicsOf(published.protocol);
      return log.join('aggregate', events.name, memberFor(trial), { records: batchRecords });
    },
    async stop() {
      await inTime(ask({ method: 'stop' }), stoppingMs).finally(() => worker.terminate());
    },
  };
}
