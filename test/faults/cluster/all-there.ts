import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chained, startAggregate } from '@holdfast/aggregate';
import { type Protocol, sha256 } from '@holdfast/events';
import { type EventLog, type LogRecord, recordsBetween } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { cellsOf } from '@holdfast/tallies';
import { publishProtocol, readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { expect } from 'vitest';
import { pause } from '../served-trial.ts';
import type { Senders } from './senders.ts';

const sides = ['open', 'closed'] as const;
type Digests = Readonly<Record<(typeof sides)[number], string>>;

/** Both sides of a trial's tallies as a reader adds them up: equal digests are equal tallies, bit for bit. */
async function digestsOf(log: EventLog, protocol: Protocol): Promise<Digests> {
  const [open = '', closed = ''] = await Promise.all(
    sides.map(async (side) => sha256(JSON.stringify(cellsOf((await readTallies(log, protocol, side)).tallies)))),
  );
  return { open, closed };
}

const patienceMs = 180_000;

/** Resolves when the published tallies include all of the log, on both sides, and none is stale. */
export async function settled(log: EventLog, protocol: Protocol): Promise<void> {
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    const ends = await log.ends(topicsOf(protocol).events.name);
    const read = await Promise.all(sides.map((side) => readTallies(log, protocol, side)));
    const at = read.map(({ positions }) => ends.map((_, partition) => positions[partition]?.offset));
    const stale = read.map((one) => one.stale);
    if (at.every((offsets) => String(offsets) === String(ends)) && stale.flat().length === 0) return;
    if (performance.now() > giveUp)
      throw new Error(
        `tallies stand at ${JSON.stringify(at)} of ${JSON.stringify(ends)}, stale ${JSON.stringify(stale)}`,
      );
    await pause(100);
  }
}

/** A record that is an event, or one of Holdfast's own, and says which; undefined of whatever else anybody wrote there. */
function idOf({ value }: LogRecord): string | undefined {
  try {
    const { id, source } = JSON.parse(Buffer.from(value).toString()) as { id?: unknown; source?: unknown };
    return typeof id === 'string' && typeof source === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

const own = /^(day-turned|cut-marked|cut)-/;

async function recordsIn(log: EventLog, protocol: Protocol): Promise<readonly (readonly LogRecord[])[]> {
  const { name } = topicsOf(protocol).events;
  return Promise.all(
    (await log.ends(name)).map(async (end, partition) => {
      const all: LogRecord[] = [];
      for await (const records of recordsBetween(log, name, partition, { end })) all.push(...records);
      return all;
    }),
  );
}

/** The tallies of a store on one disk in which nothing ever failed, and which took in the same events, each once. */
async function undisturbed(protocol: Protocol, partitions: readonly (readonly LogRecord[])[]): Promise<Digests> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-undisturbed-'));
  const { log: dir, closedLog: closedDir, shards } = storeFolders(folder);
  const log = await embeddedEventLog({ dir, closedDir });
  try {
    await publishProtocol(log, protocol);
    const published = (await readTrials(log)).get(protocol.trial);
    if (published === undefined) throw new Error('not published');
    const topic = topicsOf(protocol).events.name;
    for (const records of partitions) {
      const once = new Map<string, LogRecord>();
      for (const record of records) {
        const id = idOf(record);
        if (id !== undefined && !once.has(id)) once.set(id, record);
      }
      if (once.size > 0) await log.append(topic, [...once.values()]);
    }
    const aggregate = startAggregate({ log, keys: new Map(), shards, batchRecords: 5_000 });
    await aggregate.keep(published);
    await aggregate.caughtUp(protocol.trial, await log.ends(topic));
    await aggregate.stop();
    return await digestsOf(log, protocol);
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}

/** Records that are no events: how many were written by somebody else. */
export type Foreign = { readonly records: number; readonly ids: ReadonlySet<string> };

/**
 * Every acknowledged event is in the log, and nothing that was never sent; the tallies are those of a store in which nothing failed and
 * each event came once; the hash chains that the shards recorded are those of the log.
 */
export async function expectAllThere(
  log: EventLog,
  protocol: Protocol,
  runs: readonly Pick<Senders, 'acknowledged' | 'sent'>[],
  foreign: Foreign,
): Promise<{ readonly events: number; readonly records: number }> {
  const partitions = await recordsIn(log, protocol);
  const times = new Map<string, number>();
  let others = 0;
  for (const record of partitions.flat()) {
    const id = idOf(record);
    if (id === undefined || foreign.ids.has(id)) others += 1;
    else if (!own.test(id)) times.set(id, (times.get(id) ?? 0) + 1);
  }
  expect(others, 'records of somebody else').toBe(foreign.records);
  const acknowledged = runs.flatMap((run) => [...run.acknowledged.keys()]);
  const lost = acknowledged.filter((id) => !times.has(id));
  expect(lost, 'acknowledged, and not in the log').toEqual([]);
  const sent = new Set(runs.flatMap((run) => [...run.sent.keys()]));
  const unsent = [...times.keys()].filter((id) => !sent.has(id));
  expect(unsent, 'in the log, and never sent').toEqual([]);

  const ofTheTrial = partitions.map((records) => records.filter((record) => !foreign.ids.has(idOf(record) ?? '')));
  expect(await digestsOf(log, protocol), 'tallies').toEqual(await undisturbed(protocol, ofTheTrial));

  const { positions, chains } = await readTallies(log, protocol, 'closed');
  const heads = partitions.map((records, partition) =>
    chained(
      '',
      records.filter(({ offset }) => offset < (positions[partition]?.offset ?? 0)).map(({ value }) => value),
    ),
  );
  expect(chains, 'heads of the hash chains').toEqual(heads);
  return { events: acknowledged.length, records: partitions.flat().length };
}
