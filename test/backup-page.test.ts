import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedEvents, root } from './acceptance/holdfast.ts';
import {
  participantsEvents,
  pause,
  type ServedTrial,
  type Serving,
  servedTrial,
  start,
  trial,
} from './faults/served-trial.ts';

const run = promisify(execFile);

let served: ServedTrial;
let serving: Serving | undefined;
let blocks: readonly string[];
const serve = () => start(['serve', '--port', '0', '--data', served.data, '--key', served.keys]);

beforeAll(async () => {
  served = await servedTrial(tmpdir(), 'double');
  const page = await readFile(join(root, 'docs/backup.md'), 'utf8');
  blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
});
afterAll(async () => {
  serving?.kill('SIGKILL');
  await serving?.ended;
  await served.remove();
});

/** Runs a block of the page as it stands there, but for where things are. */
function follow(block: string | undefined): Promise<{ stdout: string; stderr: string }> {
  const here = (block ?? '')
    .replaceAll('npx holdfast', `"${process.execPath}" "${join(root, 'services/holdfast/bin/holdfast.js')}"`)
    .replaceAll('/backup/', `${served.data}-backup-`)
    .replaceAll('/srv/holdfast', served.data)
    .replaceAll('/etc/holdfast/keys', served.keys);
  return run('sh', ['-ec', here]);
}

test('the page, followed line by line while events come in, brings a damaged store back', async () => {
  expect(blocks).toHaveLength(2);
  serving = serve();
  const senders = served.startSending(() => serving?.url());
  while ((await served.assessed()) < 10) await pause(20);

  const acknowledged = [...senders.acknowledged.keys()];
  const made = await follow(blocks[0]);
  expect(made.stdout).not.toContain('CHANGED');
  // A backup is never overwritten.
  await expect(follow(blocks[0])).rejects.toThrow('is there already, and a backup is not overwritten');
  await senders.finish();
  while (!(await served.isFolded())) await pause(20);
  const before = await served.digest();

  serving.kill('SIGKILL');
  await serving.ended;
  await served.stopReading();
  await writeFile(join(served.data, 'log/data.mdb'), 'damaged');
  const restored = await follow(blocks[1]);
  expect(restored.stdout).toMatch(/events replayed/);

  const ids = (await loggedEvents(served.data, trial)).map((record) => (JSON.parse(record) as { id: string }).id);
  expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
  // What came after the backup is sent again, and with it what came before.
  serving = serve();
  while (serving.url() === undefined) await pause(20);
  await served.readAnew();
  const all = Array.from({ length: senders.begun() }, (_, n) => participantsEvents(n));
  for (let n = 0; n < all.length; n += 100) {
    const some = all.slice(n, n + 100);
    const sent = [
      await served.post(
        serving.url() ?? '',
        'site',
        some.flatMap(({ site }) => site),
      ),
      await served.post(
        serving.url() ?? '',
        'randomisation',
        some.map(({ arm }) => arm),
      ),
    ];
    expect(sent.map((answer) => answer?.status)).toEqual([202, 202]);
  }
  while (!(await served.isFolded())) await pause(20);
  expect(await served.digest()).toBe(before);
}, 300_000);
