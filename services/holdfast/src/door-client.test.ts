import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { HoldfastEvent } from '@holdfast/events';
import { afterEach, expect, test } from 'vitest';
import { doorClient } from './door-client.ts';

type Asked = { readonly token: string; readonly ids: string[] };
type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body: object | string };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const accepting = ({ ids }: Asked): Answer => ({
  status: 202,
  body: { verdicts: ids.map((id, index) => ({ index, id, verdict: 'accepted' })) },
});

/** A door that answers each request as it is told to; the last answer holds from then on. */
async function door(answers: readonly ((asked: Asked) => Answer)[]): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const lines = text.toString().split('\n');
    const one = {
      token: request.headers.authorization ?? '',
      ids: lines.map((line) => (JSON.parse(line) as { id: string }).id),
    };
    asked.push(one);
    const { status, headers = {}, body } = (answers[asked.length - 1] ?? answers.at(-1) ?? accepting)(one);
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const event = (id: string, from = 'sites/GB-01') => ({ id, source: `/trials/T/${from}` }) as HoldfastEvent;
const tokens = new Map([
  ['GB-01', 'of-site'],
  ['randomisation', 'of-service'],
]);
const refusal =
  (status: number, message: string, headers = {}): (() => Answer) =>
  () => ({
    status,
    headers,
    body: { error: { code: 'x', message } },
  });

test('each sender sends its own events, in their order, with its own token', async () => {
  const { url, asked } = await door([accepting]);
  const sent = await doorClient({ url, tokens }).send([event('a'), event('b', 'randomisation'), event('c')]);
  expect(sent).toMatchObject({ accepted: 3, rejected: [] });
  expect(asked.toSorted((a, b) => a.token.localeCompare(b.token))).toEqual([
    { token: 'Bearer of-service', ids: ['b'] },
    { token: 'Bearer of-site', ids: ['a', 'c'] },
  ]);
});

test('many events go in several requests, in their order, and packed', async () => {
  const { url, asked } = await door([accepting]);
  const events = Array.from({ length: 2_500 }, (_, i) => event(`e${i}`));
  expect(await doorClient({ url, tokens }).send(events)).toMatchObject({ accepted: 2_500 });
  expect(asked.map(({ ids }) => ids.length)).toEqual([1_000, 1_000, 500]);
  expect(asked.flatMap(({ ids }) => ids)).toEqual(events.map(({ id }) => id));
});

test.each([429, 503])('after %i the same is sent again, once the server says that it may', async (status) => {
  const { url, asked } = await door([refusal(status, 'not now', { 'retry-after': '0' }), accepting]);
  expect(await doorClient({ url, tokens }).send([event('a')])).toMatchObject({ accepted: 1 });
  expect(asked.map(({ ids }) => ids)).toEqual([['a'], ['a']]);
});

test.each([502, 503])('a %i that is the page of a proxy is waited for as well', async (status) => {
  const page = { status, headers: { 'retry-after': '0' }, body: '<html>Bad gateway</html>' };
  const { url, asked } = await door([...Array.from({ length: 6 }, () => () => page), accepting]);
  expect(await doorClient({ url, tokens }).send([event('a')])).toMatchObject({ accepted: 1 });
  expect(asked).toHaveLength(7);
});

test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'soon'])('Retry-After: %s makes no hot loop', async (said) => {
  const { url, asked } = await door([refusal(503, 'not now', { 'retry-after': said })]);
  const stopping = new AbortController();
  const sending = doorClient({ url, tokens, signal: stopping.signal }).send([event('a')]);
  setTimeout(() => stopping.abort(), 500);
  await sending;
  expect(asked).toHaveLength(1);
});

test('what is rejected comes back with its reasons', async () => {
  const { url } = await door([
    () => ({
      status: 207,
      body: {
        verdicts: [
          { index: 0, id: 'a', verdict: 'accepted' },
          { index: 1, id: 'b', verdict: 'rejected', problems: [{ path: 'data.visit', message: 'is none' }] },
        ],
      },
    }),
  ]);
  const sent = await doorClient({ url, tokens }).send([event('a'), event('b')]);
  expect(sent).toMatchObject({ accepted: 1, rejected: [{ id: 'b', reasons: ['data.visit is none'] }] });
});

test('a refusal for good is an error that says why, and so is a sender without a token', async () => {
  const { url } = await door([refusal(403, 'this token is of another trial')]);
  const client = doorClient({ url, tokens });
  await expect(client.send([event('a')])).rejects.toThrow('this token is of another trial');
  await expect(client.send([event('a', 'sites/GB-09')])).rejects.toThrow('there is no token of GB-09');
});

test('nobody there: it is said, and what may be the cause', async () => {
  const { url } = await door([accepting]);
  server?.close();
  await expect(doorClient({ url, tokens }).send([event('a')])).rejects.toThrow(/does not answer .* `holdfast serve`/);
});

test('told to stop while it waits for the door, it says what was answered until then', async () => {
  const notNow = refusal(503, 'not now', { 'retry-after': '60' });
  const { url } = await door([(asked) => (asked.token === 'Bearer of-site' ? notNow() : accepting(asked))]);
  const stopping = new AbortController();
  const sending = doorClient({ url, tokens, signal: stopping.signal }).send([event('a'), event('b', 'randomisation')]);
  setTimeout(() => stopping.abort(), 500);
  expect(await sending).toMatchObject({ accepted: 1, rejected: [] });
});
