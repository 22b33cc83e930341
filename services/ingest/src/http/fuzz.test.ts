import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { topicsOf } from '@holdfast/trials';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examples, protocol, type TestServer, testServer } from './fixtures/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ limits: { requestsPerMinute: 1_000_000 } });
});
afterAll(() => server.close());

const folder = join(examples, 'events');
const valid = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object);

type Steps = readonly (string | number)[];
/** Every place in a value. */
function placesIn(value: unknown, steps: Steps = []): Steps[] {
  if (typeof value !== 'object' || value === null) return [steps];
  return [steps, ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner, [...steps, name]))];
}
/** The value with another one (or none) at a place. */
function withAt(value: unknown, [step, ...rest]: Steps, other: unknown): unknown {
  if (step === undefined) return other;
  const copy: object = Array.isArray(value) ? [...value] : { ...(value as object) };
  return Object.assign(copy, { [step]: withAt(Reflect.get(copy, step), rest, other) });
}

const hostile = fc.constantFrom<unknown>(
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    '__proto__',
    '-1',
    '2026-13-45',
    '9999-12-31T23:59:60Z',
    'x'.repeat(5_000),
    'Ünï\u202e',
  ],
  ...[0, -1, 1e308, -0, 0.1, 2 ** 53, null, true, undefined, [], {}, [[]], { constructor: 1 }],
);
const anything = fc.oneof(hostile, hostile, fc.jsonValue({ maxDepth: 3 }), fc.date({ noInvalidDate: true }));
const mutated = fc.constantFrom(...valid).chain((example) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...placesIn(example)),
        fc.oneof(fc.string({ maxLength: 20 }), fc.constant('')),
        anything,
      ),
      { maxLength: 3 },
    )
    .map((changes) =>
      // In turn: set a place to something, or give it one field more.
      changes.reduce<unknown>(
        (event, [place, name, other]) => withAt(event, name === '' ? place : [...place, name], other),
        example,
      ),
    ),
);
/** The text of it, perhaps damaged. */
const text = fc
  .tuple(mutated, fc.option(fc.tuple(fc.nat(2_000), fc.nat(3), fc.string({ maxLength: 3 })), { freq: 6 }))
  .map(([event, damage]) => {
    const whole = JSON.stringify(event) ?? '';
    if (damage === null) return whole;
    const [at, cut, put] = damage;
    return whole.slice(0, at) + put + whole.slice(at + cut);
  });

const request = fc.record({
  texts: fc.array(text, { minLength: 1, maxLength: 8 }),
  form: fc.constantFrom('lines', 'lines', 'array', 'batch', 'single'),
  packed: fc.boolean(),
  token: fc.constantFrom('site', 'randomisation', 'otherSite'),
});
const types = {
  lines: 'application/x-ndjson',
  array: 'application/json',
  batch: 'application/cloudevents-batch+json',
  single: 'application/cloudevents+json',
} as const;

test('whatever is made of valid events is judged, never a defect; exactly what is accepted is in the log', async () => {
  const { events } = topicsOf(protocol());
  const held = async () => (await server.log.ends(events.name)).reduce((sum, end) => sum + end, 0);
  const seen = { accepted: 0, rejected: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(request, async ({ texts, form, packed, token }) => {
      const before = await held();
      const plain = form === 'lines' ? texts.join('\n') : form === 'single' ? (texts[0] ?? '') : `[${texts.join(',')}]`;
      const { status, body } = await server.post(packed ? gzipSync(plain) : plain, {
        token: server.tokens[token],
        headers: { 'content-type': types[form], ...(packed ? { 'content-encoding': 'gzip' } : {}) },
      });
      expect([202, 207, 422, 400]).toContain(status);
      const { verdicts = [] } = body;
      const accepted = verdicts.filter(({ verdict }) => verdict === 'accepted');
      expect(await held()).toBe(before + accepted.length);
      for (const { verdict, problems = [] } of verdicts) expect(problems.length > 0).toBe(verdict === 'rejected');
      seen.accepted += accepted.length;
      seen.rejected += verdicts.length - accepted.length;
      seen.refused += status === 400 ? 1 : 0;
    }),
    { numRuns: 400 },
  );
  // The attack goes where it should: some of each.
  expect(Math.min(seen.accepted, seen.rejected, seen.refused)).toBeGreaterThan(5);
});
