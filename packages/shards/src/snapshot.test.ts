import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { civilDay, Protocol } from '@holdfast/events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openShard } from './shard.ts';
import { makingOf, takenInBy } from './snapshot.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'KARE-2',
  version: 1,
  title: 'A trial',
  blinding: 'open',
  clock: 'imported',
  plannedFollowUp: 28,
  arms: [{ id: 'ketamine' }, { id: 'saline' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }],
  visits: [{ id: 'W1', day: 7, closes: 1, collects: ['urine'] }],
  measures: [
    { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'urine-only', windows: [7], horizon: 28 },
  ],
});
const vault = {
  protect: (text: string) => Buffer.from(text),
  reveal: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  armToken: (arm: string) => arm,
};
const log = 'log-1';
const shardIn = (file: string) => openShard({ file, owner: 'o', logId: log, logEnd: 0, protocol, vault });
const emptyBatch = (nextOffset: number) => ({
  nextOffset,
  chain: 'ab'.repeat(32),
  lastRecord: `${nextOffset - 1}`,
  arrivals: new Map(),
  clock: civilDay('2026-03-01'),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-snapshot-'));
});
afterEach(() => rm(folder, { recursive: true }));

const opened = (file: string) =>
  promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { DuckDBInstance } from '@duckdb/node-api'; await DuckDBInstance.create(${JSON.stringify(file)});`,
    ],
    { cwd: import.meta.dirname },
  );

test('a copy is the shard at its position, whatever the shard does afterwards, and nobody else may open the shard meanwhile', async () => {
  const [file, copy] = [join(folder, 'a.duckdb'), join(folder, 'b.duckdb')];
  const shard = await shardIn(file);
  for (const offset of [3, 7]) {
    await shard.apply(emptyBatch(offset));
    await shard.copyTo(copy);
    await shard.apply(emptyBatch(offset + 1));
    expect(await takenInBy(copy, makingOf(protocol, log))).toEqual({ offset, lastRecord: `${offset - 1}` });
  }
  await expect(opened(file)).rejects.toThrow('Could not set lock');
  await shard.close();
  await opened(file);
});

test('a file is of use to a shard of the same making only', async () => {
  const file = join(folder, 'a.duckdb');
  const making = makingOf(protocol, log);
  expect(await takenInBy(file, making)).toBeUndefined();
  const shard = await shardIn(file);
  await shard.apply(emptyBatch(5));
  await shard.close();
  expect(await takenInBy(file, making)).toEqual({ offset: 5, lastRecord: '4' });
  expect(await takenInBy(file, { ...making, logId: 'log-2' })).toBeUndefined();
  const amended = Protocol.parse({ ...protocol, title: 'Another' });
  expect(await takenInBy(file, makingOf(amended, log))).toBeUndefined();
});
