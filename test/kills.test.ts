import fc from 'fast-check';
import { expect, test } from 'vitest';
import { all } from './faults/all.ts';
import { pause, serve } from './faults/served-trial.ts';
import { type Fault, survive } from './faults/survived.ts';

const seed = 20_260_302;
const runs = all ? 50 : 6;

/** Instants at which to kill: mostly while events come in, now and then while it is still starting. */
const instants = fc.sample(
  fc.record({
    from: fc.oneof({ weight: 4, arbitrary: fc.constant('listening') }, { weight: 1, arbitrary: fc.constant('start') }),
    ms: fc.integer({ min: 0, max: 700 }),
  }),
  { seed, numRuns: runs },
);

const killedAt =
  ({ from, ms }: (typeof instants)[number]): Fault =>
  (data) => {
    const serving = serve(data);
    const kill = async () => {
      while (from === 'listening' && serving.url() === undefined) await pause(5);
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
