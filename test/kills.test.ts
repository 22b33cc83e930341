import fc from 'fast-check';
import { expect, test } from 'vitest';
import { all } from './faults/all.ts';
import { pause, type Serving, serve } from './faults/served-trial.ts';
import { type Fault, survive } from './faults/survived.ts';

const seed = 20_260_302;
const runs = all ? 50 : 6;

/** What `serve` has come to before the time until it is killed is counted; mostly it folds what comes in. */
const begun: Readonly<Record<string, (serving: Serving) => boolean>> = {
  started: () => true,
  listening: (serving) => serving.url() !== undefined,
  folding: (serving) => serving.logged().includes('batch folded'),
};
const instants = fc.sample(
  fc.record({
    from: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom('started', 'listening') },
      { weight: 4, arbitrary: fc.constant('folding') },
    ),
    ms: fc.integer({ min: 0, max: 700 }),
  }),
  { seed, numRuns: runs },
);

const killedAt =
  ({ from, ms }: (typeof instants)[number]): Fault =>
  (data) => {
    const serving = serve(data);
    const kill = async () => {
      while (!begun[from]?.(serving)) await pause(5);
      await pause(ms);
      serving.kill('SIGKILL');
      expect(await serving.ended, serving.logged()).toBe('SIGKILL');
    };
    return { serving, ended: kill() };
  };

test(
  'kill -9 at random instants under load: nothing acknowledged is lost, nothing counts twice',
  async () => {
    await survive({ faults: instants.map(killedAt) });
    console.log(`kill -9 at random instants: ${runs} runs, all survived (seed ${seed})`);
  },
  all ? undefined : 600_000,
);
