import { parentPort, workerData } from 'node:worker_threads';
import { parseKeyFile } from '@holdfast/access';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { startAggregate } from './aggregate.ts';
import type { FromThread, ThreadOptions, ToThread } from './aggregate-thread.ts';

/** Entry of the aggregate's thread: wires log, shards and messages; the work is done in `aggregate.ts`. */
const port = parentPort;
if (port === null) throw new Error('this is the entry of a worker thread');
const say = (message: FromThread) => port.postMessage(message);
const fail = (error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error), code });
};

const { log: folders, keyFiles, shards, batchRecords } = workerData as ThreadOptions;
try {
  const log = await embeddedEventLog(folders);
  const keys = new Map(
    keyFiles.map((text) => parseKeyFile(text, 'given to the aggregate')).map((key) => [key.trial, key]),
  );
  const aggregate = startAggregate({
    log,
    keys,
    shards,
    batchRecords,
    onPosition: (trial, partition, offset) => say({ kind: 'position', trial, partition, offset }),
  });
  const answer = async (message: ToThread): Promise<void> => {
    switch (message.kind) {
      case 'keep':
        await aggregate.keep(message.trial, { anew: message.anew });
        return say({ kind: 'done', id: message.id });
      case 'caught-up':
        await aggregate.caughtUp(message.trial, message.ends);
        return say({ kind: 'done', id: message.id });
      case 'stop':
        await aggregate.stop().finally(() => log.close());
        port.close();
    }
  };
  port.on('message', (message: ToThread) => {
    answer(message).catch((error: unknown) => {
      fail(error);
      if (message.kind === 'stop') port.close();
    });
  });
  say({ kind: 'started' });
} catch (error) {
  fail(error);
  port.close();
}
