import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvRows, holdfast, root, succeed } from './acceptance/holdfast.ts';

let folder: string;
let data: readonly string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-tokens-'));
  data = ['--data', join(folder, 'store')];
  await succeed(['protocol', 'publish', join(root, 'schemas/examples/demo/demo-2x2.yaml'), ...data]);
});
afterAll(() => rm(folder, { recursive: true }));

const create = (...words: string[]) => ['token', 'create', '--trial', 'DEMO-2X2', ...words];

test('a token is made for a site, shown once or written where only its owner reads it, listed, and revoked', async () => {
  const shown = await succeed([...create('--role', 'site', '--site', 'GB-01'), ...data]);
  expect(shown.stdout).toMatch(/^hf_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n$/);
  const file = join(folder, 'randomisation.token');
  const written = await succeed([...create('--role', 'randomisation', '--out', file), ...data]);
  expect(written.stdout).toBe('');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const secret = (await readFile(file, 'utf8')).trim();
  const [id = ''] = secret.match(/[0-9a-f]{12}/) ?? [];

  await succeed(['token', 'revoke', id, ...data]);
  const listed = await succeed(['token', 'list', '--format', 'csv', ...data]);
  for (const each of [secret, shown.stdout.trim()])
    expect(listed.stdout + listed.stderr).not.toContain(each.slice(-43));
  expect(csvRows(listed.stdout).map(({ trial, role, site, revoked }) => [trial, role, site, revoked !== ''])).toEqual([
    ['DEMO-2X2', 'site', 'GB-01', false],
    ['DEMO-2X2', 'randomisation', '', true],
  ]);
});

test.each([
  [
    'a site that the trial does not have',
    create('--role', 'site', '--site', 'GB-99'),
    'DEMO-2X2 has no site GB-99; it has GB-01',
  ],
  ['a site’s token without the site', create('--role', 'site'), 'a site’s token needs --site; it has GB-01'],
  ['a site for the whole trial', create('--role', 'randomisation', '--site', 'GB-01'), 'leave --site out'],
  ['a role that there is not', create('--role', 'admin'), 'site, randomisation, coordinator'],
])('%s is refused', async (_, words, why) => {
  const { code, stdout, stderr } = await holdfast([...words, ...data]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(why);
});
