import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Verdicts } from './answers.ts';
import { event, protocol, siteSource, type TestServer, testServer } from './fixtures/test-server.ts';

let server: TestServer;
let port: number;
beforeEach(async () => {
  server = await testServer({ limits: { requestsPerMinute: 60, bodyBytes: 100_000 } });
  port = Number(new URL(await server.app.listen({ port: 0 })).port);
});
afterEach(() => server.close());

const headers = (more: Readonly<Record<string, string>> = {}) => ({
  authorization: `Bearer ${server.tokens.site}`,
  'content-type': 'application/x-ndjson',
  ...more,
});
const send = (body: string | Buffer, more: Readonly<Record<string, string>> = {}) =>
  fetch(`http://127.0.0.1:${port}/v1/events`, { method: 'POST', headers: headers(more), body });
const held = async () => (await server.recordsOf(topicsOf(protocol()).events.name)).map((text) => JSON.parse(text));
const ids = (events: readonly { id?: unknown }[]) => events.map(({ id }) => id).sort();

/** What comes back for these bytes, until the other side ends or `until` is there. */
function raw(bytes: string, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => {
      answer += data;
      if (until.test(answer)) done();
    });
    socket.on('end', done);
    socket.on('error', reject);
  });
}
const head = (lines: readonly string[]) =>
  ['POST /v1/events HTTP/1.1', 'host: x', `authorization: Bearer ${server.tokens.site}`, ...lines, '', ''].join('\r\n');

describe('on a real port', () => {
  test('many small requests at once are each answered, for exactly what is in the log', async () => {
    const all = Array.from({ length: 50 }, () => event());
    const answers = await Promise.all(
      all.map((one, n) =>
        send(
          n % 2 === 0 ? JSON.stringify(one) : gzipSync(JSON.stringify(one)),
          n % 2 === 0 ? {} : { 'content-encoding': 'gzip' },
        ),
      ),
    );
    const verdicts = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Verdicts).verdicts));
    expect(answers.map(({ status }) => status)).toEqual(all.map(() => 202));
    expect(ids(verdicts.flat())).toEqual(ids(all));
    expect(ids(await held())).toEqual(ids(all));
  });

  test('whoever sends too often is told when to go on', async () => {
    const answers = await Promise.all(Array.from({ length: 70 }, () => send('\n')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    const [first] = refused;
    expect(Number(first?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await first?.json()).toMatchObject({ error: { code: 'too-many-requests' } });
    // Each token by itself.
    expect((await send('\n', { authorization: `Bearer ${server.tokens.otherSite}` })).status).toBe(202);
  });

  test('an event in binary mode is the same event', async () => {
    const { data, ...attributes } = event({ id: 'Ünïque "100 %"' });
    const encoded = Object.entries(attributes).map(([name, value]) => [
      `ce-${name}`,
      encodeURIComponent(String(value)),
    ]);
    const answer = await send(JSON.stringify(data), {
      ...Object.fromEntries(encoded),
      'content-type': 'application/json',
    });
    expect(await answer.json()).toEqual({ verdicts: [{ index: 0, id: attributes.id, verdict: 'accepted' }] });
    expect(await held()).toEqual([{ ...attributes, data, receivedtime: '2026-07-01T08:00:00.123Z' }]);
  });

  test('attributes may be quoted, as older senders do; given twice they are rejected', async () => {
    const { data, id: _, ...attributes } = event({ source: siteSource });
    const body = JSON.stringify(data);
    const rest = Object.entries(attributes).map(([name, value]) => `ce-${name}: ${value}`);
    const binary = (...more: string[]) =>
      raw(
        `${head([...rest, ...more, 'content-type: application/json', `content-length: ${body.length}`])}${body}`,
        /\}\]\}/,
      );
    expect(await binary('ce-id: "quoted \\"id\\""')).toContain(
      '{"index":0,"id":"quoted \\"id\\"","verdict":"accepted"}',
    );
    expect(await binary('ce-id: a', 'ce-id: b')).toContain('"path":"id","message":"is given twice');
  });

  test('a body in pieces is bounded too, and one that is broken off is taken in by no part', async () => {
    const line = `${JSON.stringify(event())}\n`;
    const chunk = `${line.length.toString(16)}\r\n${line}\r\n`;
    const pieces = head(['content-type: application/x-ndjson', 'transfer-encoding: chunked']);
    expect(await raw(`${pieces}${chunk}${chunk}0\r\n\r\n`, /\}\]\}/)).toContain('HTTP/1.1 202');
    expect(await held()).toHaveLength(2);
    expect(await raw(`${pieces}${chunk.repeat(500)}`, /too-large/)).toContain('HTTP/1.1 413');
    const cut = head(['content-type: application/x-ndjson', `content-length: ${2 * line.length}`]);
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(`${cut}${line}`));
      socket.on('close', () => resolve()).resume();
    });
    expect(await held()).toHaveLength(2);
    expect((await send(line)).status).toBe(202);
  });

  test('an unknown sender is told before the body is read', async () => {
    const unknown =
      'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 90000\r\ncontent-type: application/json\r\n\r\n';
    expect(await raw(unknown, /no-token/)).toContain('HTTP/1.1 401');
    const announced = head(['content-type: application/json', 'content-length: 100001']);
    expect(await raw(announced, /too-large/)).toContain('HTTP/1.1 413');
    const form = head(['content-type: text/html', 'content-length: 90000']);
    expect(await raw(form, /unknown-format/)).toContain('HTTP/1.1 415');
  });

  test('every kept rejection says which request and which event of it', async () => {
    const answer = await send(`${JSON.stringify(event())}\n{"cut\n`);
    expect(answer.status).toBe(207);
    const kept = [
      ...(await server.recordsOf('rejected')),
      ...(await server.recordsOf(topicsOf(protocol()).rejected.name)),
    ];
    expect(kept.map((text) => JSON.parse(text).where)).toEqual([
      `request ${answer.headers.get('x-request-id')}[1] of site GB-01`,
    ]);
  });
});
