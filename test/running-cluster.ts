import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@holdfast/events';
import { type EventLog, type LogPlace, openLog } from '@holdfast/log';
import { type ObjectsPlace, openObjects } from '@holdfast/objects';
import { cellsOf } from '@holdfast/tallies';
import { readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { type Serving, start } from './faults/served-trial.ts';
import { kafkaForTests, s3ForTests } from './native-servers.ts';

/** Kafka and S3, and Holdfast's processes on them, each with a folder of its own as if on a machine of its own. */
export type RunningCluster = {
  /** What a process of Holdfast is told to be on this cluster; `machine` names its folder. */
  settingsOf(machine: string): Record<string, string>;
  readonly log: LogPlace;
  readonly objects: ObjectsPlace;
  /** A process of these services, once it is ready. */
  serve(machine: string, services: readonly string[], variables?: Record<string, string>): Promise<Serving>;
  stop(): Promise<void>;
};

/** Whether what a cluster needs is installed; if so, how one is started. */
export function clusterForTests(): (() => Promise<RunningCluster>) | undefined {
  const [kafka, s3] = [kafkaForTests(), s3ForTests()];
  if (kafka === undefined || s3 === undefined) return undefined;
  return async () => {
    const [{ access: brokers, ...kafkaServer }, { access: url, ...s3Server }] = await Promise.all([kafka(), s3()]);
    const folder = await mkdtemp(join(tmpdir(), 'hf-cluster-'));
    const settingsOf = (machine: string) => ({
      HOLDFAST_KAFKA: brokers.join(','),
      HOLDFAST_S3: url,
      HOLDFAST_DATA: join(folder, machine),
      HOLDFAST_PORT: '0',
    });
    const started: Serving[] = [];
    return {
      settingsOf,
      log: { kind: 'kafka', clientId: 'holdfast-test', brokers },
      objects: { kind: 's3', url, below: 'open' },
      async serve(machine, services, variables = {}) {
        const serving = start(['serve', ...services], { variables: { ...settingsOf(machine), ...variables } });
        started.push(serving);
        await ready(serving);
        return serving;
      },
      async stop() {
        for (const serving of started) serving.kill('SIGKILL');
        await Promise.all([kafkaServer.stop(), s3Server.stop()]);
        await rm(folder, { recursive: true });
      },
    };
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when a process says of itself that it is ready. */
export async function ready(serving: Serving): Promise<void> {
  let hasEnded = false;
  void serving.ended.then(() => {
    hasEnded = true;
  });
  for (;;) {
    const url = serving.url();
    if (url !== undefined && (await fetch(`${url}/readyz`).catch(() => undefined))?.ok) return;
    if (hasEnded) throw new Error(`it ended: ${serving.logged()}`);
    await pause(100);
  }
}

/** Both sides of a trial's tallies as a reader adds them up, as digests: equal digests are equal tallies, bit for bit. */
export async function digestsOn(place: LogPlace, trial: string): Promise<{ open: string; closed: string }> {
  return withLog(place, async (log) => {
    const protocol = (await readTrials(log)).get(trial)?.protocol;
    if (protocol === undefined) throw new Error(`${trial} is not published`);
    const digest = async (side: 'open' | 'closed') =>
      sha256(JSON.stringify(cellsOf((await readTallies(log, protocol, side)).tallies)));
    return { open: await digest('open'), closed: await digest('closed') };
  });
}

/** Resolves when a trial's published tallies include all of its log. */
export async function caughtUp(place: LogPlace, trial: string): Promise<void> {
  await withLog(place, async (log) => {
    const protocol = (await readTrials(log)).get(trial)?.protocol;
    if (protocol === undefined) throw new Error(`${trial} is not published`);
    for (;;) {
      const ends = await log.ends(topicsOf(protocol).events.name);
      const { positions, stale } = await readTallies(log, protocol, 'open');
      if (stale.length === 0 && ends.every((end, p) => (positions[p]?.offset ?? -1) >= end)) return;
      await pause(200);
    }
  });
}

/** Makes the topics of one log in another one. */
export async function makeTopicsOf(from: EventLog, to: EventLog): Promise<void> {
  for (const spec of await from.topics()) await to.createTopic(spec);
}

/** Appends everything of these topics of one log to another one, record by record in the same partitions. */
export async function copyTopics(from: EventLog, to: EventLog, isWanted: (topic: string) => boolean): Promise<void> {
  for (const spec of await from.topics()) {
    if (!isWanted(spec.name)) continue;
    for (const [partition, end] of (await from.ends(spec.name)).entries()) {
      for (let at = 0; at < end; ) {
        const records = await from.read(spec.name, partition, at, { records: 10_000, bytes: 8_000_000 });
        await to.append(
          spec.name,
          records.map(({ key, value }) => ({ key, value, partition })),
        );
        at = (records.at(-1)?.offset ?? end) + 1;
      }
    }
  }
}

export async function withLog<T>(place: LogPlace, work: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openLog(place);
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/** The SHA-256 of every object below a prefix. */
export async function objectDigests(place: ObjectsPlace, prefix: string): Promise<Map<string, string>> {
  const objects = await openObjects(place);
  const digests = new Map<string, string>();
  for await (const key of objects.list(prefix)) digests.set(key, (await objects.head(key))?.sha256 ?? '');
  return digests;
}
