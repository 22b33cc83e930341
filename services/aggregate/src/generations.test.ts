import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalEvent, dateOf, Protocol } from '@holdfast/events';
import { type EventLog, partitionOf } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { foldVersion } from '@holdfast/outcomes';
import { shardFile } from '@holdfast/shards';
import { cellsOf } from '@holdfast/tallies';
import { type PublishedTrial, publishProtocol, readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAggregate } from './aggregate.ts';
import { keeperOf } from './shard-keeper.ts';

const protocol = (version: number, changes: object = {}): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'KARE-2',
    version,
    title: 'A trial',
    blinding: 'open',
    clock: 'imported',
    partitions: 3,
    plannedFollowUp: 28,
    arms: [{ id: 'ketamine' }, { id: 'saline' }],
    sites: ['GB-01'],
    substances: [{ id: 'alcohol' }],
    visits: [{ id: 'W1', day: 7, closes: 1, collects: ['urine'] }],
    measures: [
      {
        id: 'first',
        kind: 'first-use',
        substances: ['alcohol'],
        evidence: 'urine-only',
        windows: [7],
        horizon: 14 + 7 * version,
      },
    ],
    ...changes,
  });
const topics = topicsOf(protocol(1));
const participants = Array.from({ length: 9 }, (_, i) => `P-${i}`);

let root: string;
let log: EventLog;
const shards = () => join(root, 'shards');
const files = async () => (await readdir(join(shards(), 'KARE-2'))).sort();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-generations-'));
  log = await embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
  await publishProtocol(log, protocol(1), new Date('2026-01-01T00:00:00Z'));
  await append(participants.flatMap((p) => eventsOf(p)));
});
afterEach(async () => {
  await log.close();
  await rm(root, { recursive: true });
});

const event = (id: string, subject: string | undefined, type: string, date: string, data: object) => ({
  specversion: '1.0',
  id,
  source: '/trials/KARE-2/sites/GB-01',
  ...(subject === undefined ? {} : { subject }),
  type: `org.holdfast.${type}.v1`,
  time: `${date}T09:00:00+00:00`,
  recordedtime: `${date}T12:00:00+00:00`,
  data,
});
const eventsOf = (p: string) => [
  event(`${p}-e`, p, 'participant-enrolled', '2026-01-30', {
    site: 'GB-01',
    consentDate: '2026-01-30',
    substances: ['alcohol'],
  }),
  event(`${p}-r`, p, 'participant-randomised', '2026-02-01', { date: '2026-02-01' }),
  event(`${p}-u`, p, 'urine-screen', '2026-02-08', { visit: 'W1', results: { alcohol: 'positive' } }),
];

/** When the door says that it received them. */
const received = '2026-05-28T12:30:00.000Z';

async function append(events: readonly ReturnType<typeof event>[]): Promise<void> {
  await log.append(
    topics.events.name,
    events.map((each) => ({
      key: (each as { subject?: string }).subject ?? '',
      value: new TextEncoder().encode(canonicalEvent(each as Parameters<typeof canonicalEvent>[0], received)),
    })),
  );
  await log.append(
    topics.events.name,
    Array.from({ length: 3 }, (_, partition) => ({
      key: '',
      partition,
      value: new TextEncoder().encode(
        canonicalEvent(
          event(`turn-${dateOf(20_600)}`, undefined, 'day-turned', '2026-05-28', { date: '2026-05-28' }) as never,
          received,
        ),
      ),
    })),
  );
}

const published = async (): Promise<PublishedTrial> => {
  const trial = (await readTrials(log)).get('KARE-2');
  if (trial === undefined) throw new Error('the trial is published');
  return trial;
};

/** Runs the aggregate until everything is committed and published. */
async function build(): Promise<void> {
  const aggregate = startAggregate({ log, keys: new Map(), shards: shards(), batchRecords: 5 });
  try {
    await aggregate.keep(await published());
    await aggregate.caughtUp('KARE-2', await log.ends(topics.events.name));
  } finally {
    await aggregate.stop();
  }
}

const read = async () => {
  const { tallies, positions } = await readTallies(log, protocol(1), 'closed');
  return { cells: cellsOf(tallies), versions: positions.map((position) => position?.protocolVersion) };
};
const named = (version: number) => [0, 1, 2].map((p) => shardFile('', p, version));

describe('an amendment', () => {
  test('is built beside what stood before, and what stood before is removed when all shards are there', async () => {
    await build();
    const before = await read();
    expect(before.versions).toEqual([1, 1, 1]);
    expect(await files()).toEqual(named(1));
    await publishProtocol(log, protocol(2), new Date('2026-03-01T00:00:00Z'));
    expect(await read()).toEqual(before);
    await build();
    const after = await read();
    expect(after.versions).toEqual([2, 2, 2]);
    expect(after.cells).not.toEqual(before.cells);
    expect(await files()).toEqual(named(2));
  });

  test('that is cut off after any of its shards leaves what stood before; the next run finishes it', async () => {
    await build();
    const before = await read();
    await publishProtocol(log, protocol(2), new Date('2026-03-01T00:00:00Z'));
    const ends = await log.ends(topics.events.name);
    for (const partition of [2, 0]) {
      const keeper = keeperOf({
        log,
        protocol: (await published()).protocol,
        key: undefined,
        shards: shards(),
        anew: false,
        onFolded: () => undefined,
      });
      const from = await keeper.assigned(partition);
      await keeper.batch(
        partition,
        await log.read(topics.events.name, partition, from, { records: 1_000, bytes: 1e9 }),
      );
      await keeper.revoked(partition);
      expect(await read()).toEqual(before);
    }
    expect(await files()).toEqual([...named(1), ...named(2).filter((_, p) => p !== 1)].sort());
    await build();
    expect((await read()).versions).toEqual([2, 2, 2]);
    expect(await files()).toEqual(named(2));
    expect(await log.ends(topics.events.name)).toEqual(ends);
  });

  test('changes the schedule of those randomised from its day on, and of everybody if it says so', async () => {
    const later = { visits: [{ id: 'W1', day: 7, closes: 300, collects: ['urine'] }] };
    const matureDays = async () => {
      const { cells } = await read();
      return cells.filter(({ kind }) => kind === 'mature').flatMap(({ days }) => days);
    };
    await build();
    const mature = await matureDays();
    expect(mature.length).toBeGreaterThan(0);
    const amendment = { from: '2026-02-02' };
    await publishProtocol(log, protocol(2, { ...later, amendment, measures: protocol(1).measures }));
    await build();
    expect(await matureDays()).toEqual(mature);
    await publishProtocol(
      log,
      protocol(3, { ...later, amendment: { appliesTo: 'everybody' }, measures: protocol(1).measures }),
    );
    await build();
    expect(await matureDays()).not.toEqual(mature);
  });
});

describe('shards of another time', () => {
  test('of an older format, under an older name, answer until they are rebuilt, and go then', async () => {
    await build();
    const before = await read();
    const folder = join(shards(), 'KARE-2');
    for (const [partition, file] of named(1).entries()) {
      await rm(join(folder, file));
      await writeFile(join(folder, `${partition}.duckdb`), 'a shard of the first format');
      await writeFile(join(folder, `${partition}-p1-f1-s2.duckdb.wal`), 'what lay beside one of the second');
    }
    await build();
    expect(await read()).toEqual(before);
    expect(await files()).toEqual(named(1));
  });

  test('of a newer fold are not taken back: the newer Holdfast is asked for', async () => {
    const newer = `0-p1-f${foldVersion + 1}-s9.duckdb`;
    await mkdir(join(shards(), 'KARE-2'), { recursive: true });
    await writeFile(join(shards(), 'KARE-2', newer), '');
    await expect(build()).rejects.toMatchObject({
      code: 'HF_SHARDS_ARE_NEWER',
      message: expect.stringContaining('made by a newer Holdfast'),
    });
    expect(await files()).toEqual([newer]);
  });

  test('of a newer protocol version than the command began with are kept: it is to be repeated', async () => {
    const stale = await published();
    await publishProtocol(log, protocol(2));
    await build();
    const aggregate = startAggregate({ log, keys: new Map(), shards: shards(), batchRecords: 5 });
    await expect(aggregate.keep(stale)).rejects.toMatchObject({
      message: expect.stringContaining('repeat the command'),
    });
    await aggregate.stop();
    expect(await files()).toEqual(named(2));
  });
});

test('every partition has somebody', () => {
  expect(new Set(participants.map((p) => partitionOf(p, 3))).size).toBe(3);
});
