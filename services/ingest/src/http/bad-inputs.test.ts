import { brotliCompressSync, gzipSync } from 'node:zlib';
import { topicsOf } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRejections } from '../rejections.ts';
import {
  event,
  type PostOptions,
  protocol,
  randomisationSource,
  siteSource,
  type TestServer,
  testServer,
} from './fixtures/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ limits: { eventsPerRequest: 1_000, bodyBytes: 12_000_000 } });
});
afterAll(() => server.close());

/** Stands where a closed value would: nobody may ever read it again. */
const secret = 'KETAMINE-SECRET';

type Token = keyof TestServer['tokens'];
type Bad = {
  readonly what: string;
  readonly body: string | Buffer | object;
  readonly token?: Token;
  readonly headers?: NonNullable<PostOptions['headers']>;
  /** Path and reason of the only event, as far as they matter. */
  readonly says: readonly [path: string, message: RegExp];
};

const sourceOfToken: Partial<Record<Token, string>> = {
  site: siteSource,
  otherSite: '/trials/DEMO-2X2/sites/GB-02',
  unknownSite: '/trials/DEMO-2X2/sites/GB-77',
  randomisation: randomisationSource,
};
const screen = (data: object) => event({ data });
const of = (type: string, data: object, changes: object = {}) =>
  event({ type: `org.holdfast.${type}.v1`, data, ...changes });
const calendar = (changes: object) =>
  of('use-calendar', {
    from: '2026-03-01',
    to: '2026-03-07',
    complete: true,
    days: {},
    informant: 'participant',
    interview: '2026-03-08',
    ...changes,
  });
const correction = (target: object, type: string, data: object, more: object = {}) =>
  of('correction', {
    target,
    reason: 'typo',
    by: 'nurse',
    event: { type: `org.holdfast.${type}.v1`, time: '2026-03-02T10:15:00+00:00', data, ...more },
  });
const own = { source: siteSource, id: 'e1' };
const without = (field: string) => {
  const { [field]: _, ...rest } = event();
  return rest;
};
/** The text of an event, with a piece of it exchanged. */
const turned = (from: string | RegExp, to: string, one: object = event({ id: 'turned' })) => {
  const text = JSON.stringify(one);
  if (text.replace(from, to) === text) throw new Error(`${from} is not in ${text}`);
  return text.replace(from, to);
};
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const ndjson = { 'content-type': 'application/x-ndjson' };
const gzip = { 'content-encoding': 'gzip' };
const ce = (changes: Readonly<Record<string, string | string[]>> = {}) => ({
  'ce-specversion': '1.0',
  'ce-id': 'binary-1',
  'ce-source': siteSource,
  'ce-subject': 'GB-01-0042',
  'ce-type': 'org.holdfast.urine-screen.v1',
  'ce-time': '2026-03-02T10:15:00+00:00',
  'ce-recordedtime': '2026-03-02T10:15:00+00:00',
  ...changes,
});
const results = { results: { alcohol: 'negative' } };

/** Each is one event that is rejected, and listed. */
const badEvents: readonly Bad[] = [
  { what: 'a number', body: '42', says: ['', /^is no event; send/] },
  { what: 'a text', body: '"urine"', says: ['', /^is no event; send/] },
  { what: 'null', body: 'null', says: ['', /^is no event; send/] },
  { what: 'an event in two arrays', body: [[event()]], says: ['', /^is no event; send/] },
  { what: 'nothing in it', body: {}, says: ['type', /^is missing; give a string/] },
  {
    what: 'an unknown type',
    body: event({ type: 'org.holdfast.hair.v1' }),
    says: ['type', /^is no event type .* use one of/],
  },
  {
    what: 'a type of another version',
    body: event({ type: 'org.holdfast.urine-screen.v9' }),
    says: ['type', /^is no event type/],
  },
  { what: 'a type that every object has', body: event({ type: 'constructor' }), says: ['type', /^is no event type/] },
  { what: 'an old specversion', body: event({ specversion: '0.3' }), says: ['specversion', /^must be "1.0"/] },
  { what: 'no id', body: without('id'), says: ['id', /^is missing/] },
  { what: 'an empty id', body: event({ id: '' }), says: ['id', /^not an event id/] },
  { what: 'an id of 129 characters', body: event({ id: 'x'.repeat(129) }), says: ['id', /^not an event id/] },
  { what: 'an id with a line break', body: event({ id: 'a\nb' }), says: ['id', /^not an event id/] },
  { what: 'a number as id', body: event({ id: 7 }), says: ['id', /^must be a string/] },
  { what: 'no source', body: without('source'), says: ['source', /^is missing/] },
  {
    what: 'a source that names no trial',
    body: event({ source: '/sites/GB-01' }),
    says: ['source', /^is not what this token is of/],
  },
  {
    what: 'a source with a path through folders',
    body: event({ source: `${siteSource}/../GB-02` }),
    says: ['source', /^is not what this token is of/],
  },
  {
    what: 'another trial',
    body: event({ source: '/trials/OPEN-1/sites/GB-01' }),
    says: ['source', /^is not what this token is of/],
  },
  {
    what: 'another site than the token’s',
    body: event(),
    token: 'otherSite',
    says: ['source', /^is not what this token is of; it sends only what comes from \/trials\/DEMO-2X2\/sites\/GB-02/],
  },
  {
    what: 'a site that is not in the protocol',
    body: event({ source: '/trials/DEMO-2X2/sites/GB-77' }),
    token: 'unknownSite',
    says: ['source', /^site "GB-77" is not in the protocol/],
  },
  {
    what: 'the randomisation service’s source from a site',
    body: of('arm-assigned', { arm: secret }, { source: randomisationSource }),
    says: ['source', /^is not what this token is of/],
  },
  {
    what: 'a site’s source from the randomisation service',
    body: event(),
    token: 'randomisation',
    says: ['source', /^is not what this token is of/],
  },
  {
    what: 'an arm from a site',
    body: of('arm-assigned', { arm: secret }),
    says: ['source', /^arms come from the randomisation service, never from a site/],
  },
  {
    what: 'an unknown arm',
    body: of('arm-assigned', { arm: secret }, { source: randomisationSource }),
    token: 'randomisation',
    says: ['data.arm', /^is no(t an)? arm of|arm/],
  },
  {
    what: 'a correction of a site’s event to an arm',
    body: correction(own, 'arm-assigned', { arm: secret }),
    says: ['source', /^arms come from the randomisation service/],
  },
  {
    what: 'a correction of another site’s event',
    body: correction({ source: '/trials/DEMO-2X2/sites/GB-02', id: 'e1' }, 'urine-screen', results),
    says: ['data.target.source', /corrects and takes back only what came from/],
  },
  {
    what: 'an arm taken back by a site',
    body: of('retraction', { target: { source: randomisationSource, id: 'e1' }, reason: 'typo', by: 'nurse' }),
    says: ['data.target.source', /corrects and takes back only what came from/],
  },
  {
    what: 'a correction without target',
    body: of('correction', { reason: 'typo', by: 'nurse' }),
    says: ['data.target', /^is missing/],
  },
  {
    what: 'a clock that is turned from outside',
    body: of('day-turned', { date: '2026-03-02' }),
    says: ['subject', /^is no field of this/],
  },
  {
    what: 'a cut that is marked from outside',
    body: (() => {
      const { subject: _, ...rest } = of('cut-marked', { cut: 'dsmb-1' });
      return rest;
    })(),
    says: ['type', /^is written by Holdfast alone/],
  },
  { what: 'no subject', body: without('subject'), says: ['subject', /^is missing/] },
  {
    what: 'a subject with blanks',
    body: event({ subject: 'Jane Doe' }),
    says: ['subject', /^not a valid participant id/],
  },
  { what: 'no time', body: without('time'), says: ['time', /^is missing/] },
  {
    what: 'a time without offset',
    body: event({ time: '2026-03-02T10:15:00' }),
    says: ['time', /^not an RFC 3339 time/],
  },
  {
    what: 'a day that is in no calendar',
    body: event({ time: '2026-02-30T10:15:00+00:00' }),
    says: ['time', /^not an RFC 3339 time/],
  },
  {
    what: 'a number as time',
    body: event({ time: 1_772_446_500 }),
    says: ['time', /^(must be a string|not an RFC 3339 time)/],
  },
  {
    what: 'a year before there were trials',
    body: event({ time: '0026-03-02T10:15:00+00:00' }),
    says: ['time', /^lies outside the years 1900 to 2199/],
  },
  {
    what: 'a time in the future',
    body: event({ time: '2026-07-03T10:15:00+00:00' }),
    says: ['time', /^lies more than a day in the future/],
  },
  {
    what: 'a recorded time in the future',
    body: event({ recordedtime: '2062-03-02T10:15:00+00:00' }),
    says: ['recordedtime', /^lies more than a day in the future/],
  },
  {
    what: 'a correction to the future',
    body: correction(own, 'urine-screen', results, { time: '2062-03-02T10:15:00+00:00' }),
    says: ['data.event.time', /^lies more than a day in the future/],
  },
  {
    what: 'an unknown field',
    body: event({ patientname: 'N. N.' }),
    says: ['patientname', /^is no field of this; remove it/],
  },
  {
    what: 'an unknown field in the data',
    body: screen({ ...results, birthday: '1970-01-01' }),
    says: ['data.birthday', /^is no field of this/],
  },
  {
    what: 'another content type of the data',
    body: event({ datacontenttype: 'text/plain' }),
    says: ['datacontenttype', /^must be "application\/json"/],
  },
  { what: 'data as base64', body: { ...without('data'), data_base64: 'e30=' }, says: ['data', /^is missing/] },
  { what: 'an array as data', body: event({ data: [] }), says: ['data', /^must be an object/] },
  { what: 'null as data', body: event({ data: null }), says: ['data', /^must be an object/] },
  {
    what: 'an unknown substance',
    body: screen({ results: { khat: 'negative' } }),
    says: ['data.results.khat', /^is no substance of the protocol \(it has alcohol\)/],
  },
  {
    what: 'a result that is none',
    body: screen({ results: { alcohol: 'maybe' } }),
    says: ['data.results.alcohol', /^must be one of "positive"/],
  },
  {
    what: 'a visit that is not scheduled',
    body: screen({ visit: 'W99', ...results }),
    says: ['data.visit', /^is no visit of the protocol/],
  },
  {
    what: 'less than no dose',
    body: of('dose-given', { drug: secret, route: 'iv', session: 1, given: { mg: -5 } }),
    says: ['data.given.mg', /^is too small/],
  },
  {
    what: 'a score beyond its instrument',
    body: of('scale-score', { instrument: 'MADRS', total: 61 }),
    says: ['data.total', /60/],
  },
  {
    what: 'more than any number',
    body: turned('"total":3', '"total":1e999', of('scale-score', { instrument: 'MADRS', total: 3 })),
    says: ['data.total', /.+/],
  },
  {
    what: 'a text as number',
    body: of('scale-score', { instrument: 'MADRS', total: '3' }),
    says: ['data.total', /^must be a number/],
  },
  {
    what: 'a calendar that ends before it begins',
    body: calendar({ to: '2026-02-20' }),
    says: ['data.to', /^lies before `from`/],
  },
  {
    what: 'a day outside its calendar',
    body: calendar({ days: { '2026-04-01': { alcohol: {} } } }),
    says: ['data.days.2026-04-01', /^lies outside/],
  },
  {
    what: 'less than nothing',
    body: calendar({ days: { '2026-03-02': { alcohol: { amount: -1, unit: 'drinks' } } } }),
    says: ['data.days.2026-03-02.alcohol.amount', /too small/],
  },
  {
    what: 'another unit',
    body: calendar({ days: { '2026-03-02': { alcohol: { amount: 1, unit: 'pints' } } } }),
    says: ['data.days.2026-03-02.alcohol.unit', /^is not what the protocol counts it in/],
  },
  {
    what: 'a field of 10 MB',
    body: correction(own, 'urine-screen', results, { note: 'x'.repeat(10_000_000) }),
    says: ['data.event.note', /^is no field of this/],
  },
  {
    what: 'a reason of 10 MB',
    body: of('retraction', { target: own, reason: 'x'.repeat(10_000_000), by: 'nurse' }),
    says: ['data.reason', /^is too long; at most/],
  },
  {
    what: 'a hundred thousand substances',
    body: screen({ results: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`s-${i}`, 'negative'])) }),
    says: ['data', /^is larger than 400000 bytes/],
  },
  {
    what: 'a field given twice',
    body: turned('{', '{"id":"another",'),
    says: ['id', /^is given twice; leave the one that holds/],
  },
  {
    what: 'a result given twice',
    body: turned('"alcohol":"negative"', '"alcohol":"positive","\\u0061lcohol":"negative"'),
    says: ['data.results.alcohol', /^is given twice/],
  },
  {
    what: 'a field given twice in an array of events',
    body: `[${turned('{', '{"id":"another",')}]`,
    says: ['id', /^is given twice/],
  },
  {
    what: 'a field called __proto__',
    body: turned('{', '{"__proto__":{"isAdmin":true},'),
    says: ['__proto__', /is no field of this|has an unusable name/],
  },
  {
    what: '__proto__ among the results',
    body: turned('"alcohol":', '"__proto__":"positive","alcohol":'),
    says: ['data.results.__proto__', /has an unusable name/],
  },
  {
    what: 'a field called constructor',
    body: turned('{', '{"constructor":{"prototype":{}},'),
    says: ['constructor', /^is no field of this/],
  },
  {
    what: 'half a character in an id',
    body: turned('"turned"', '"e\\ud83d"'),
    says: ['id', /^holds half a character/],
  },
  {
    what: 'half a character in a name',
    body: turned('"alcohol"', '"\\udc00"'),
    says: ['data.results', /^has a field whose name holds half a character/],
  },
  { what: 'a line that is cut', body: '{"specversion":"1.0",\n', headers: ndjson, says: ['', /^is not JSON/] },
  { what: 'NaN in a line', body: turned('"negative"', 'NaN'), headers: ndjson, says: ['', /^is not JSON/] },
  {
    what: 'a line that is not UTF-8',
    body: Buffer.from([0x7b, 0xff, 0x7d]),
    headers: ndjson,
    says: ['', /^is not UTF-8/],
  },
  {
    what: 'a line that is nested too deep',
    body: `{"data":${nested(60)}}`,
    headers: ndjson,
    says: ['', /^is nested more than 50 deep/],
  },
  { what: 'two events in a line', body: '{} {}', headers: ndjson, says: ['', /^is not JSON/] },
  {
    what: 'a box that is sealed to another key',
    body: of('sealed', {
      keyId: '0000000000000000',
      enc: 'cY109JUKUEDkCiRT7hkeG09-8f3fmhDGwpaolD1qSW4',
      nonce: 'PzOIsHyWsJc3KWP-',
      box: 'A'.repeat(704),
    }),
    says: ['data.keyId', /^is not the trial’s key/],
  },
  {
    what: 'binary mode without an id',
    body: results,
    headers: { ...ce(), 'ce-id': [] },
    says: ['id', /^not an event id/],
  },
  { what: 'binary mode without data', body: '', headers: ce(), says: ['data', /^is missing/] },
  {
    what: 'binary mode with % that is no code',
    body: results,
    headers: ce({ 'ce-id': '100%' }),
    says: ['id', /^is not percent-encoded UTF-8/],
  },
  {
    what: 'binary mode with codes that are not UTF-8',
    body: results,
    headers: ce({ 'ce-id': '%ff' }),
    says: ['id', /^is not percent-encoded UTF-8/],
  },
  {
    what: 'binary mode with letters beyond ASCII',
    body: results,
    headers: ce({ 'ce-id': 'é' }),
    says: ['id', /^is not percent-encoded UTF-8/],
  },
  {
    what: 'binary mode with data in a header',
    body: results,
    headers: ce({ 'ce-data': '{}' }),
    says: ['data', /^stands in a header/],
  },
  {
    what: 'binary mode with an unknown attribute',
    body: results,
    headers: ce({ 'ce-patientname': 'N. N.' }),
    says: ['patientname', /^is no field of this/],
  },
  {
    what: 'binary mode with a result given twice',
    body: '{"results":{"alcohol":"negative"},"results":{}}',
    headers: ce(),
    says: ['data.results', /^is given twice/],
  },
];

type Refused = Omit<Bad, 'says'> & {
  readonly status: number;
  readonly code: string;
  readonly says: RegExp;
  readonly listed?: true;
};

/** Each is a request of which nothing can be taken in. */
const badRequests: readonly Refused[] = [
  { what: 'no body', body: '', status: 400, code: 'unreadable', says: /is empty/ },
  { what: 'blanks alone', body: ' \n ', status: 400, code: 'unreadable', says: /is not JSON/, listed: true },
  {
    what: 'half an event',
    body: '{"specversion":',
    status: 400,
    code: 'unreadable',
    says: /is not JSON/,
    listed: true,
  },
  {
    what: 'NaN',
    body: turned('"negative"', 'NaN'),
    status: 400,
    code: 'unreadable',
    says: /is not JSON/,
    listed: true,
  },
  { what: 'single quotes', body: "{'id':'1'}", status: 400, code: 'unreadable', says: /is not JSON/, listed: true },
  { what: 'a comment', body: '{/* an event */}', status: 400, code: 'unreadable', says: /is not JSON/, listed: true },
  {
    what: 'lines that are said to be one event',
    body: '{}\n{}',
    status: 400,
    code: 'unreadable',
    says: /is not JSON/,
    listed: true,
  },
  { what: 'XML', body: '<event/>', status: 400, code: 'unreadable', says: /is not JSON/, listed: true },
  { what: 'a form', body: 'a=b', status: 400, code: 'unreadable', says: /is not JSON/, listed: true },
  {
    what: 'bytes that are not UTF-8',
    body: Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    status: 400,
    code: 'unreadable',
    says: /is not UTF-8/,
    listed: true,
  },
  {
    what: 'a surrogate in bytes',
    body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    status: 400,
    code: 'unreadable',
    says: /is not UTF-8/,
    listed: true,
  },
  {
    what: 'UTF-16',
    body: Buffer.from('\ufeff{}', 'utf16le'),
    status: 400,
    code: 'unreadable',
    says: /is not UTF-8/,
    listed: true,
  },
  {
    what: 'a hundred thousand arrays in each other',
    body: nested(100_000),
    status: 400,
    code: 'unreadable',
    says: /is nested more than 50 deep/,
    listed: true,
  },
  {
    what: 'a batch that is none',
    body: {},
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    status: 400,
    code: 'unreadable',
    says: /is no JSON array/,
    listed: true,
  },
  {
    what: 'binary data that are no JSON',
    body: 'text',
    headers: ce(),
    status: 400,
    code: 'unreadable',
    says: /is not JSON/,
    listed: true,
  },
  { what: 'gzip that is none', body: '{}', headers: gzip, status: 400, code: 'unreadable', says: /is not gzip/ },
  {
    what: 'gzip that is cut',
    body: gzipSync(JSON.stringify(event())).subarray(0, 50),
    headers: gzip,
    status: 400,
    code: 'unreadable',
    says: /was cut short/,
  },
  {
    what: 'gzip in gzip',
    body: gzipSync(gzipSync('{}')),
    headers: gzip,
    status: 400,
    code: 'unreadable',
    says: /is not UTF-8/,
    listed: true,
  },
  {
    what: 'a small body that unpacks to a large one',
    body: gzipSync(Buffer.alloc(200_000_000)),
    headers: gzip,
    status: 413,
    code: 'too-large',
    says: /unpacks to more than 12000000 bytes/,
  },
  {
    what: 'a body of 13 MB',
    body: Buffer.alloc(13_000_000, 0x20),
    status: 413,
    code: 'too-large',
    says: /is larger than 12000000 bytes/,
  },
  {
    what: 'a thousand and one events',
    body: `[${'{},'.repeat(1_000)}{}]`,
    status: 413,
    code: 'too-large',
    says: /more than 1000 events/,
  },
  {
    what: 'a thousand and one lines',
    body: '{}\n'.repeat(1_001),
    headers: ndjson,
    status: 413,
    code: 'too-large',
    says: /more than 1000 events/,
  },
  {
    what: 'text',
    body: '{}',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'unknown-format',
    says: /is none of application\/json/,
  },
  {
    what: 'a content type that is none',
    body: '{}',
    headers: { 'content-type': '///' },
    status: 415,
    code: 'unknown-format',
    says: /is none of application\/json/,
  },
  {
    what: 'files of a form',
    body: '{}',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    status: 415,
    code: 'unknown-format',
    says: /is none of/,
  },
  {
    what: 'another character set',
    body: '{}',
    headers: { 'content-type': 'application/json; charset=latin1' },
    status: 415,
    code: 'unknown-format',
    says: /send UTF-8/,
  },
  {
    what: 'brotli',
    body: brotliCompressSync('{}'),
    headers: { 'content-encoding': 'br' },
    status: 415,
    code: 'unknown-format',
    says: /is not gzip/,
  },
  {
    what: 'no token',
    body: event(),
    headers: { authorization: '' },
    status: 401,
    code: 'no-token',
    says: /has no token/,
  },
  {
    what: 'a password',
    body: event(),
    headers: { authorization: 'Basic aGk6aGk=' },
    status: 401,
    code: 'no-token',
    says: /has no token/,
  },
  {
    what: 'an invented token',
    body: event(),
    headers: { authorization: `Bearer hf_000000000000_${'A'.repeat(43)}` },
    status: 401,
    code: 'no-token',
    says: /is not known here/,
  },
  { what: 'a revoked token', body: event(), token: 'revoked', status: 401, code: 'no-token', says: /was revoked/ },
  {
    what: 'a coordinator’s token',
    body: event(),
    token: 'coordinator',
    status: 403,
    code: 'not-allowed',
    says: /sends no events/,
  },
];

const eventsHeld = async () =>
  (await server.log.ends(topicsOf(protocol()).events.name)).reduce((sum, end) => sum + end, 0);
async function listedBy(request: unknown) {
  const all = [...(await readRejections(server.log, protocol())), ...(await readRejections(server.log, undefined))];
  return all.filter(({ where }) => where.includes(String(request)));
}
const optionsOf = ({ token = 'site', headers = {} }: Pick<Bad, 'token' | 'headers'>): PostOptions => ({
  token: server.tokens[token],
  headers,
});

/** The next event is taken in as if nothing had been. */
async function stillAnswers(held: number) {
  expect(await eventsHeld()).toBe(held);
  expect((await server.post(event())).status).toBe(202);
  expect(await eventsHeld()).toBe(held + 1);
}

describe('a bad event', () => {
  test.each(badEvents)('is rejected, for a reason, and listed: $what', async (bad) => {
    const held = await eventsHeld();
    const { status, body, headers, text } = await server.post(bad.body, optionsOf(bad));
    const [path, message] = bad.says;
    expect([status, body.verdicts]).toEqual([
      422,
      [
        {
          index: 0,
          id: body.verdicts?.[0]?.id,
          verdict: 'rejected',
          problems: expect.arrayContaining([{ path, message: expect.stringMatching(message) }]),
        },
      ],
    ]);
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toContain(secret);
    const listed = await listedBy(headers['x-request-id']);
    expect(listed).toEqual([expect.objectContaining({ from: sourceOfToken[bad.token ?? 'site'] })]);
    expect(listed[0]?.problems).toEqual(
      expect.arrayContaining([expect.objectContaining({ message: expect.stringMatching(message) })]),
    );
    await stillAnswers(held);
  });
});

describe('a bad request', () => {
  test.each(badRequests)('is refused, for a reason: $what', async (bad) => {
    const held = await eventsHeld();
    const { status, body, headers } = await server.post(bad.body, optionsOf(bad));
    expect([status, body]).toEqual([
      bad.status,
      { error: { code: bad.code, message: expect.stringMatching(bad.says) } },
    ]);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
    expect(await listedBy(headers['x-request-id'])).toHaveLength(bad.listed === true ? 1 : 0);
    await stillAnswers(held);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'] as const)('that is a %s is told how events come', async (method) => {
    const answer = await server.app.inject({ method, url: '/v1/events' });
    expect([answer.statusCode, answer.headers.allow, answer.json().error.code]).toEqual([
      405,
      'POST',
      'no-such-method',
    ]);
  });
});

test('nothing of what was sent stands in the log of the server, and no closed value in what blinded people may read', async () => {
  const lines = server.logged.join('');
  for (const sent of [secret, 'GB-01-0042', 'N. N.', 'Jane', 'negative', 'khat']) expect(lines).not.toContain(sent);
  for (const token of Object.values(server.tokens)) expect(lines).not.toContain(token.slice(-43));
  expect((await server.recordsOf(topicsOf(protocol()).rejected.name)).join('')).not.toContain(secret);
  expect((await server.recordsOf('rejected')).join('')).not.toContain(secret);
});
