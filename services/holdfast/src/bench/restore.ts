import { rm } from 'node:fs/promises';
import { type SnapshotTold, startAggregate } from '@holdfast/aggregate';
import type { NewRecord } from '@holdfast/log';
import { type ObjectStore, openObjects } from '@holdfast/objects';
import type { PublishedTrial } from '@holdfast/trials';
import { chooseTrial, type Store } from '../store.ts';
import { type Bench, median, roundsOf, scaled, type Workload } from './figures.ts';
import { fillStore, next, onStore, protocol, runningTrial } from './load-log.ts';

const eventsEach = 500;
/** As many as restoring asks for at once. */
const atOnce = 3;

function* inOnePartition(records: Iterable<NewRecord>): Generator<NewRecord> {
  for (const record of records) yield { ...record, partition: 0 };
}

/** Keeps the trial's shards from when they are opened until this partition has said `what` and claimed; answers the ms that it took. */
async function kept(
  { log, folders, settings }: Store,
  trial: PublishedTrial,
  objects: ObjectStore,
  { end, what }: { readonly end: number; readonly what: SnapshotTold['what'] },
): Promise<number> {
  const missing = new Set<string>([what, 'claim']);
  const started = performance.now();
  let took = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const have = (one: string) => {
    missing.delete(one);
    took = performance.now() - started;
    if (missing.size === 0) finish();
  };
  const aggregate = startAggregate({
    log,
    keys: new Map(),
    shards: folders.shards,
    batchRecords: settings.batchRecords,
    snapshots: { objects, pace: ({ offset }) => offset >= end, onTold: (told) => have(told.what) },
    onFolded: ({ partition, offset }) => {
      if (partition === 0 && offset >= end) have('claim');
    },
  });
  try {
    await aggregate.keep(trial);
    await Promise.race([finished, aggregate.failed]);
    return took;
  } finally {
    await aggregate.stop();
  }
}

/** Bytes of all objects, and the seconds that it takes to get them. */
async function allGot(objects: ObjectStore): Promise<{ bytes: number; seconds: number }> {
  const keys: string[] = [];
  for await (const key of objects.list(`snapshots/${protocol.trial}/`)) keys.push(key);
  const started = performance.now();
  let bytes = 0;
  const rest = keys.values();
  const get = async () => {
    for (const key of rest) bytes += (await objects.get(key))?.length ?? 0;
  };
  await Promise.all(Array.from({ length: atOnce }, get));
  return { bytes, seconds: (performance.now() - started) / 1_000 };
}

/** *restore*: a shard that who gets its partition takes from the object store, against how fast the store gives its bytes in the same run. */
export const restore: Workload = async (bench: Bench) => {
  const workload = 'restore';
  const events = scaled(bench, 1_000_000, 2_000);
  bench.say(`restore: a shard of ${events} events …`);
  const records = runningTrial({ participants: Math.ceil((1.2 * events) / eventsEach), eventsEach });
  const end = await fillStore(bench.data, inOnePartition(next(records, events)));
  return onStore(bench.data, async (store) => {
    const objects = await openObjects(store.places.closedObjects);
    const trial = chooseTrial(store, undefined);
    await kept(store, trial, objects, { end, what: 'stored' });
    const rounds: { bytes: number; store: number; ms: number; bound: number }[] = [];
    for (let round = 0; round < roundsOf(bench); round += 1) {
      await rm(store.folders.shards, { recursive: true });
      const { bytes, seconds } = await allGot(objects);
      const ms = await kept(store, trial, objects, { end, what: 'restored' });
      rounds.push({ bytes, store: bytes / seconds, ms, bound: 1_500 * seconds + 1_000 });
    }
    for await (const key of objects.list(`snapshots/${protocol.trial}/`)) await objects.remove(key);
    const of = (what: (round: (typeof rounds)[number]) => number) => median(rounds.map(what));
    return [
      { workload, figure: 'snapshot', value: of(({ bytes }) => bytes / 1e6), unit: 'MB' },
      { workload, figure: 'the store gives', value: of((round) => round.store / 1e6), unit: 'MB/s' },
      { workload, figure: 'restored, opened and claimed', value: of(({ ms }) => ms), unit: 'ms' },
      {
        workload,
        figure: 'restoring : 1.5 × bytes / what the store gives + 1 s',
        value: of(({ ms, bound }) => ms / bound),
        unit: 'ratio',
        asked: { atMost: 1 },
      },
    ];
  });
};
