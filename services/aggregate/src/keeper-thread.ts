import { Worker } from 'node:worker_threads';
import { serialiseKey, type TrialKey } from '@holdfast/access';
import type { GroupMember } from '@holdfast/log';
import type { PublishedTrial } from '@holdfast/trials';
import type { Folded } from './folded.ts';

/** What a thread that keeps shards is told at its start; all of it can be copied between threads. */
export type ThreadOptions = {
  readonly log: { readonly dir: string; readonly closedDir: string };
  readonly keyFiles: readonly string[];
  readonly shards: string;
};

/** A call of a group member's method, by message. Records do not travel: the thread reads them from the log itself. */
export type Call =
  | { readonly method: 'keep'; readonly trial: PublishedTrial; readonly anew: boolean }
  | { readonly method: 'assigned'; readonly trial: string; readonly partition: number }
  | {
      readonly method: 'batch';
      readonly trial: string;
      readonly partition: number;
      readonly from: number;
      readonly next: number;
    }
  | { readonly method: 'revoked'; readonly trial: string; readonly partition: number }
  | { readonly method: 'stop' };

export type ToThread = Call & { readonly id: number };
export type FromThread =
  | { readonly kind: 'folded'; readonly folded: Folded }
  | { readonly kind: 'answered'; readonly id: number; readonly offset: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code: string | undefined };

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
  /** A member of the trial's group, whose work is done in the thread. */
  member(trial: PublishedTrial, anew: boolean): Promise<GroupMember>;
  stop(): Promise<void>;
}

export function startKeeperThread(
  options: Omit<ThreadOptions, 'keyFiles'> & { readonly keys: ReadonlyMap<string, TrialKey> },
  onFolded: (folded: Folded) => void,
): KeeperThread {
  const { keys, log, shards } = options;
  const workerData: ThreadOptions = { log, shards, keyFiles: [...keys.values()].map(serialiseKey) };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData,
    // Batches are short-lived garbage, and most of it dies in a nursery of this size; a larger one only keeps memory.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const asked = new Map<number, { resolve(offset: number): void; reject(error: Error): void }>();
  let nextId = 0;
  let death: Error | undefined;
  const die = (error: Error) => {
    death ??= error;
    for (const { reject } of asked.values()) reject(death);
    asked.clear();
  };
  worker.on('error', (cause) => die(new ShardThreadFailed(cause.message, undefined, { cause })));
  worker.on('exit', () => die(new ShardThreadFailed('a thread that keeps shards has ended', undefined)));
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'folded') return onFolded(message.folded);
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

  return {
    async member(published, anew) {
      const { trial } = published.protocol;
      await ask({ method: 'keep', trial: published, anew });
      return {
        assigned: (partition) => ask({ method: 'assigned', trial, partition }),
        async batch(partition, records) {
          const [from, last] = [records[0]?.offset, records.at(-1)?.offset];
          if (from !== undefined && last !== undefined)
            await ask({ method: 'batch', trial, partition, from, next: last + 1 });
        },
        async revoked(partition) {
          await ask({ method: 'revoked', trial, partition });
        },
      };
    },
    async stop() {
      await ask({ method: 'stop' }).finally(() => worker.terminate());
    },
  };
}
