import { parentPort, workerData } from 'node:worker_threads';
import { parseKeyFile } from '@holdfast/access';
import {
  type EventLog,
  type GroupMember,
  type LogRecord,
  type Membership,
  openLog,
  recordsBetween,
} from '@holdfast/log';
import { openObjects } from '@holdfast/objects';
import { topicsOf } from '@holdfast/trials';
import type { Call, FromThread, ThreadOptions, ToThread } from './keeper-thread.ts';
import type { Release } from './open-files.ts';
import { keeperOf } from './shard-keeper.ts';
import type { SnapshotTold } from './snapshot-keeper.ts';

/** Entry of a thread that keeps shards: answers the calls of `keeper-thread.ts`; the work is done in `shard-keeper.ts`. */
const port = parentPort;
if (port === null) throw new Error('this is the entry of a worker thread');
const say = (message: FromThread) => port.postMessage(message);

const { log: place, keyFiles, shards, snapshots, archive } = workerData as ThreadOptions;
const keys = new Map(
  keyFiles.map((text) => parseKeyFile(text, 'given to the aggregate')).map((key) => [key.trial, key]),
);

type Kept = { readonly keeper: GroupMember; readonly topic: string; membership?: Membership };
const keepers = new Map<string, Kept>();
let opening: Promise<EventLog> | undefined;
const openedLog = (): Promise<EventLog> => {
  opening ??= openLog(place);
  return opening;
};
/** How often it is looked, on a log that others share, whether a former owner of a shard has spoken again. */
const watchMs = 2_000;

function kept(trial: string): Kept {
  const found = keepers.get(trial);
  if (found === undefined) throw new Error(`trial ${trial} is not kept here`);
  return found;
}

async function recordsOf(topic: string, partition: number, from: number, next: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const between = { from, end: next, most: { records: next - from, bytes: Number.MAX_SAFE_INTEGER } };
  for await (const read of recordsBetween(await openedLog(), topic, partition, between)) records.push(...read);
  return records;
}

/** Batches under way at once: while DuckDB works for one, the other is decoded and folded. More would only hold memory. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
let batches = 0;

/** Does the work when the batch before it in its lane is done. */
function inLane<T>(work: () => Promise<T>): Promise<T> {
  const lane = batches % lanes.length;
  batches += 1;
  const done = (lanes[lane] ?? Promise.resolve()).then(work);
  lanes[lane] = done.catch(() => undefined); // whoever asked hears of it
  return done;
}

/** Files of shards that were asked for, by who waits for them. */
const wanted = new Map<string, () => void>();
const holdFile = async (file: string): Promise<Release> => {
  const held = new Promise<void>((resolve) => wanted.set(file, resolve));
  say({ kind: 'wants', file });
  await held;
  return () => say({ kind: 'closed', file });
};

const told = (told: SnapshotTold) => say({ kind: 'snapshot', told });

/** An error as it travels between threads. */
function wordsOf(error: unknown): { message: string; code: string | undefined } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { message: error instanceof Error ? error.message : String(error), code };
}

/** Does what was called for; answers an offset where the method has one to answer. */
async function answer(call: Call): Promise<number> {
  switch (call.method) {
    case 'keep': {
      const { protocol } = call.trial;
      const keeper = keeperOf({
        log: await openedLog(),
        protocol,
        key: keys.get(protocol.trial),
        shards,
        anew: call.anew,
        ...(snapshots && { snapshots: { objects: await openObjects(snapshots), onTold: told } }),
        ...(archive && { archive: { objects: await openObjects(archive) } }),
        holdFile,
        watchMs: place.kind === 'kafka' ? watchMs : undefined,
        onTaken: (trial, partition) => say({ kind: 'taken', trial, partition }),
        onFolded: (folded) => say({ kind: 'folded', folded }),
        onArchived: (told) => say({ kind: 'archived', told }),
        onContradicted: (told) => say({ kind: 'contradicted', told }),
        onGiven: (trial, partition) => say({ kind: 'given', trial, partition }),
      });
      keepers.set(protocol.trial, { keeper, topic: topicsOf(protocol).events.name });
      return 0;
    }
    case 'join': {
      const { trial } = call;
      const { keeper, topic } = kept(trial);
      const member: GroupMember = {
        ...keeper,
        batch: (partition, records) => inLane(() => keeper.batch(partition, records)),
      };
      const membership = await (await openedLog()).join('aggregate', topic, member, { records: call.batchRecords });
      kept(trial).membership = membership;
      membership.failed.catch((error: unknown) => say({ kind: 'lost', trial, ...wordsOf(error) }));
      return 0;
    }
    case 'leave':
      await kept(call.trial).membership?.leave();
      return 0;
    case 'assigned':
      return kept(call.trial).keeper.assigned(call.partition);
    case 'batch': {
      const { keeper, topic } = kept(call.trial);
      await inLane(async () =>
        keeper.batch(call.partition, await recordsOf(topic, call.partition, call.from, call.next)),
      );
      return call.next;
    }
    case 'revoked':
      await kept(call.trial).keeper.revoked(call.partition);
      return 0;
    case 'opens':
      wanted.get(call.file)?.();
      wanted.delete(call.file);
      return 0;
    case 'stop':
      await (await opening)?.close();
      return 0;
  }
}

port.on('message', (message: ToThread) => {
  answer(message).then(
    (offset) => say({ kind: 'answered', id: message.id, offset }),
    (error: unknown) => say({ kind: 'failed', id: message.id, ...wordsOf(error) }),
  );
});
