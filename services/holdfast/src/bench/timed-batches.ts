import type { NewRecord } from '@holdfast/log';
import { aggregateFor } from '../folding.ts';
import { chooseTrial, type Store } from '../store.ts';
import { protocol, topic } from './load-log.ts';

/** Takes in batches one after the other on a running aggregate; answers milliseconds from before the append until committed and published. */
export async function timedBatches(store: Store, batches: Iterable<readonly NewRecord[]>): Promise<number[]> {
  const { log } = store;
  const { trial } = protocol;
  const aggregate = aggregateFor(store);
  try {
    await aggregate.keep(chooseTrial(store, trial));
    await aggregate.caughtUp(trial, await log.ends(topic));
    const times: number[] = [];
    for (const batch of batches) {
      const before = performance.now();
      await log.append(topic, batch);
      await aggregate.caughtUp(trial, await log.ends(topic));
      times.push(performance.now() - before);
    }
    return times;
  } finally {
    await aggregate.stop();
  }
}
