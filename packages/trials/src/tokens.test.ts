import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createToken, listTokens, openTokenBook, revokeToken, type TokenBook } from './tokens.ts';

let root: string;
let log: EventLog;
let books: TokenBook[];
const open = () => embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
const book = async () => {
  const opened = await openTokenBook(log, { pauseMs: 5 });
  books.push(opened);
  return opened;
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-tokens-'));
  log = await open();
  books = [];
});
afterEach(async () => {
  for (const { stop } of books) stop();
  await log.close();
  await rm(root, { recursive: true });
});

const site = { trial: 'KARE-2', role: 'site', site: 'GB-01' } as const;
const at = new Date('2026-03-02T10:15:00.000Z');

describe('a token', () => {
  test('names what it is good for, to whoever has its secret', async () => {
    const { id, secret } = await createToken(log, site, at);
    expect(secret).toMatch(new RegExp(`^hf_${id}_[A-Za-z0-9_-]{43}$`));
    expect((await book()).tokenOf(secret)).toEqual({ id, ...site, createdAt: '2026-03-02T10:15:00.000Z' });
  });

  test('is kept without its secret, in no byte of the store', async () => {
    const { secret } = await createToken(log, site);
    await log.close();
    const random = secret.slice(-43);
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    for (const file of files.filter((each) => each.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes(random) || bytes.includes(Buffer.from(random, 'base64url')), file.name).toBe(false);
    }
    log = await open();
  });

  test.each([
    ['nothing', () => ''],
    ['a word', () => 'secret'],
    ['its id alone', (secret: string) => secret.slice(0, 16)],
    ['one character more', (secret: string) => `${secret}A`],
    ['one character less', (secret: string) => secret.slice(0, -1)],
    ['another secret under its id', (secret: string) => `${secret.slice(0, 16)}${'A'.repeat(43)}`],
    ['its secret under another id', (secret: string) => `hf_000000000000_${secret.slice(16)}`],
    ['another prefix', (secret: string) => secret.replace('hf', 'gh')],
    ['a name that every object has', () => 'hf_constructor_A'],
  ])('is not known by %s', async (_, turned) => {
    const { secret } = await createToken(log, site);
    expect((await book()).tokenOf(turned(secret))).toBe('unknown');
  });

  test.each([
    [{ trial: 'KARE-2', role: 'site' } as const, 'name it by --site SITE'],
    [{ ...site, role: 'randomisation' } as const, 'leave the site out'],
  ])('of %j is refused', async (grant, why) => {
    await expect(createToken(log, grant)).rejects.toThrow(why);
    expect(await listTokens(log)).toEqual([]);
  });
});

describe('the book of a running server', () => {
  test('knows what is created and revoked while it is open, and then says so', async () => {
    const opened = await book(); // before there is any token
    const first = await createToken(log, site);
    const second = await createToken(log, { trial: 'KARE-2', role: 'randomisation' });
    await vi.waitFor(() => expect(opened.tokenOf(second.secret)).toMatchObject({ role: 'randomisation' }), 20_000);
    expect(await revokeToken(log, first.id)).toBe('revoked');
    await vi.waitFor(() => expect(opened.tokenOf(first.secret)).toBe('revoked'), 20_000);
    expect(opened.tokenOf(second.secret)).toMatchObject({ id: second.id });
    expect(opened.tokenOf(`${first.secret}x`)).toBe('unknown');
  });

  test('knows the same when it is opened anew', async () => {
    const { id, secret } = await createToken(log, site);
    await revokeToken(log, id);
    await log.close();
    log = await open();
    expect((await book()).tokenOf(secret)).toBe('revoked');
  });

  test('takes no more when it is stopped', async () => {
    const opened = await book();
    opened.stop();
    const { secret } = await createToken(log, site);
    const other = await book();
    expect(other.tokenOf(secret)).toMatchObject(site);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(opened.tokenOf(secret)).toBe('unknown');
  });

  test('that cannot read the log says so, keeps what it knows, and goes on when it can', async () => {
    const { secret } = await createToken(log, site);
    let broken = false;
    const failing: EventLog = {
      ...log,
      ends: async (topic) => {
        if (broken) throw new Error('the disk is gone');
        return log.ends(topic);
      },
    };
    const failed = vi.fn();
    const opened = await openTokenBook(failing, { failed, pauseMs: 5 });
    books.push(opened);
    broken = true;
    const { secret: later } = await createToken(log, site);
    await vi.waitFor(() => expect(failed).toHaveBeenCalledWith(new Error('the disk is gone')), 20_000);
    expect([opened.tokenOf(secret), opened.tokenOf(later)]).toEqual([expect.objectContaining(site), 'unknown']);
    broken = false;
    await vi.waitFor(() => expect(opened.tokenOf(later)).toMatchObject(site), 20_000);
    expect(failed).toHaveBeenCalledTimes(1);
  });
});

describe('the list of tokens', () => {
  test('shows all that were created, oldest first, and which were revoked', async () => {
    expect(await listTokens(log)).toEqual([]);
    const first = await createToken(log, site, at);
    const second = await createToken(log, { trial: 'T-2', role: 'coordinator' }, at);
    await revokeToken(log, first.id, new Date('2026-03-03T10:15:00.000Z'));
    expect(await revokeToken(log, first.id)).toBe('already revoked');
    const createdAt = '2026-03-02T10:15:00.000Z';
    expect(await listTokens(log)).toEqual([
      { id: first.id, ...site, createdAt, revokedAt: '2026-03-03T10:15:00.000Z' },
      { id: second.id, trial: 'T-2', role: 'coordinator', createdAt },
    ]);
  });

  test('an id that is not there is said so, without repeating what may be a secret', async () => {
    const { secret } = await createToken(log, site);
    const said = await revokeToken(log, secret).catch((error: Error) => error.message);
    expect(said).toContain('no token has that id');
    expect(said).not.toContain(secret.slice(-43));
  });
});
