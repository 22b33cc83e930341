import { setTimeout as pause } from 'node:timers/promises';
import { type EventLog, type NewRecord, openLog } from '@holdfast/log';
import { loadTrialOver } from '@holdfast/simulate';
import { type Figure, percentile, scaled, type Workload } from './figures.ts';
import { fillStore, next, placesOf, runningTrial, topic, turnedTo } from './load-log.ts';
import { openReader } from './reader.ts';
import { serveApart } from './serve-apart.ts';

/** Events of one append, and how many appends are under way at once where nothing holds them back. */
const eventsAtOnce = 1_000;
const appendsAtOnce = 4;
const lookMs = 5;

type Reader = Awaited<ReturnType<typeof openReader>>;

/** Resolves when the tallies include everything up to these ends. */
async function included(reader: Reader, ends: readonly number[]): Promise<void> {
  for (;;) {
    const reached = await reader.look();
    if (ends.every((end, partition) => (reached[partition] ?? 0) >= end)) return;
    await pause(lookMs);
  }
}

/** Events a second that get from here into the tallies when they are appended as fast as it goes. */
async function maximalRate(log: EventLog, reader: Reader, appends: readonly (readonly NewRecord[])[]): Promise<number> {
  const started = performance.now();
  const waiting = [...appends];
  const worker = async () => {
    for (let records = waiting.shift(); records !== undefined; records = waiting.shift())
      await log.append(topic, records);
  };
  await Promise.all(Array.from({ length: appendsAtOnce }, worker));
  await included(reader, await log.ends(topic));
  return (1000 * appends.length * eventsAtOnce) / (performance.now() - started);
}

/** Milliseconds from acknowledged to readable of each append, sent at set times whatever happens. */
async function delaysAt(
  rate: number,
  log: EventLog,
  reader: Reader,
  appends: readonly (readonly NewRecord[])[],
): Promise<number[]> {
  const everyMs = (1000 * eventsAtOnce) / rate;
  const delays: number[] = [];
  let waiting: { readonly acknowledged: number; readonly last: ReadonlyMap<number, number> }[] = [];
  let underWay = appends.length;
  let failure: unknown;
  const beginning = performance.now() + 100;
  const appendOne = async (records: readonly NewRecord[], n: number) => {
    await pause(Math.max(0, beginning + n * everyMs - performance.now()));
    await log.append(topic, records);
    const ends = await log.ends(topic); // what was appended lies before
    waiting.push({ acknowledged: performance.now(), last: new Map(ends.entries()) });
  };
  for (const [n, records] of appends.entries())
    appendOne(records, n)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        underWay -= 1;
      });
  while (underWay > 0 || waiting.length > 0) {
    if (failure !== undefined) throw failure;
    const reached = await reader.look();
    const now = performance.now();
    waiting = waiting.filter(({ acknowledged, last }) => {
      if (![...last].every(([partition, end]) => (reached[partition] ?? 0) >= end)) return true;
      delays.push(now - acknowledged);
      return false;
    });
    await pause(lookMs);
  }
  return delays;
}

/** *half-rate*: how much gets into the tallies at most, and how soon what is acknowledged can be read there at half of that. */
export const halfRate: Workload = async (bench) => {
  const workload = 'half-rate';
  const size = { participants: scaled(bench, 20_000, 100), eventsEach: 500 };
  const events = runningTrial(size);
  bench.say('half-rate: filling the log …');
  // Half of the trial is there; days turn no more, whatever comes changes the curves at once.
  const before = [...next(events, (size.participants * size.eventsEach) / 2)];
  await fillStore(bench.data, [...before, ...turnedTo(loadTrialOver)]);
  const appends = Array.from({ length: scaled(bench, 600, 6) }, () => [...next(events, eventsAtOnce)]);
  const half = Math.ceil(appends.length / 2);
  const served = await serveApart(bench.data, ['aggregate']);
  const log = await openLog(placesOf(bench.data).log);
  try {
    const reader = await openReader(log);
    bench.say('half-rate: as fast as it goes …');
    const most = await maximalRate(log, reader, appends.slice(0, half));
    bench.say('half-rate: half as fast …');
    const delays = await delaysAt(most / 2, log, reader, appends.slice(half));
    const figure = (name: string, value: number, unit: string, asked?: Figure['asked']): Figure => ({
      workload,
      figure: name,
      value,
      unit,
      ...(asked === undefined ? {} : { asked }),
    });
    return [
      figure('maximal rate', most, 'events/s'),
      figure('acknowledged to readable at half of it, p50', percentile(delays, 50), 'ms'),
      figure('acknowledged to readable at half of it, p99', percentile(delays, 99), 'ms', { atMost: 500 }),
    ];
  } finally {
    await log.close();
    await served.stop();
  }
};
