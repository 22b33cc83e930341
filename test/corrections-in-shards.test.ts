import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from '@holdfast/access';
import type { History } from '@holdfast/outcomes';
import { type Arrivals, openShard, type Shard } from '@holdfast/shards';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arbCorrected, arrivedBy, type Replay } from './reference/arbitrary-replays.ts';

let folder: string;
let shards = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-corrections-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function withShard<T>({ protocol }: Replay, use: (shard: Shard) => Promise<T>): Promise<T> {
  shards += 1;
  const file = join(folder, `${shards}.duckdb`);
  const shard = await openShard({ file, owner: `o${shards}`, logId: 'log', logEnd: 0, protocol, vault: openVault });
  try {
    return await use(shard);
  } finally {
    await shard.close();
  }
}

/** What a history holds beyond another one, as it arrives. */
function arrivals(before: History | undefined, { participant, open, sealed }: History): Map<string, Arrivals> {
  const news = {
    open: open.filter((one) => before?.open.includes(one) !== true),
    sealed: sealed.filter((one) => before?.sealed.includes(one) !== true),
  };
  return news.open.length + news.sealed.length === 0 ? new Map() : new Map([[participant, news]]);
}

test('a shard that takes corrections as they come holds what one holds that is given all at once', async () => {
  await fc.assert(
    fc.asyncProperty(arbCorrected(), async (replay) => {
      const { firstClock, lastClock } = replay;
      const dayByDay = await withShard(replay, async (shard) => {
        let before: History | undefined;
        for (let clock = firstClock; clock <= lastClock; clock += 1) {
          const now = arrivedBy(replay, clock);
          await shard.apply({ nextOffset: clock, chain: '', lastRecord: '', arrivals: arrivals(before, now), clock });
          before = now;
        }
        return shard.tallies();
      });
      const atOnce = await withShard(replay, async (shard) => {
        const all = arrivals(undefined, arrivedBy(replay, lastClock));
        await shard.apply({ nextOffset: lastClock, chain: '', lastRecord: '', arrivals: all, clock: lastClock });
        return shard.tallies();
      });
      expect(dayByDay).toEqual(atOnce);
    }),
    { numRuns: 50 },
  );
}, 300_000);
