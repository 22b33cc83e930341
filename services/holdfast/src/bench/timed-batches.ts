import type { NewRecord } from '@holdfast/log';
import { aggregateFor } from '../folding.ts';
import { chooseTrial, type Store } from '../store.ts';
import { protocol, topic } from './load-log.ts';

/** Milliseconds that a batch took from before its append until it was committed and published, and those of processor meanwhile, all threads together. */
export type TimedBatch = { readonly took: number; readonly cpu: number };

/** Takes in batches one after the other on a running aggregate. */
export async function timedBatches(store: Store, batches: Iterable<readonly NewRecord[]>): Promise<TimedBatch[]> {
  const { log } = store;
  const { trial } = protocol;
  const aggregate = aggregateFor(store);
  try {
    await aggregate.keep(chooseTrial(store, trial));
    await aggregate.caughtUp(trial, await log.ends(topic));
    const times: TimedBatch[] = [];
    for (const batch of batches) {
      const [before, cpu] = [performance.now(), process.cpuUsage()];
      await log.append(topic, batch);
      await aggregate.caughtUp(trial, await log.ends(topic));
      const { user, system } = process.cpuUsage(cpu);
      times.push({ took: performance.now() - before, cpu: (user + system) / 1000 });
    }
    return times;
  } finally {
    await aggregate.stop();
  }
}
