import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, type PostOptions, randomisationSource, type TestServer, testServer } from './fixtures/test-server.ts';
import type { TakenIn } from './ingest-routes.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server.close());

const structured = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
const batch = { 'content-type': 'application/cloudevents-batch+json' };
const lines = { 'content-type': 'application/x-ndjson' };
const gzip = { 'content-encoding': 'gzip' };
const ndjson = (events: readonly object[]) => events.map((each) => `${JSON.stringify(each)}\n`).join('');
const ids = async () => (await server.recordsOf('DEMO-2X2.events')).map((text) => JSON.parse(text).id);

type How = (one: object) => readonly [body: string | Buffer | object, options?: PostOptions];

describe('an event that is sent', () => {
  test.each<[string, How]>([
    ['structured', (one) => [one, { headers: structured }]],
    ['as plain JSON', (one) => [one, {}]],
    ['in a batch of one', (one) => [[one], { headers: batch }]],
    ['in an array of one', (one) => [[one], {}]],
    ['as a line', (one) => [ndjson([one]), { headers: lines }]],
    ['packed', (one) => [gzipSync(JSON.stringify(one)), { headers: gzip }]],
  ])('%s is accepted, and durable when that is said', async (_, how) => {
    const one = event();
    const answer = await server.post(...how(one));
    expect(answer).toMatchObject({ status: 202, body: { verdicts: [{ index: 0, id: one.id, verdict: 'accepted' }] } });
    expect((await server.recordsOf('DEMO-2X2.events')).map((text) => JSON.parse(text))).toEqual([
      { ...one, receivedtime: '2026-07-01T08:00:00.123Z' },
    ]);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is judged by itself: of several, each has its own verdict, in their order', async () => {
    const [good, bad, alsoGood] = [event(), event({ data: {} }), event()];
    const answer = await server.post(`\n${ndjson([good, bad])}\r\n  \n{"cut\n${ndjson([alsoGood])}`, {
      headers: lines,
    });
    expect(answer.status).toBe(207);
    expect(answer.body.verdicts).toMatchObject([
      { index: 0, id: good.id, verdict: 'accepted' },
      { index: 1, id: bad.id, verdict: 'rejected', problems: [{ path: 'data.results' }] },
      {
        index: 2,
        id: null,
        verdict: 'rejected',
        problems: [{ path: '', message: expect.stringMatching(/^is not JSON/) }],
      },
      { index: 3, id: alsoGood.id, verdict: 'accepted' },
    ]);
    expect((await ids()).sort()).toEqual([good.id, alsoGood.id].sort());
  });
});

test('whoever counts is told of each request, by trial and site, when its events are durable', async () => {
  await server.close();
  const told: TakenIn[] = [];
  server = await testServer({ onTakenIn: (taken) => told.push(taken) });
  await server.post([event(), event({ data: {} }), event()]);
  await server.post('{"cut');
  await server.post(event({ source: randomisationSource }), { token: server.tokens.randomisation });
  expect(told).toEqual([
    { trial: 'DEMO-2X2', site: 'GB-01', accepted: 2, rejected: 1 },
    { trial: 'DEMO-2X2', site: 'randomisation', accepted: 1, rejected: 0 },
  ]);
});
