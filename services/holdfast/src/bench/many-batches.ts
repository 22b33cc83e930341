import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewRecord } from '@holdfast/log';
import { refillShards } from '../intake.ts';
import { chooseTrial, type Store } from '../store.ts';
import { median, scaled, type Workload } from './figures.ts';
import { fillStore, next, onStore, protocol, runningTrial } from './load-log.ts';
import { timedBatches } from './timed-batches.ts';

const batchEvents = 10;
const warmingUp = 10;
const timed = 50;

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** *many-batches*: what many small batches leave behind, against shards that were refilled from the same log at a stretch. */
export const manyBatches: Workload = async (bench) => {
  const workload = 'many-batches';
  const count = scaled(bench, 10_000, 20);
  const participants = Math.max(50, Math.ceil((1.5 * batchEvents * count) / 100));
  const records = runningTrial({ participants, eventsEach: 300 });
  const batches = (wanted: number): NewRecord[][] =>
    Array.from({ length: wanted }, () => [...next(records, batchEvents)]);
  await fillStore(bench.data, next(records, 50 * participants));

  const latencyAndSize = async (store: Store) => {
    const times = await timedBatches(store, batches(warmingUp + timed));
    return {
      latency: median(times.slice(warmingUp).map(({ took }) => took)),
      size: await bytesIn(store.folders.shards),
    };
  };
  const [grown, fresh] = await onStore(bench.data, async (store) => {
    bench.say(`many-batches: ${count} batches of ${batchEvents} events …`);
    await timedBatches(store, batches(count));
    const before = await latencyAndSize(store);
    await refillShards(store, chooseTrial(store, protocol.trial));
    return [before, await latencyAndSize(store)];
  });
  const asked = { atMost: 1.5 };
  return [
    { workload, figure: 'batches', value: count, unit: 'batches' },
    { workload, figure: 'latency after them, median', value: grown.latency, unit: 'ms' },
    { workload, figure: 'latency : after a replay', value: grown.latency / fresh.latency, unit: 'ratio', asked },
    { workload, figure: 'size of the shards', value: grown.size / 2 ** 20, unit: 'MiB' },
    { workload, figure: 'size : after a replay', value: grown.size / fresh.size, unit: 'ratio', asked },
  ];
};
