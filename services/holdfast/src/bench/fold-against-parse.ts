import type { NewRecord } from '@holdfast/log';
import { apart } from './apart.ts';
import { type Bench, type Figure, median, roundsOf } from './figures.ts';
import { fillStore } from './load-log.ts';

/** From the log to committed and published tallies, against a reader that only parses the same log; they take turns. */
export async function foldAgainstParse(
  workload: string,
  bench: Bench,
  records: Iterable<NewRecord>,
): Promise<readonly Figure[]> {
  const { data, say } = bench;
  const rounds = roundsOf(bench);
  say(`${workload}: filling the log …`);
  const events = await fillStore(data, records);
  const runs: { parse: Awaited<ReturnType<typeof apart>>; fold: Awaited<ReturnType<typeof apart>> }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`${workload}: ${events} events, round ${round} of ${rounds} …`);
    runs.push({ parse: await apart('parse', data), fold: await apart('fold', data) });
  }
  const figure = (name: string, unit: string, of: (run: (typeof runs)[number]) => number, asked?: Figure['asked']) => ({
    workload,
    figure: name,
    value: median(runs.map(of)),
    unit,
    ...(asked === undefined ? {} : { asked }),
  });
  return [
    { workload, figure: 'events', value: events, unit: 'events' },
    figure('parsed', 'events/s', ({ parse }) => events / parse.seconds),
    figure('folded', 'events/s', ({ fold }) => events / fold.seconds),
    figure('folded : parsed', 'ratio', ({ parse, fold }) => parse.seconds / fold.seconds, { atLeast: 0.35 }),
    figure('processor, parsed', 'µs/event', ({ parse }) => (1e6 * parse.cpuSeconds) / events),
    figure('processor, folded', 'µs/event', ({ fold }) => (1e6 * fold.cpuSeconds) / events),
    figure('peak of anonymous memory', 'MiB', ({ fold }) => fold.peakMemory / 2 ** 20, { atMost: 2048 }),
  ];
}
