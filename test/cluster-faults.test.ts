import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all } from './faults/all.ts';
import { type Cluster, faultyCluster } from './faults/cluster/cluster.ts';
import { type Kind, kinds } from './faults/cluster/kinds.ts';
import { type Played, type Strike, withStage } from './faults/cluster/stage.ts';

const startCluster = faultyCluster();

/** In `npm test` the cheapest and most telling kinds, once each, on one broker; else all. `FAULT_KINDS=poison,kill -9` chooses. */
const usual: readonly Kind[] = ['kill -9', 'poison'];
const wanted = process.env.FAULT_KINDS?.split(',') as Kind[] | undefined;
const tried = wanted ?? (all ? (Object.keys(kinds) as Kind[]) : usual);
const runs = Number(process.env.FAULT_RUNS ?? (all ? 10 : 1));
/** `FAULT_SEED=n FAULT_RUNS=1 FAULT_KINDS=…` repeats a run by the seed that it printed. */
const firstSeed = Number(process.env.FAULT_SEED ?? (all ? Date.now() % 1_000_000_000 : 20_261_129));
const brokers = all || wanted !== undefined ? 3 : 1;

type Outcome = { readonly kind: Kind; readonly seed: number; readonly failed?: string };
const outcomes: Outcome[] = [];

describe.skipIf(startCluster === undefined)('a trial on a cluster that fails', () => {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster?.(brokers);
  }, 300_000);
  afterAll(async () => {
    await cluster?.stop();
    const lines = tried.map((kind) => {
      const ofKind = outcomes.filter((outcome) => outcome.kind === kind);
      return `${kind}: runs tried ${ofKind.length}, survived ${ofKind.filter(({ failed }) => failed === undefined).length}`;
    });
    const survived = outcomes.filter(({ failed }) => failed === undefined).length;
    console.log(`${lines.join('\n')}\nin all: runs tried ${outcomes.length}, survived ${survived}`);
  }, 120_000);

  test.for(tried)(
    '%s: nothing acknowledged is lost, nothing counts twice, and all of it comes back',
    { timeout: 3_600_000 },
    async (kind, { skip }) => {
      const { strike, ...needs }: { strike: Strike; onSmallDisk?: boolean; isPossible?: boolean } = kinds[kind];
      if (needs.isPossible === false) skip('what it needs cannot be had on this machine');
      if (cluster === undefined) return;
      const seeds = Array.from({ length: runs }, (_, n) => firstSeed + n * 7_919);
      // A trial in which a run failed proves nothing any more: the next run has another one.
      for (let trials = 1; seeds.length > 0; trials += 1) {
        const trial = `${kind.replace(/[^a-z0-9]+/g, '-')}-${firstSeed}-${trials}`.toUpperCase();
        await withStage({ cluster, trial, onSmallDisk: needs.onSmallDisk ?? false }, async (play) => {
          for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
            const outcome = await play(strike, seed).catch((error: Error) => error.message);
            report(kind, seed, outcome);
            if (typeof outcome === 'string') return;
          }
        }).catch((error: Error) => report(kind, seeds.shift() ?? 0, `the trial could not be served: ${error.message}`));
      }
      expect(outcomes.filter((outcome) => outcome.kind === kind && outcome.failed !== undefined)).toEqual([]);
    },
  );
});

function report(kind: Kind, seed: number, outcome: Played | string): void {
  if (typeof outcome === 'string') {
    outcomes.push({ kind, seed, failed: outcome.split('\n')[0] ?? '' });
    console.log(`${kind}, seed ${seed}: NOT SURVIVED: ${outcome}`);
    return;
  }
  outcomes.push({ kind, seed });
  console.log(
    `${kind}, seed ${seed}: survived (${outcome.events} events, ${outcome.records} records, ${outcome.seconds} s)`,
  );
}
