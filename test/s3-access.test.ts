import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ObjectStore, openObjects } from '@holdfast/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeS3 } from '../infra/native/s3.mjs';
import { checkSharedFormat } from '../services/holdfast/src/places.ts';
import { root } from './acceptance/holdfast.ts';
import { ownS3ForTests } from './native-servers.ts';

const run = promisify(execFile);
const startS3 = ownS3ForTests('curl');
const accounts = ['ingest', 'clock', 'drop', 'aggregate', 'report'] as const;
type Account = (typeof accounts)[number];
const secretOf = (account: Account) => `secret-of-${account}`;

const folders = {
  open: ['store-format', 'archive', 'cuts', 'reports', 'folds', 'due', 'deliveries', 'others'],
  closed: ['snapshots', 'reports', 'folds', 'due', 'deliveries', 'cancelled'],
} as const;
type Side = keyof typeof folders;
const sides = Object.keys(folders) as Side[];
const every = sides.flatMap((side) => folders[side].map((folder) => ({ side, folder, place: `${side}/${folder}` })));

/** As docs/run-a-cluster.md says it. */
const open = folders.open.map((folder) => `open/${folder}`);
const closed = folders.closed.map((folder) => `closed/${folder}`);
const ofReports = ['closed/reports', 'closed/folds', 'closed/due', 'closed/deliveries'];
const reads: Record<Account, readonly string[]> = {
  ingest: open,
  clock: open,
  drop: open,
  aggregate: [...open, ...closed],
  report: [...open, ...ofReports, 'closed/cancelled'],
};
const writes: Record<Account, readonly string[]> = {
  ingest: ['open/store-format'],
  clock: ['open/store-format'],
  drop: ['open/store-format'],
  aggregate: ['open/store-format', 'open/archive', ...closed],
  report: [...open.filter((place) => place !== 'open/others'), ...ofReports],
};
const removes: Record<Account, readonly string[]> = {
  ingest: [],
  clock: [],
  drop: [],
  aggregate: closed,
  report: ['open/folds', 'closed/folds'],
};

describe.skipIf(!startS3)('the S3 server of the compose file, with the rights of grant.sh', () => {
  let s3: NativeS3;
  const bytes = new TextEncoder().encode('x');
  beforeAll(async () => {
    s3 = (await startS3?.()) as NativeS3;
    await grant('of before');
    await grant('');
  }, 240_000);
  afterAll(() => s3?.stop());

  async function grant(mark: string): Promise<void> {
    const { protocol, username, password, host, pathname } = new URL(s3.url);
    const secrets = accounts.map((account) => [`S3_SECRET_${account.toUpperCase()}`, `${secretOf(account)}${mark}`]);
    await run('sh', [join(root, 'infra/s3/grant.sh')], {
      env: {
        ...process.env,
        S3: `${protocol}//${host}${pathname}`,
        S3_KEY: username,
        S3_SECRET: password,
        ...Object.fromEntries(secrets),
      },
    });
  }
  const admin = (side: Side) => openObjects({ kind: 's3', url: s3.url, below: side });
  async function as(account: Account, side: Side): Promise<ObjectStore> {
    const url = new URL(s3.url);
    [url.username, url.password] = [account, secretOf(account)];
    return openObjects({ kind: 's3', url: url.href, below: side });
  }
  const isDone = (work: Promise<unknown>) =>
    work.then(
      () => true,
      (error: Error) => {
        if (/AccessDenied|403|Forbidden|UnknownError/.test(error.message)) return false;
        throw error;
      },
    );
  async function listed(store: ObjectStore): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of store.list('')) keys.push(key);
    return keys;
  }

  test.each(accounts)('%s reads, writes and removes what it needs, and nothing else', async (account) => {
    const done: Record<'reads' | 'writes' | 'removes', string[]> = { reads: [], writes: [], removes: [] };
    for (const { side, folder, place } of every) {
      const store = await as(account, side);
      const key = `${folder}/of-admin-for-${account}`;
      await (await admin(side)).put(key, bytes);
      if (await isDone(store.get(key))) done.reads.push(place);
      if (await isDone(store.put(`${folder}/of-${account}`, bytes))) done.writes.push(place);
      if (await isDone(store.remove(key))) done.removes.push(place);
      expect((await (await admin(side)).get(key)) === undefined).toBe(done.removes.includes(place));
    }
    const inOrder = (places: readonly string[]) =>
      every.map(({ place }) => place).filter((one) => places.includes(one));
    expect(done).toEqual({
      reads: inOrder(reads[account]),
      writes: inOrder(writes[account]),
      removes: inOrder(removes[account]),
    });
    expect(await listed(await as(account, 'open'))).not.toEqual([]);
    const seesClosed = isDone(as(account, 'closed').then(listed));
    expect(await seesClosed).toBe(['aggregate', 'report'].includes(account));
  });

  test.each(accounts)('%s can be the first to use the store', async (account) => {
    const store = await admin('open');
    for (const key of await listed(store)) await store.remove(key);
    await checkSharedFormat(await as(account, 'open'), 'write');
    expect(await listed(store)).toEqual([expect.stringMatching(/^store-format\/\d+$/)]);
  });
});
