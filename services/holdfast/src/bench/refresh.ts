import { rm } from 'node:fs/promises';
import type { NewRecord } from '@holdfast/log';
import { type Bench, type Figure, median, scaled, type Workload } from './figures.ts';
import { fillStore, next, onStore, runningTrial } from './load-log.ts';
import { timedBatches } from './timed-batches.ts';

const eventsEach = 500;
const batchEvents = 1_000;
const warmingUp = 3;
const corrections = 30;
/** Of a hundred events one is a correction, but they come day by day: to find the next ones, so many events are passed over. */
const passedOver = (history: number) => Math.max(3_000, Math.ceil(history / 50));

/** Events alone: a day that turns is measured by itself. */
function* eventsIn(records: Iterator<NewRecord>): Generator<NewRecord> {
  for (let { done, value } = records.next(); !done; { done, value } = records.next()) if (value.key !== '') yield value;
}

const isCorrection = ({ value }: NewRecord) => Buffer.from(value).includes('org.holdfast.correction.v1');

type Times = { readonly batch: number; readonly cpu: number; readonly correction: number };

/** Median milliseconds after so many events of history: of a batch of a thousand (and of processor for it), and of a correction that comes alone. */
async function timesAfter(history: number, bench: Bench): Promise<Times> {
  const count = Math.min(40, scaled(bench, 400, 5));
  // The trial is larger than its past, so that more comes of the same kind.
  const passed = passedOver(history);
  const participants = Math.ceil((1.2 * history + batchEvents * (warmingUp + count) + passed) / eventsEach);
  const records = runningTrial({ participants, eventsEach });
  await fillStore(bench.data, next(records, history));
  const events = eventsIn(records);
  const batches = Array.from({ length: warmingUp + count }, () => [...next(events, batchEvents)]);
  const alone = [...next(events, passed)]
    .filter(isCorrection)
    .slice(0, corrections)
    .map((record) => [record]);
  const times = await onStore(bench.data, (store) => timedBatches(store, [...batches, ...alone]));
  await rm(bench.data, { recursive: true });
  const [ofBatches, ofCorrections] = [times.slice(warmingUp, batches.length), times.slice(batches.length)];
  return {
    batch: median(ofBatches.map(({ took }) => took)),
    cpu: median(ofBatches.map(({ cpu }) => cpu)),
    correction: median(ofCorrections.map(({ took }) => took)),
  };
}

/** *refresh*: a thousand events in the middle of a running trial, by how much came before them. */
export const refresh: Workload = async (bench) => {
  const workload = 'refresh';
  const figures: Figure[] = [];
  const histories = [100_000, 1_000_000, 10_000_000].map((asked) => scaled(bench, asked, 1_000));
  for (const history of histories) {
    bench.say(`refresh: after ${history} events …`);
    const { batch, cpu, correction } = await timesAfter(history, bench);
    const after = `after ${history.toLocaleString('en').replaceAll(',', ' ')} events`;
    figures.push({ workload, figure: `1 000 events, ${after}`, value: batch, unit: 'ms', asked: { atMost: 40 } });
    figures.push({ workload, figure: `processor, 1 000 events, ${after}`, value: cpu, unit: 'ms' });
    figures.push({ workload, figure: `a correction, ${after}`, value: correction, unit: 'ms' });
  }
  const batches = figures.filter(({ figure }) => figure.startsWith('1 000 events')).map(({ value }) => value);
  const value = (batches.at(-1) ?? Number.NaN) / (batches[0] ?? Number.NaN);
  return [...figures, { workload, figure: 'longest : shortest history', value, unit: 'ratio', asked: { atMost: 1.5 } }];
};
