import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAggregate } from '@holdfast/aggregate';
import { openLog } from '@holdfast/log';
import { storeFolders } from '@holdfast/runtime';
import { openLogger } from '@holdfast/runtime/server';
import { publishProtocol, readTrials } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { next, protocol, runningTrial, topic } from '../services/holdfast/src/bench/load-log.ts';
import { keepTrial } from '../services/holdfast/src/serve/trial-keeper.ts';
import { expectAllThere, settled } from './faults/cluster/all-there.ts';
import {
  participantsEvents,
  pause,
  type Serving,
  serve,
  servedTrial,
  trial,
  undisturbedDigest,
} from './faults/served-trial.ts';
import { ownKafkaForTests } from './native-servers.ts';

const startKafka = ownKafkaForTests();

test('a log that is put back from an older copy under its shards, and grows on, gives the numbers of what is in it', async () => {
  const served = await servedTrial(tmpdir());
  let serving: Serving | undefined;
  const { log, closedLog, shards } = storeFolders(served.data);
  const parts = [log, closedLog];

  /** Serves until these participants are sent and folded; answers what was logged. */
  async function serveUntil(participants: readonly number[]): Promise<string> {
    const one = serve(served.data);
    serving = one;
    while (one.url() === undefined) await pause(20);
    await served.readAnew();
    for (const { site, arm } of participants.map(participantsEvents)) {
      expect((await served.post(one.url() ?? '', 'site', site))?.status).toBe(202);
      expect((await served.post(one.url() ?? '', 'randomisation', [arm]))?.status).toBe(202);
    }
    while (!(await served.isFolded()) || (await served.assessed()) === 0) await pause(20);
    return one.logged();
  }
  async function stop(): Promise<void> {
    serving?.kill('SIGTERM');
    await serving?.ended;
    await served.stopReading();
  }

  try {
    expect(await serveUntil([0, 1, 2, 3])).not.toContain('shard holds what the log has not');
    await stop();
    for (const part of parts) await cp(part, `${part}-copy`, { recursive: true });
    // Nothing of these is left afterwards.
    await serveUntil([20, 21, 22, 23, 24]);
    await stop();
    for (const part of parts) {
      await rm(part, { recursive: true });
      await cp(`${part}-copy`, part, { recursive: true });
    }
    await served.readAnew();
    const others = [4, 5, 6, 7, 8, 9, 10, 11];
    const logged = await serveUntil(others);
    const measured = await (await fetch(`${serving?.url()}/metrics`)).text();
    expect(measured).toMatch(new RegExp(`^holdfast_shard_contradicted_timestamp_seconds{trial="${trial}"} `, 'm'));
    const said = logged.split('\n').filter((line) => line.includes('a shard holds what the log has not'));
    expect(said.map((line) => JSON.parse(line))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          level: 'error',
          trial,
          why: expect.stringMatching(/^the log has (no|another) record at offset/),
        }),
      ]),
    );
    expect((await readdir(join(shards, trial))).filter((file) => file.endsWith('.contradicted'))).toHaveLength(
      said.length,
    );
    const today = new Date().toISOString().slice(0, 10);
    expect(await served.digest()).toBe(await undisturbedDigest(4 + others.length, today));
    await stop();
    await served.readAnew();
  } finally {
    serving?.kill('SIGKILL');
    await serving?.ended;
    await served.remove();
  }
}, 180_000);

test.skipIf(!startKafka)(
  'a broker that comes back with an older copy under a running worker, and grows on before it is asked again, gives the numbers of what is in it',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hf-older-broker-'));
    const kafka = await startKafka?.(1);
    if (kafka === undefined) return;
    const log = await openLog({ kind: 'kafka', clientId: 'test', brokers: kafka.brokers });
    const trial = runningTrial({ participants: 12, eventsEach: 25 });
    /** All in one partition. Answers the ids of what is not of the clock. */
    const append = async (count: number): Promise<readonly string[]> => {
      const records = [...next(trial, count)].map((record) => ({ ...record, partition: 0 }));
      await log.append(topic, records);
      const ids = records.map(({ value }) => String(JSON.parse(Buffer.from(value).toString()).id));
      return ids.filter((id) => !id.startsWith('day-turned-'));
    };
    const asIds = (ids: readonly string[]) => new Map(ids.map((id) => [id, 1]));
    /** Stops the broker for what is done to its folder. */
    const whileAway = async (work: (data: string) => Promise<void>) => {
      await kafka.kill(0);
      await work(kafka.folder(0));
      await kafka.restart(0);
    };

    // A worker that takes in no batch while its way is closed: one is in its hands then, one is fetched, and nothing is asked for.
    let way = Promise.resolve();
    let open: () => void = () => undefined;
    const close = () => {
      way = new Promise((resolve) => {
        open = resolve;
      });
    };
    let isHolding = false;
    const told: string[] = [];
    let failures = 0;
    await publishProtocol(log, protocol);
    const published = (await readTrials(log)).get(protocol.trial);
    if (published === undefined) throw new Error('not published');
    const keeper = keepTrial(published, {
      log,
      isShared: true,
      logger: openLogger({ level: 'silent' }),
      openAggregate: async (_, listener) =>
        startAggregate({
          log: {
            ...log,
            join: (group, name, member, most) => {
              const batch: typeof member.batch = async (...what) => {
                isHolding = true;
                await way;
                isHolding = false;
                await member.batch(...what);
              };
              return log.join(group, name, { ...member, batch }, most);
            },
          },
          keys: new Map(),
          shards: join(folder, 'shards'),
          batchRecords: 5_000,
          ...listener,
        }),
      onFolded: () => undefined,
      onContradicted: ({ why }) => told.push(why),
      onFailed: () => {
        failures += 1;
      },
    });
    try {
      await keeper.keep(published);
      const kept = await append(60);
      await settled(log, protocol);
      await whileAway((data) => cp(data, join(folder, 'copy'), { recursive: true }));
      await settled(log, protocol);
      expect([failures, told]).toEqual([0, []]);

      close();
      const lost = [...(await append(20))];
      while (!isHolding) await pause(20);
      lost.push(...(await append(20)));
      await pause(500); // it is fetched
      await whileAway(async (data) => {
        await rm(data, { recursive: true });
        await cp(join(folder, 'copy'), data, { recursive: true });
      });
      const since = await append(150);
      open();
      await settled(log, protocol);
      expect(told).toContainEqual(expect.stringMatching(/^the log has another record at offset/));
      const there = asIds([...kept, ...since]);
      const sent = asIds([...there.keys(), ...lost]);
      await expectAllThere(log, protocol, [{ acknowledged: there, sent }], { records: 0, ids: new Set() });
    } finally {
      open();
      await keeper.stop();
      await log.close();
      await kafka.stop();
      await rm(folder, { recursive: true });
    }
  },
  240_000,
);
