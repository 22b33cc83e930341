import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protocol } from '@holdfast/events';
import { type EventLog, openLog } from '@holdfast/log';
import { createToken, publishProtocol } from '@holdfast/trials';
import { expect } from 'vitest';
import { mayMount, type SmallDisk, smallDisk } from '../small-disk.ts';
import { expectAllThere, settled } from './all-there.ts';
import { type Chance, chanceOf } from './chance.ts';
import type { Cluster } from './cluster.ts';
import { type Machine, machine } from './machine.ts';
import { type Senders, startSenders } from './senders.ts';
import { type Role, smallTrial } from './small-trial.ts';

/** A trial on the cluster, with the machines that serve it: what faults are put into. */
export type Stage = {
  readonly cluster: Cluster;
  readonly protocol: Protocol;
  /** The log as a reader has it whom nothing befalls. */
  readonly log: EventLog;
  /** Takes events in, and turns the days. */
  readonly door: Machine;
  /** Two; the first comes to the brokers by lines, and is on a small disk if there is one. */
  readonly workers: readonly [Machine, Machine];
  readonly disk: SmallDisk | undefined;
  /** Settings of a command or another process on this cluster. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where more folders can be made. */
  readonly folder: string;
  /** Notes records that somebody else writes to the trial's log. */
  wroteForeign(records: number, ids?: readonly string[]): void;
};

/** A fault: done, and undone, while events flow. */
export type Strike = (stage: Stage, run: { readonly chance: Chance; readonly senders: Senders }) => Promise<void>;

export type Played = {
  readonly seed: number;
  readonly events: number;
  readonly records: number;
  readonly seconds: number;
};

export type StageOptions = {
  readonly cluster: Cluster;
  readonly trial: string;
  readonly onSmallDisk?: boolean;
};

/**
 * One trial, and runs of one kind of fault on it, one after the other. In each, participants come in all the while; after some of it the
 * fault strikes, passes, more comes in; then all must be there.
 */
export async function withStage<T>(
  { cluster, trial, onSmallDisk = false }: StageOptions,
  work: (play: (strike: Strike, seed: number) => Promise<Played>) => Promise<T>,
): Promise<T> {
  await cluster.wipe();
  const folder = await mkdtemp(join(tmpdir(), 'hf-stage-'));
  const disk = onSmallDisk && mayMount ? await smallDisk(24) : undefined;
  const log = await openLog(cluster.log);
  const protocol = smallTrial(trial);
  const brokers = (all: readonly string[]) => ({ HOLDFAST_KAFKA: all.join(',') });
  const settings = {
    ...brokers(cluster.kafka.brokers),
    HOLDFAST_S3: cluster.s3.url,
    HOLDFAST_DATA: join(folder, 'desk'),
  };
  const [byLines = cluster.kafka.brokers] = cluster.kafka.ways;
  const small = disk && { there: disk.path, inside: disk.inside, by: disk.on };
  const machines = [
    await machine({
      name: 'worker-1',
      services: ['aggregate'],
      there: folder,
      ...small,
      settings: { ...settings, ...brokers(byLines) },
    }),
    await machine({ name: 'worker-2', services: ['aggregate'], there: folder, settings }),
    await machine({ name: 'door', services: ['ingest', 'clock'], there: folder, settings }),
  ] as const;
  const [first, second, door] = machines;
  const foreign = { records: 0, ids: new Set<string>() };
  const stage: Stage = {
    cluster,
    protocol,
    log,
    door,
    workers: [first, second],
    disk,
    settings,
    folder,
    wroteForeign(records, ids = []) {
      foreign.records += records;
      for (const id of ids) foreign.ids.add(id);
    },
  };
  const played: Senders[] = [];

  try {
    await publishProtocol(log, protocol);
    const tokens: Readonly<Record<Role, string>> = {
      site: (await createToken(log, { trial, role: 'site', site: 'S1' })).secret,
      randomisation: (await createToken(log, { trial, role: 'randomisation' })).secret,
    };
    for (const one of machines) one.start();
    await Promise.all(machines.map((one) => one.ready()));

    const play = async (strike: Strike, seed: number): Promise<Played> => {
      const began = performance.now();
      const chance = chanceOf(seed);
      const senders = startSenders({ trial, run: `${played.length}`, seed, url: door.url, tokens });
      played.push(senders);
      const sending = senders.more(chance.whole(20, 150));
      await sending;
      await strike(stage, { chance, senders });
      await senders.more(chance.whole(20, 80));
      await senders.finish();
      await settled(log, protocol);
      const there = await expectAllThere(log, protocol, played, foreign);
      const mistaken = machines
        .filter((one) => one.hasSaid('a shard holds what the log has not'))
        .map(({ name }) => name);
      expect(mistaken, 'took the log for another one').toEqual([]);
      await Promise.all(machines.map((one) => one.ready()));
      return { seed, ...there, seconds: Math.round((performance.now() - began) / 1000) };
    };
    return await work(async (strike, seed) => {
      try {
        return await play(strike, seed);
      } catch (error) {
        const said = machines.map((one) => `--- ${one.name}\n${one.said()}`).join('\n');
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n${said}`, {
          cause: error,
        });
      }
    });
  } finally {
    await Promise.all(machines.map((one) => one.kill()));
    await log.close();
    await disk?.remove();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
