import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Figure, median, roundsOf, scaled, type Workload } from './figures.ts';
import { fillStore, protocol, runningTrial } from './load-log.ts';
import { type ServedApart, serveApart } from './serve-apart.ts';

const lookMs = 200;

/** By partition, how many records the workers have still to fold: those whose shards they have. */
async function lags(workers: readonly ServedApart[]): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  for (const { url } of workers) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const [, partition, lag] of text.matchAll(/^holdfast_shard_lag_records\{.*partition="(\d+)"\} (\d+)$/gm))
      found.set(Number(partition), Number(lag));
  }
  return found;
}

type Run = { readonly seconds: number; readonly cpuSeconds: number };

/**
 * So many workers fold the log from its beginning, each in a folder of its own and with no snapshot to go on from, and each on a core of its
 * own, as on a machine of its own: two that share all cores would be measured at how they get in each other's way.
 */
async function foldBy(count: number, round: string, data: string, s3: string): Promise<Run> {
  const started = performance.now();
  const names = Array.from({ length: count }, (_, n) => `${round}-${count}-${n}`);
  const variables = { HOLDFAST_S3: `${s3}/${round}-${count}` };
  const workers = await Promise.all(
    names.map((name, core) => serveApart(join(data, name), ['aggregate'], variables, core)),
  );
  try {
    for (;;) {
      const left = await lags(workers);
      if (left.size === protocol.partitions && [...left.values()].every((lag) => lag === 0)) break;
      await pause(lookMs);
    }
    const used = await Promise.all(workers.map((worker) => worker.cpuSeconds()));
    return { seconds: (performance.now() - started) / 1000, cpuSeconds: used.reduce((sum, one) => sum + one, 0) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

/** *workers*: what the same log costs one worker with a core, and two with one each that share its partitions; start-up is in it. */
export const workers =
  (s3: string): Workload =>
  async (bench) => {
    const workload = 'workers';
    bench.say('workers: filling the log …');
    const events = await fillStore(
      bench.data,
      runningTrial({ participants: scaled(bench, 20_000, 10), eventsEach: 500 }),
    );
    const runs: { readonly one: Run; readonly two: Run }[] = [];
    for (let round = 1; round <= Math.min(2, roundsOf(bench)); round += 1) {
      bench.say(`workers: ${events} events, round ${round} …`);
      const one = await foldBy(1, `${round}`, bench.data, s3);
      runs.push({ one, two: await foldBy(2, `${round}`, bench.data, s3) });
    }
    const figure = (
      name: string,
      unit: string,
      of: (run: (typeof runs)[number]) => number,
      asked?: Figure['asked'],
    ) => ({
      workload,
      figure: name,
      value: median(runs.map(of)),
      unit,
      ...(asked === undefined ? {} : { asked }),
    });
    const perMillion = ({ cpuSeconds }: Run) => (1e6 * cpuSeconds) / events;
    return [
      { workload, figure: 'events', value: events, unit: 'events' },
      figure('processor, one worker', 's/million', ({ one }) => perMillion(one)),
      figure('processor, two workers', 's/million', ({ two }) => perMillion(two)),
      figure('two : one', 'ratio', ({ one, two }) => two.cpuSeconds / one.cpuSeconds, { atMost: 1.15 }),
      figure('seconds, one worker', 's', ({ one }) => one.seconds),
      figure('seconds, two workers', 's', ({ two }) => two.seconds),
    ];
  };
