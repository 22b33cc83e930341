import { parentPort, workerData } from 'node:worker_threads';
import { parseKeyFile } from '@holdfast/access';
import type { EventLog, GroupMember, LogRecord } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { topicsOf } from '@holdfast/trials';
import type { Call, FromThread, ThreadOptions, ToThread } from './keeper-thread.ts';
import { keeperOf } from './shard-keeper.ts';

/** Entry of a thread that keeps shards: answers the calls of `keeper-thread.ts`; the work is done in `shard-keeper.ts`. */
const port = parentPort;
if (port === null) throw new Error('this is the entry of a worker thread');
const say = (message: FromThread) => port.postMessage(message);

const { log: folders, keyFiles, shards } = workerData as ThreadOptions;
const keys = new Map(
  keyFiles.map((text) => parseKeyFile(text, 'given to the aggregate')).map((key) => [key.trial, key]),
);
const keepers = new Map<string, { readonly keeper: GroupMember; readonly topic: string }>();
let opening: Promise<EventLog> | undefined;
const openLog = (): Promise<EventLog> => {
  opening ??= embeddedEventLog(folders);
  return opening;
};

function kept(trial: string): { keeper: GroupMember; topic: string } {
  const found = keepers.get(trial);
  if (found === undefined) throw new Error(`trial ${trial} is not kept here`);
  return found;
}

async function recordsOf(topic: string, partition: number, from: number, next: number): Promise<LogRecord[]> {
  const log = await openLog();
  const records: LogRecord[] = [];
  for (let at = from; at < next; at = (records.at(-1)?.offset ?? next) + 1) {
    const read = await log.read(topic, partition, at, { records: next - at, bytes: Number.MAX_SAFE_INTEGER });
    if (read.length === 0) break;
    records.push(...read.filter(({ offset }) => offset < next));
  }
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

/** Does what was called for; answers an offset where the method has one to answer. */
async function answer(call: Call): Promise<number> {
  switch (call.method) {
    case 'keep': {
      const { protocol } = call.trial;
      const keeper = keeperOf({
        log: await openLog(),
        protocol,
        key: keys.get(protocol.trial),
        shards,
        anew: call.anew,
        onFolded: (folded) => say({ kind: 'folded', folded }),
      });
      keepers.set(protocol.trial, { keeper, topic: topicsOf(protocol).events.name });
      return 0;
    }
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
    case 'stop':
      await (await opening)?.close();
      return 0;
  }
}

port.on('message', (message: ToThread) => {
  answer(message).then(
    (offset) => say({ kind: 'answered', id: message.id, offset }),
    (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
      say({ kind: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error), code });
    },
  );
});
