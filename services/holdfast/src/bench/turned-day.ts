import { loadByDay } from '@holdfast/simulate';
import { median, scaled, type Workload } from './figures.ts';
import { fillStore, onStore, recordOf, turnedTo } from './load-log.ts';
import { timedBatches } from './timed-batches.ts';

const turns = 11;
/** Days into the trial: all participants are randomised, and none is through. */
const daysBefore = 120;

/** *turned-day*: everybody's facts move on by a day. */
export const turnedDay: Workload = async (bench) => {
  const participants = scaled(bench, 10_000, 10);
  bench.say(`turned-day: ${participants} participants …`);
  const days = [...loadByDay({ participants, eventsEach: 100 })].slice(0, daysBefore);
  await fillStore(
    bench.data,
    (function* () {
      for (const { day, events } of days) {
        yield* turnedTo(day);
        yield* events.map(recordOf);
      }
    })(),
  );
  const last = days.at(-1)?.day ?? 0;
  const batches = Array.from({ length: turns }, (_, turn) => turnedTo(last + 1 + turn));
  const [first, ...times] = await onStore(bench.data, (store) => timedBatches(store, batches));
  const figure = `a turned day of ${participants} participants`;
  return [
    {
      workload: 'turned-day',
      figure: `${figure}, the first after the start`,
      value: first?.took ?? Number.NaN,
      unit: 'ms',
    },
    { workload: 'turned-day', figure: `${figure}, median`, value: median(times.map(({ took }) => took)), unit: 'ms' },
    { workload: 'turned-day', figure: 'processor, median', value: median(times.map(({ cpu }) => cpu)), unit: 'ms' },
  ];
};
