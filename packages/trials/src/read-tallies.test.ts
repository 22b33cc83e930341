import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { type CellTally, type Claim, cellsOf, type Difference, encodeTallyRecord, inParts } from '@holdfast/tallies';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTallies } from './read-tallies.ts';
import { publishProtocol } from './registry.ts';
import { topicsOf } from './topics.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'KARE-2',
  version: 1,
  title: 'A trial',
  blinding: 'double',
  clock: 'live',
  partitions: 2,
  plannedFollowUp: 90,
  arms: [{ id: 'ketamine' }, { id: 'saline' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }],
  measures: [
    { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'any-positive', windows: [28], horizon: 84 },
  ],
});
const topics = topicsOf(protocol);

let root: string;
let log: EventLog;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-tallies-'));
  log = await embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
  await publishProtocol(log, protocol);
});
afterEach(async () => {
  await log.close();
  await rm(root, { recursive: true });
});

const cell = (arm: string, ...days: number[]): CellTally => ({
  measure: 'first',
  kind: 'events',
  window: 28,
  policy: '',
  item: '',
  of: 0,
  axis: 'study',
  arm,
  site: 'GB-01',
  group: '',
  days,
});

const word = (
  kind: 'claim' | 'difference',
  owner: string,
  sequence: number,
  cells: CellTally[],
  more: object = {},
): Claim | Difference => ({
  kind,
  owner,
  sequence,
  offset: sequence * 10,
  asOf: '2026-03-02',
  protocolVersion: 1,
  foldVersion: 1,
  cells,
  ...more,
});

type Side = 'open' | 'closed';

/** Says words of a shard, as its owner publishes them. */
async function say(partition: number, words: readonly (Claim | Difference)[], side: Side = 'open'): Promise<void> {
  const records = words
    .flatMap(inParts)
    .map((part) => ({ key: `${partition}`, value: encodeTallyRecord(part), partition }));
  await log.append((side === 'open' ? topics.openTallies : topics.closedTallies).name, records);
}

async function read(side: Side = 'open') {
  const { tallies, positions, chains, stale } = await readTallies(log, protocol, side);
  return {
    cells: cellsOf(tallies).map(({ arm, days }) => [arm, ...days]),
    offsets: positions.map((at) => at?.offset),
    chains,
    stale,
  };
}

/** One event more on day 1, and so on: the differences of a long run. */
const differences = (owner: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => word('difference', owner, from + n, [cell('', 1, 1)]));

describe('the tallies of a trial', () => {
  test('are empty, with no position, before any shard is claimed', async () => {
    expect(await read()).toEqual({
      cells: [],
      offsets: [undefined, undefined],
      chains: [undefined, undefined],
      stale: [],
    });
  });

  test('are those of all shards together; where nobody has claimed yet there is no position', async () => {
    await say(0, [word('claim', 'A', 3, [cell('', 1, 2, 5, 1)])]);
    expect(await read()).toMatchObject({ cells: [['', 1, 2, 5, 1]], offsets: [30, undefined] });
    await say(1, [word('claim', 'B', 7, [cell('', 1, 1, 4, 4)])]);
    expect(await read()).toMatchObject({ cells: [['', 1, 3, 4, 4, 5, 1]], offsets: [30, 70], stale: [] });
  });

  test('are the last claim of a shard and the differences since', async () => {
    await say(0, [
      word('claim', 'A', 3, [cell('', 1, 99)]),
      ...differences('A', 4, 9),
      word('claim', 'B', 9, [cell('', 1, 5)]),
      ...differences('B', 10, 12),
    ]);
    expect(await read()).toMatchObject({ cells: [['', 1, 8]], offsets: [120, undefined], stale: [] });
  });

  test.each([0, 1, 62, 63, 64, 65, 511, 512, 1_999, 5_000])(
    'find the last claim %i differences back',
    async (count) => {
      await say(0, [word('claim', 'A', 0, [cell('', 1, 1_000)]), word('claim', 'B', 0, [cell('', 1, 100)])]);
      await say(0, differences('B', 1, count));
      expect(await read()).toMatchObject({
        cells: [['', 1, 100 + count]],
        offsets: [count * 10, undefined],
        stale: [],
      });
    },
  );

  test('find a claim of many parts, far back and over the edge of a look', async () => {
    const large = Array.from({ length: 3_000 }, (_, n) => cell(`arm-${n}`, 1, 1, 2, 2));
    const claim = word('claim', 'A', 0, large);
    const parts = inParts(claim).length;
    expect(parts).toBeGreaterThan(3);
    await say(0, [word('claim', 'Z', 0, [cell('gone', 1, 1)]), claim, ...differences('A', 1, 64 - parts + 1)]);
    const { tallies, stale } = await readTallies(log, protocol, 'open');
    expect([tallies.size, stale]).toEqual([large.length + 1, []]);
  });

  test('of a claim that is not complete are those before it', async () => {
    const parts = inParts(
      word(
        'claim',
        'B',
        5,
        Array.from({ length: 3_000 }, (_, n) => cell(`arm-${n}`, 1, 1)),
      ),
    );
    await say(0, [word('claim', 'A', 5, [cell('', 1, 7)])]);
    await log.append(
      topics.openTallies.name,
      parts.slice(0, -1).map((part) => ({ key: '0', value: encodeTallyRecord(part), partition: 0 })),
    );
    await say(0, [word('difference', 'A', 6, [cell('', 1, 1)])]);
    expect(await read()).toMatchObject({ cells: [['', 1, 8]], offsets: [60, undefined] });
  });

  test('are not moved by the late words of a former owner, or by repeats', async () => {
    const [four, five] = differences('B', 4, 5);
    if (four === undefined || five === undefined) throw new Error('no differences');
    await say(0, [
      word('claim', 'A', 3, []),
      word('claim', 'B', 3, [cell('', 1, 1)]),
      ...differences('A', 4, 6),
      four,
      four,
      five,
      four,
    ]);
    expect(await read()).toMatchObject({ cells: [['', 1, 3]], offsets: [50, undefined], stale: [] });
  });

  test('say which shards are stale: a difference is missing, and the numbers stay where they were', async () => {
    await say(0, [word('claim', 'A', 3, [cell('', 1, 1)]), ...differences('A', 4, 4)]);
    await say(1, [word('claim', 'B', 3, [cell('', 1, 1)]), ...differences('B', 5, 80)]);
    expect(await read()).toMatchObject({ cells: [['', 1, 3]], offsets: [40, 30], stale: [1] });
    await say(1, [word('claim', 'B', 80, [cell('', 1, 78)])]);
    expect(await read()).toMatchObject({ cells: [['', 1, 80]], offsets: [40, 800], stale: [] });
  });

  test('by arm stand on the closed side, with the heads of the hash chains; the open side knows neither', async () => {
    await say(0, [word('claim', 'A', 3, [cell('', 1, 2)])]);
    await say(
      0,
      [
        word('claim', 'A', 3, [cell('token-a', 1, 1), cell('token-b', 1, 1)], { chain: 'c3' }),
        word('difference', 'A', 4, [], { chain: 'c4' }),
      ],
      'closed',
    );
    expect(await read('closed')).toEqual({
      cells: [
        ['token-a', 1, 1],
        ['token-b', 1, 1],
      ],
      offsets: [40, undefined],
      chains: ['c4', undefined],
      stale: [],
    });
    expect(await read('open')).toEqual({
      cells: [['', 1, 2]],
      offsets: [30, undefined],
      chains: [undefined, undefined],
      stale: [],
    });
  });
});

describe('of two generations', () => {
  const second = { protocolVersion: 2 };
  const newer = (kind: 'claim' | 'difference', sequence: number, ...days: number[]) =>
    word(kind, 'N', sequence, [cell('', ...days)], second);
  const versions = async () =>
    (await readTallies(log, protocol, 'open')).positions.map((position) => position?.protocolVersion);

  test.each([1, 63, 64, 600, 5_000])(
    'the old one is found behind %i differences of the new one, until every shard has claimed the new one',
    async (count) => {
      await say(0, [word('claim', 'A', 3, [cell('', 1, 2)])]);
      await say(1, [word('claim', 'B', 7, [cell('', 1, 4)])]);
      await say(0, [
        newer('claim', 1, 2, 1),
        ...Array.from({ length: count }, (_, n) => newer('difference', 2 + n, 2, 1)),
      ]);
      expect(await read()).toMatchObject({ cells: [['', 1, 6]], offsets: [30, 70], stale: [] });
      expect(await versions()).toEqual([1, 1]);
      await say(1, [newer('claim', 5, 2, 10)]);
      expect(await read()).toMatchObject({ cells: [['', 2, 11 + count]], offsets: [10 * (count + 1), 50] });
      expect(await versions()).toEqual([2, 2]);
      await say(1, [word('claim', 'B', 9, [cell('', 1, 4)])]);
      expect(await versions()).toEqual([2, 2]);
    },
  );

  test('each side of the blind stands on its own newest one', async () => {
    for (const partition of [0, 1]) {
      for (const side of ['open', 'closed'] as const) await say(partition, [word('claim', 'A', 3, [])], side);
      await say(partition, [newer('claim', 1, 1, 1)], 'open');
    }
    expect(await versions()).toEqual([2, 2]);
    expect((await readTallies(log, protocol, 'closed')).positions[0]?.protocolVersion).toBe(1);
  });
});
