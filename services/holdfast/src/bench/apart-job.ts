import { recordsBetween } from '@holdfast/log';
import { refillShards } from '../intake.ts';
import { chooseTrial, type Store } from '../store.ts';
import { onStore, protocol, topic } from './load-log.ts';

/** What is run in a process of its own: see `apart.ts`. */
export type Job = keyof typeof jobs;
/** `cpuSeconds` are those of all threads. */
export type JobDone = { readonly seconds: number; readonly cpuSeconds: number };

/** The yardstick: whoever reads the log and does no more with a record than parse its JSON. */
async function parse({ log, places }: Store): Promise<void> {
  if (places.log.kind === 'kafka') {
    const { parseOnly } = await import('@holdfast/log/kafka');
    await parseOnly(places.log.brokers, topic, await log.ends(topic));
    return;
  }
  // As the fold does in `recordDecoder`.
  const decoder = new TextDecoder();
  let parsed = 0;
  for (let partition = 0; partition < protocol.partitions; partition += 1) {
    for await (const records of recordsBetween(log, topic, partition)) {
      for (const { value } of records) parsed += JSON.parse(decoder.decode(value)).data === undefined ? 0 : 1;
    }
  }
  if (parsed === 0) throw new Error('the log is empty');
}

/** From the log to committed and published tallies, with shards begun anew. */
async function fold(store: Store): Promise<void> {
  await refillShards(store, chooseTrial(store, protocol.trial));
}

const jobs = { parse, fold };

const [job, data] = process.argv.slice(2) as [Job, string];
const done = await onStore(data, async (store): Promise<JobDone> => {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await jobs[job](store);
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
});
process.send?.(done);
