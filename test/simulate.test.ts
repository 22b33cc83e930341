import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvRows, holdfast, loggedEvents, root, succeed, temporaryFolder } from './acceptance/holdfast.ts';

const bin = join(root, 'services/holdfast/bin/holdfast.js');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

test('a simulated trial goes through the door of a running server, and its numbers come out', async () => {
  const data = ['--data', join(folder.path, 'store')];
  const key = join(folder.path, 'key');
  const small = ['--scenario', 'kare', '--participants', '24'];
  const protocol = join(folder.path, 'kare.yaml');
  const text = await readFile(join(root, 'schemas/examples/kare/kare.yaml'), 'utf8');
  await writeFile(protocol, text.replace('plannedParticipants: 96', 'plannedParticipants: 24'));
  await succeed(['protocol', 'publish', protocol, ...data]);
  await succeed(['keys', 'create', '--trial', 'KARE', '--out', key, ...data]);
  const served = spawn(process.execPath, [bin, 'serve', '--port', '0', '--key', key, ...data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let logged = '';
    served.stdout.setEncoding('utf8').on('data', (more: string) => {
      logged += more;
    });
    let url: string | undefined;
    while (url === undefined) {
      url = /"url":"([^"]+)"/.exec(logged)?.[1];
      if (served.exitCode !== null) throw new Error(`serve ended: ${logged}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const sent = await succeed(['simulate', ...small, '--url', url, ...data]);
    const [, accepted, all] = /(\d+) of (\d+) events accepted, 0 rejected;/.exec(sent.stderr) ?? [];
    expect(accepted).toBe(all);
    const tokens = csvRows((await succeed(['token', 'list', '--format', 'csv', ...data])).stdout);
    expect(tokens.map(({ role }) => role).sort()).toEqual(['randomisation', 'site', 'site']);
    expect(tokens.filter(({ revoked }) => revoked === '')).toEqual([]);
    const logged2 = await loggedEvents(join(folder.path, 'store'), 'KARE');
    const ofParticipants = logged2.filter((record) => record.includes('"subject"'));
    expect(ofParticipants).toHaveLength(Number(accepted));

    // Ctrl-C: what is under way is answered, and the tokens are revoked.
    const sending = spawn(process.execPath, [bin, 'simulate', ...small, '--rate', '20', '--url', url, ...data], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(sending, 'exit');
    let told = '';
    sending.stderr.setEncoding('utf8').on('data', (more: string) => {
      told += more;
    });
    const revoked = async () => csvRows((await succeed(['token', 'list', '--format', 'csv', ...data])).stdout);
    while ((await revoked()).length < 6) expect(sending.exitCode).toBeNull();
    sending.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(told).toMatch(/\d+ of \d+ events accepted, 0 rejected, then stopped;/);
    expect((await revoked()).filter(({ revoked: at }) => at === '')).toEqual([]);

    const again = await holdfast(['simulate', ...small, '--url', url, '--tokens', folder.path, ...data]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/there is no token of (GB-0\d|randomisation)/);
  } finally {
    served.kill('SIGTERM');
    await once(served, 'exit');
  }
  const rows = csvRows(
    (
      await succeed([
        'endpoints',
        '--measure',
        'days-abstinent',
        '--by',
        'arm',
        '--format',
        'csv',
        '--key',
        key,
        ...data,
      ])
    ).stdout,
  );
  expect(rows.filter(({ kind }) => kind === 'days').map(({ n }) => Number(n))).toEqual([6, 6, 6, 6]);
}, 120_000);

test('as lines it is the same every time; of events there are as many as asked for', async () => {
  const args = ['simulate', '--scenario', 'heroin-sessions', '--events', '777'];
  const first = await succeed(args);
  expect((await succeed(args)).stdout).toBe(first.stdout);
  const events = first.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { source: string });
  expect(events).toHaveLength(777);
  expect(new Set(events.map(({ source }) => source.split('/')[2]))).toEqual(new Set(['HEROIN-SESSIONS']));
  expect((await succeed([...args, '--seed', '1'])).stdout).not.toBe(first.stdout);
});

test('the truth of a scenario is told, and what cannot be simulated is refused in a sentence', async () => {
  const rows = csvRows(
    (await succeed(['simulate', '--scenario', 'alcohol-one-year', '--truth', '--format', 'csv'])).stdout,
  );
  const sober = rows.filter(({ measure, at }) => measure === 'sober-throughout' && at === '365');
  expect(sober.map(({ arm, value }) => [arm, Number(value).toFixed(2)])).toEqual([
    ['Ketamine psychotherapy', '0.66'],
    ['Conventional treatment', '0.24'],
  ]);
  const unknown = await holdfast(['simulate', '--scenario', 'nothing']);
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('give a file, or one of alcohol-one-year');
});

test('a reader of the lines that closes early is no failure; a file beside --url is refused', async () => {
  const args = ['simulate', '--scenario', 'demo', '--events', '5000'];
  const writing = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  writing.stdout.once('data', () => writing.stdout.destroy());
  let told = '';
  writing.stderr.setEncoding('utf8').on('data', (more: string) => {
    told += more;
  });
  const [code] = await once(writing, 'close');
  expect(code, told).toBe(0);
  const out = join(folder.path, 'beside.ndjson');
  const refused = await holdfast([...args, '--url', 'http://127.0.0.1:9', '--out', out]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('give one of the two') });
});
