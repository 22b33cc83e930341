import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog, GroupMember, Membership } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { csvRows, holdfast, succeed } from './acceptance/holdfast.ts';
import { participantsEvents, type ServedTrial, servedTrial, trial } from './faults/served-trial.ts';

/** Keeps shards and folds nothing, as a process that hangs does. */
const hanging: GroupMember = {
  assigned: async () => 0,
  batch: async () => undefined,
  revoked: async () => undefined,
};

let served: ServedTrial;
let log: EventLog;
beforeEach(async () => {
  served = await servedTrial(tmpdir());
  const { log: dir, closedLog: closedDir } = storeFolders(served.data);
  log = await embeddedEventLog({ dir, closedDir });
});
afterEach(async () => {
  await log.close();
  await served.remove();
});
const keep = (): Promise<Membership> => log.join('aggregate', `${trial}.events`, hanging);

async function fileOf(participant: number): Promise<string> {
  const file = join(served.data, `${participant}.ndjson`);
  const { site, arm } = participantsEvents(participant);
  await writeFile(file, [...site, arm].map((event) => JSON.stringify(event)).join('\n'));
  return file;
}

test('a command beside a process that keeps the shards and folds nothing says so, and that all is durable', async () => {
  await keep();
  const ingest = ['ingest', await fileOf(0), '--data', served.data];
  const { code, stderr } = await holdfast(ingest, { HOLDFAST_WAIT_SECONDS: '1' });
  expect(code).toBe(1);
  expect(stderr).toContain(`everything of ${trial} is durable, but process ${process.pid} has not folded it: for 1 s`);
  expect(stderr).toContain('Nothing has to be sent again');
  expect((await log.ends(`${trial}.events`)).reduce((a, b) => a + b)).toBeGreaterThanOrEqual(7);
});

test('a command takes the shards over when the process that kept them lets go, and folds what it left', async () => {
  const membership = await keep();
  const running = succeed(['ingest', await fileOf(0), '--data', served.data]);
  const ends = async () => (await log.ends(`${trial}.events`)).reduce((a, b) => a + b);
  while ((await ends()) < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  await membership.leave();
  await running;
  expect(await served.isFolded()).toBe(true);
  const rates = ['rates', '--trial', trial, '--by', 'arm', '--day', '28', '--format', 'csv', '--data', served.data];
  expect(csvRows((await succeed(rates)).stdout).find(({ arm }) => arm === 'A')).toMatchObject({ assessable: '1' });
});
