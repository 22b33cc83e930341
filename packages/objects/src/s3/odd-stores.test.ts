import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type S3Patience, s3ObjectStore } from './s3-object-store.ts';

const forever = 600_000;
let stop: () => void = () => undefined;
afterEach(() => stop());

async function storeOn(listener: RequestListener, patience: S3Patience) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'k', secretAccessKey: 's' };
  return s3ObjectStore({ bucket: 'b', prefix: '', endpoint, credentials }, patience);
}

const unavailable = { code: 'HF_OBJECT_STORE_UNAVAILABLE', message: expect.stringContaining('TimeoutError') };

test.each<[string, S3Patience]>([
  ['is silent too long', { connecting: 1_000, silence: 50, request: forever }],
  ['takes too long in all', { connecting: 1_000, silence: forever, request: 50 }],
])('a store that accepts a request and %s is unavailable', async (_, patience) => {
  const store = await storeOn(() => undefined, patience);
  await expect(store.head('k')).rejects.toMatchObject(unavailable);
});

test('a store that falls silent within an object is unavailable', async () => {
  const patience = { connecting: 1_000, silence: 50, request: forever };
  const store = await storeOn((request, response) => {
    if (request.method === 'HEAD') response.end();
    else response.writeHead(200, { 'content-length': '10' }).write('half');
  }, patience);
  await expect(store.get('k')).rejects.toMatchObject(unavailable);
});

test('where a store refuses what is not there, its list says so; what is there and refused stays refused', async () => {
  const patience = { connecting: 1_000, silence: 1_000, request: 1_000 };
  const store = await storeOn((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://store');
    if (pathname === '/b/' || pathname === '/b') {
      const there = ['a/k', 'a/key'].filter((key) => key.startsWith(searchParams.get('prefix') ?? ''));
      const contents = there.slice(0, 1).map((key) => `<Contents><Key>${key}</Key></Contents>`);
      response.end(`<ListBucketResult>${contents.join('')}</ListBucketResult>`);
    } else response.writeHead(403).end();
  }, patience);
  for (const missing of ['a/ke', 'b', 'a/k/e']) {
    expect(await store.get(missing)).toBeUndefined();
    expect(await store.head(missing)).toBeUndefined();
  }
  for (const refused of ['a/k', 'a/key']) {
    await expect(store.get(refused)).rejects.toMatchObject({ code: 'HF_OBJECT_STORE_UNAVAILABLE' });
    await expect(store.head(refused)).rejects.toMatchObject({ code: 'HF_OBJECT_STORE_UNAVAILABLE' });
  }
});
