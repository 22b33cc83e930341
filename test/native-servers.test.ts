import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startService } from '../infra/native/services.mjs';
import { ownS3ForTests } from './native-servers.ts';

const start = ownS3ForTests();

async function answers(url: string): Promise<boolean> {
  const { origin } = new URL(url);
  return fetch(origin).then(
    () => true,
    () => false,
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20);
}

describe.skipIf(!start)('a real server', () => {
  test('stops when asked, and its data go with it', async () => {
    const server = await start?.();
    if (!server) throw new Error('no server');
    expect(await answers(server.url)).toBe(true);
    expect(existsSync(server.data)).toBe(true);
    await server.stop();
    expect(await answers(server.url)).toBe(false);
    await until(async () => !existsSync(server.data));
  }, 240_000); // the first time on a machine the server is built

  test('does not outlive the process that started it, however that dies', async () => {
    const module = new URL('../infra/native/s3.mjs', import.meta.url);
    const code = `const { startS3 } = await import('${module}'); const { url, data } = await startS3(); console.log(JSON.stringify({ url, data })); setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const { url, data } = JSON.parse(String(line)) as { url: string; data: string };
    expect(await answers(url)).toBe(true);
    parent.kill('SIGKILL');
    await until(async () => !(await answers(url)) && !existsSync(data));
  });
});

test('a service runs as a process of its own, and what it said last is known when it has ended', async () => {
  const first = await startService('ingest', { HOLDFAST_LOG_LEVEL: 'info' });
  expect(await (await fetch(`${first.url}/readyz`)).json()).toMatchObject({ ready: true });
  await first.kill();
  expect(await answers(first.url)).toBe(false);
  expect(await first.ended).toContain('"services":["ingest"]');
  const none = startService('aggregate', { HOLDFAST_IMAGINED: '1' });
  await expect(none).rejects.toThrow('HOLDFAST_IMAGINED is no setting of Holdfast');
});
