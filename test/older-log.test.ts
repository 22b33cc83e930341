import { cp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeFolders } from '@holdfast/runtime';
import { expect, test } from 'vitest';
import {
  participantsEvents,
  pause,
  type Serving,
  serve,
  servedTrial,
  trial,
  undisturbedDigest,
} from './faults/served-trial.ts';

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
