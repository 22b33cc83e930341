import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveUpTo } from '@holdfast/aggregate';
import { type LogPlace, openLog, recordsBetween } from '@holdfast/log';
import { openObjects } from '@holdfast/objects';
import { storeFolders } from '@holdfast/runtime';
import { recordsOfSegment } from '@holdfast/shards';
import { readCut } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvRows, protocolWith, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';
import { protocolText, type Serving, trial as smallTrial } from './faults/served-trial.ts';
import {
  caughtUp,
  clusterForTests,
  copyTopics,
  digestsOn,
  makeTopicsOf,
  objectDigests,
  type RunningCluster,
  withLog,
} from './running-cluster.ts';
import { sharedFolder } from './shared-data.ts';

const shared = sharedFolder();
const startCluster = clusterForTests();
const trials = ['CTN-0027', 'CTN-0030'] as const;
const partitions = 8;
const examples = join(root, 'schemas/examples/ctn0094');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let embedded: string;
let embeddedLog: LogPlace;
let cluster: RunningCluster;

/** Runs the command line against the cluster. */
const onCluster = (...words: string[]) => succeed(words, cluster.settingsOf('desk'));

describe.skipIf(shared === undefined || startCluster === undefined)('Holdfast on Kafka and S3', () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    embedded = join(folder.path, 'embedded');
    const { log: dir, closedLog: closedDir } = storeFolders(embedded);
    embeddedLog = { kind: 'embedded', dir, closedDir };
    const importing = async () => {
      for (const trial of trials) {
        const text = await readFile(join(examples, `${trial.toLowerCase()}.yaml`), 'utf8');
        const file = await protocolWith(join(folder.path, `${trial}.yaml`), text, [
          [/^partitions:.*$/m, `partitions: ${partitions}`],
        ]);
        await succeed(['protocol', 'publish', file, '--data', embedded]);
      }
      const tables = join(shared ?? '', 'ctn/data/dev');
      await succeed(['import', join(examples, 'mapping.yaml'), tables, '--data', embedded]);
    };
    [cluster] = await Promise.all([startCluster?.() as Promise<RunningCluster>, importing()]);
  }, 600_000);
  afterAll(async () => {
    await cluster?.stop();
    await folder?.remove();
  });

  test('two real trials, folded by three workers of which one is killed: the tallies of the embedded store, bit for bit', async () => {
    const workers: Serving[] = [];
    for (const name of ['worker-1', 'worker-2', 'worker-3']) workers.push(await cluster.serve(name, ['aggregate']));
    // Workers find the trials by themselves when they are published.
    await withLog(embeddedLog, (from) =>
      withLog(cluster.log, async (to) => {
        await makeTopicsOf(from, to);
        await copyTopics(from, to, (topic) => topic === 'protocols');
        await copyTopics(from, to, (topic) => topic === 'CTN-0027.events');
        workers[1]?.kill('SIGKILL');
        await copyTopics(from, to, (topic) => topic === 'CTN-0030.events');
      }),
    );
    for (const trial of trials) {
      await caughtUp(cluster.log, trial);
      expect(await digestsOn(cluster.log, trial)).toEqual(await digestsOn(embeddedLog, trial));
    }
    const [first, , last] = workers;
    first?.kill('SIGTERM');
    expect(await first?.ended).toBe(0);
    last?.kill('SIGTERM');
    expect(await last?.ended).toBe(0);
  }, 600_000);

  test.each(trials)('%s: its published rates, to the integer', async (trial) => {
    const reference = csvRows(await readFile(join(shared ?? '', 'ctn/rates/abstinence.csv'), 'utf8'));
    const selectors = [
      '--trial',
      trial,
      '--measure',
      'opioid-abstinence',
      '--window',
      '28',
      '--missing',
      'observed-only',
    ];
    const { stdout } = await onCluster('rates', ...selectors, '--by', 'arm', '--format', 'csv');
    const counted = (rows: readonly Record<string, string>[]) =>
      rows.map((row) => `${row.arm} ${row.day ?? row.study_day}: ${row.abstinent} of ${row.assessable}`).sort();
    const wanted = reference.filter(
      (row) => row.trial === trial && row.window_days === '28' && row.missing === 'observed-only',
    );
    expect(wanted.length).toBeGreaterThan(50);
    expect(counted(csvRows(stdout))).toEqual(counted(wanted));
  });

  test('cuts and archive: the same digest, and the same bytes in every segment', async () => {
    const trial = 'CTN-0030';
    const digest = async (finished: Promise<{ stdout: string }>) => csvRows((await finished).stdout)[0]?.digest;
    const words = ['cut', 'create', '--trial', trial, '--format', 'csv'];
    expect(await digest(onCluster(...words))).toBe(await digest(succeed([...words, '--data', embedded])));
    // A cut marks the log where it was made; up to there both logs are the same.
    const ends = await withLog(embeddedLog, (log) => log.ends(`${trial}.events`));
    const most = { records: 5_000, bytes: 48_000_000 };
    const archived = async (place: LogPlace, name: string) => {
      const log = await openLog(place);
      const objects = { kind: 'folder', dir: join(folder.path, name) } as const;
      try {
        await archiveUpTo(
          log,
          await openObjects(objects),
          { trial, partitions },
          ends.map((end) => end - 1),
          most,
        );
      } finally {
        await log.close();
      }
      const segments = await objectDigests(objects, `archive/${trial}/`);
      return [...segments].map(([key, bytes]) => [key.split('/').slice(3).join('/'), bytes]);
    };
    const [onKafka, onFolder] = [await archived(cluster.log, 'from-kafka'), await archived(embeddedLog, 'from-folder')];
    expect(onFolder.length).toBeGreaterThanOrEqual(partitions);
    expect(onKafka).toEqual(onFolder);
    const { stdout } = await onCluster('verify', '--format', 'csv');
    expect(csvRows(stdout).map((row) => Object.values(row).at(-1))).toEqual(Array(2 * partitions).fill('intact'));
  }, 120_000);

  test('a report of the same cut, made there and on an embedded store: every file is the same, byte for byte', async () => {
    const trial = 'CTN-0030';
    const elsewhere = join(folder.path, 'elsewhere');
    await succeed(['protocol', 'publish', join(folder.path, `${trial}.yaml`), '--data', elsewhere]);
    const [from, to] = await Promise.all([
      openObjects(cluster.objects),
      openObjects({ kind: 'folder', dir: storeFolders(elsewhere).objects }),
    ]);
    for (const prefix of [`cuts/${trial}/`, `archive/${trial}/`])
      for await (const name of from.list(prefix)) await to.put(name, (await from.get(name)) ?? new Uint8Array());
    const words = ['report', 'run', '--trial', trial, '--kind', 'dsmb-closed', '--out'];
    const [there, here] = [join(folder.path, 'report-there'), join(folder.path, 'report-here')];
    await onCluster(...words, there);
    await succeed([...words, here, '--data', elsewhere]);
    const files = (await readdir(here)).sort();
    expect(files.length).toBeGreaterThan(40);
    expect((await readdir(there)).sort()).toEqual(files);
    for (const file of files)
      expect((await readFile(join(there, file))).equals(await readFile(join(here, file))), file).toBe(true);
  }, 120_000);

  test('services of processes of their own: what the door takes in is folded by another one, and a new trial needs no restart', async () => {
    const door = await cluster.serve('door', ['ingest']);
    const worker = await cluster.serve('worker-1', ['aggregate', 'clock']);
    const file = await protocolWith(join(folder.path, 'small.yaml'), protocolText, []);
    await onCluster('protocol', 'publish', file);
    const token = (
      await onCluster('token', 'create', '--trial', smallTrial, '--role', 'site', '--site', 'S1')
    ).stdout.trim();
    const time = '2026-01-05T10:00:00+00:00';
    const event = (subject: string, type: string, data: object) => ({
      specversion: '1.0',
      id: `${subject}-${type}`,
      source: `/trials/${smallTrial}/sites/S1`,
      subject,
      type: `org.holdfast.${type}.v1`,
      time,
      recordedtime: time,
      data,
    });
    const events = Array.from({ length: 20 }, (_, i) => `P-${i}`).flatMap((subject) => [
      event(subject, 'participant-enrolled', { consentDate: '2026-01-05' }),
      event(subject, 'participant-randomised', { date: '2026-01-05' }),
    ]);
    let status = 401;
    // A token that was made a moment ago is known within a second.
    for (let chances = 50; status === 401 && chances > 0; chances -= 1) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' };
      const body = events.map((one) => JSON.stringify(one)).join('\n');
      ({ status } = await fetch(`${door.url()}/v1/events`, { method: 'POST', headers, body }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(status).toBe(202);
    await caughtUp(cluster.log, smallTrial);
    const { stdout } = await onCluster('sites', '--trial', smallTrial, '--format', 'csv');
    expect(csvRows(stdout)[0]).toMatchObject({ site: 'S1', randomised: '20' });
    // On a busy machine the log may be too slow once for whoever reads the numbers.
    const metrics = async () => (await fetch(`${worker.url()}/metrics`)).text();
    const nothingLeft = /holdfast_shard_lag_records\{trial="FAULTS-1",partition="1"\} 0/;
    await expect.poll(metrics, { timeout: 30_000, interval: 500 }).toMatch(nothingLeft);
    for (const serving of [door, worker]) {
      serving.kill('SIGTERM');
      expect(await serving.ended).toBe(0);
    }
  }, 120_000);

  test('a trial moves to more partitions while workers fold it; without workers a participant is erased', async () => {
    const worker = await cluster.serve('worker-1', ['aggregate']);
    const ofTrial = ['--trial', smallTrial];
    await onCluster('rewrite', ...ofTrial, '--partitions', '3');
    await onCluster('cut', 'create', ...ofTrial, '--name', 'before');
    const erase = ['rewrite', ...ofTrial, '--erase', 'P-3', '--reason', 'request 17', '--yes'];
    await expect(onCluster(...erase)).rejects.toThrow('workers keep the shards of FAULTS-1');
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect((await onCluster(...erase)).stdout).toContain('erased (edition 3): 2 record(s) of the log');
    const { stdout } = await onCluster('sites', ...ofTrial, '--format', 'csv');
    expect(csvRows(stdout)[0]).toMatchObject({ site: 'S1', randomised: '19' });
    await withLog(cluster.log, async (log) => {
      const left = (await log.topics()).filter(({ name }) => name.startsWith(`${smallTrial}.`));
      expect(left.map(({ name }) => name.endsWith('.r3'))).toEqual(Array(5).fill(true));
      for (const { name, partitions: all } of left)
        for (let partition = 0; partition < all; partition += 1)
          for await (const records of recordsBetween(log, name, partition))
            for (const { key, value } of records) expect(key + Buffer.from(value)).not.toMatch(/P-3(?![0-9])/);
    });
    const objects = await openObjects(cluster.objects);
    const cut = await readCut(objects, smallTrial, 'before');
    expect(cut).toMatchObject({ events: 38, rewritten: [{ edition: 3, before: { events: 40 } }] });
    for (const { key } of cut?.segments ?? [])
      for (const { record } of await recordsOfSegment((await objects.get(key)) ?? new Uint8Array()))
        expect(record).not.toContain('"subject":"P-3"');
  }, 120_000);

  test('says clearly what cannot be done there', async () => {
    await expect(onCluster('backup', '--out', join(folder.path, 'copy'))).rejects.toThrow(
      'this copies an embedded store, and this one is on a cluster',
    );
  });
});
