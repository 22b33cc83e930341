import { Worker } from 'node:worker_threads';
import { serialiseKey, type TrialKey } from '@holdfast/access';
import type { PublishedTrial } from '@holdfast/trials';
import type { Aggregate } from './aggregate.ts';

/** What an aggregate in a thread of its own is told at its start; all of it can be copied between threads. */
export type ThreadOptions = {
  readonly log: { readonly dir: string; readonly closedDir: string };
  readonly keyFiles: readonly string[];
  readonly shards: string;
  readonly batchRecords: number;
};

export type ToThread =
  | { readonly kind: 'keep'; readonly id: number; readonly trial: PublishedTrial; readonly anew: boolean }
  | { readonly kind: 'caught-up'; readonly id: number; readonly trial: string; readonly ends: readonly number[] }
  | { readonly kind: 'stop' };
export type FromThread =
  | { readonly kind: 'started' }
  | { readonly kind: 'position'; readonly trial: string; readonly partition: number; readonly offset: number }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined };

/** The aggregate failed in its thread; the code is that of the error there. */
export class AggregateFailed extends Error {
  override readonly name = 'AggregateFailed';
  readonly code: string;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code ?? 'HF_AGGREGATE_FAILED';
  }
}

/** Runs the aggregate service on the second core while the caller goes on appending. */
export async function startAggregateThread(
  options: Omit<ThreadOptions, 'keyFiles'> & { readonly keys: ReadonlyMap<string, TrialKey> },
  onPosition: (trial: string, partition: number, offset: number) => void = () => undefined,
): Promise<Aggregate> {
  const { keys, ...rest } = options;
  const workerData: ThreadOptions = { ...rest, keyFiles: [...keys.values()].map(serialiseKey) };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData,
    // Batches are short-lived garbage: with a larger nursery most of it dies there instead of being copied.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  const asked = new Map<number, () => void>();
  let nextId = 0;
  let started: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    worker.on('error', reject);
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'started':
          return started();
        case 'position':
          return onPosition(message.trial, message.partition, message.offset);
        case 'done':
          asked.get(message.id)?.();
          asked.delete(message.id);
          return;
        case 'failed':
          return reject(new AggregateFailed(message.message, message.code));
      }
    });
  });
  failed.catch(() => undefined);
  const tell = (message: ToThread) => worker.postMessage(message);
  const ask = async (question: (id: number) => ToThread): Promise<void> => {
    const id = nextId;
    nextId += 1;
    const answered = new Promise<void>((resolve) => asked.set(id, resolve));
    tell(question(id));
    await Promise.race([answered, failed]);
  };
  await Promise.race([running, failed]);

  return {
    keep: (trial, { anew = false } = {}) => ask((id) => ({ kind: 'keep', id, trial, anew })),
    caughtUp: (trial, ends) => ask((id) => ({ kind: 'caught-up', id, trial, ends })),
    async stop() {
      tell({ kind: 'stop' });
      await ended;
    },
  };
}
