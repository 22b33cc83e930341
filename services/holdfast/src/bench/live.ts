import { scaled, type Workload } from './figures.ts';
import { foldAgainstParse } from './fold-against-parse.ts';
import { runningTrial } from './load-log.ts';
import { serveApart } from './serve-apart.ts';

/** *live*: in day order, with late data and corrections in it, and every day turned. Then the services start on what that made. */
export const live: Workload = async (bench) => {
  const workload = 'live';
  const size = { participants: scaled(bench, 20_000, 10), eventsEach: 500 };
  const folding = await foldAgainstParse(workload, bench, runningTrial(size));
  bench.say('live: starting the services on it …');
  const served = await serveApart(bench.data);
  const memory = (await served.memory()) / 2 ** 20;
  await served.stop();
  return [
    ...folding,
    { workload, figure: 'start-up', value: served.readyAfter, unit: 's', asked: { atMost: 10 } },
    { workload, figure: 'anonymous memory when ready', value: memory, unit: 'MiB', asked: { atMost: 2048 } },
  ];
};
