import { expect, test } from 'vitest';
import { pause, serve } from './faults/served-trial.ts';
import { type Fault, survive } from './faults/survived.ts';

/** How often something was logged. */
const times = (logged: string, what: string) => logged.split(what).length - 1;

const failing: Fault = (data) => {
  const serving = serve(data, { inject: 'crash-points.mjs', variables: { SYNC_FAILS: '5' } });
  const work = async () => {
    // Of requests as well as of tallies that are to be published.
    while (times(serving.logged(), '"status":503') < 10 || times(serving.logged(), 'the shards failed') < 2)
      await pause(20);
    expect((await fetch(`${serving.url()}/healthz`)).status).toBe(200);
    serving.kill('SIGKILL');
    await serving.ended;
  };
  return { serving, ended: work() };
};

test('a sync that fails lets no acknowledgement pass: what was refused is sent again, and counts once', async () => {
  await survive({ faults: [failing] });
}, 300_000);
