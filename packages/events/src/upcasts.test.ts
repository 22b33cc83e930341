import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalEvent, canonicalJson, contentOf, sha256 } from './canonical.ts';
import { type HoldfastEvent, parseEvent } from './event.ts';
import { isOlder, type Upcasts, upcast, upcasts } from './upcasts.ts';

// Two versions that never were: a screen of one substance, and before that one that knew yes and no only.
const result = z.enum(['positive', 'negative']);
const older: Upcasts = new Map([
  [
    'org.holdfast.urine-screen.v0',
    {
      data: z.strictObject({ substance: z.string(), result }),
      next: (data) => {
        const { substance, result } = data as { substance: string; result: string };
        return { type: 'org.holdfast.urine-screen.v1', data: { results: { [substance]: result } } };
      },
    },
  ],
  [
    'org.holdfast.drug-test.v1',
    {
      data: z.strictObject({ substance: z.string(), found: z.boolean() }),
      next: (data) => {
        const { substance, found } = data as { substance: string; found: boolean };
        return {
          type: 'org.holdfast.urine-screen.v0',
          data: { substance, result: found ? 'positive' : 'negative' },
        };
      },
    },
  ],
]);

const time = '2026-03-02T10:15:00+00:00';
const envelope = {
  specversion: '1.0',
  id: '1',
  source: '/trials/T/sites/GB-01',
  subject: 'GB-01-0042',
  time,
  recordedtime: time,
};
const v0 = (data: unknown) => ({ ...envelope, type: 'org.holdfast.urine-screen.v0', data });
const drugTest = (data: unknown) => ({ ...envelope, type: 'org.holdfast.drug-test.v1', data });
const correctionTo = ({ type, data }: { type: string; data: unknown }) => ({
  ...envelope,
  type: 'org.holdfast.correction.v1',
  data: { target: { source: envelope.source, id: '0' }, reason: 'typo', by: 'monitor', event: { type, time, data } },
});

const substance = fc.constantFrom('alcohol', 'cocaine', 'constructor');
const anyOlder = fc
  .oneof(
    fc.record({ substance, result: fc.constantFrom('positive', 'negative') }, { noNullPrototype: true }).map(v0),
    fc.record({ substance, found: fc.boolean() }, { noNullPrototype: true }).map(drugTest),
  )
  .chain((event) => fc.constantFrom(event, correctionTo(event)));

describe('an event of an older version', () => {
  test('comes out as the current version says it, however old, also as what a correction puts in place', () => {
    const current = { type: 'org.holdfast.urine-screen.v1', data: { results: { cocaine: 'positive' } } };
    for (const event of [
      v0({ substance: 'cocaine', result: 'positive' }),
      drugTest({ substance: 'cocaine', found: true }),
    ]) {
      expect(parseEvent(event, older)).toEqual({ ok: true, value: { ...envelope, ...current } });
      expect(parseEvent(correctionTo(event), older)).toEqual({ ok: true, value: correctionTo(current) });
    }
  });

  test('is judged by its own version, where it stands', () => {
    const problems = (event: unknown) => {
      const parsed = parseEvent(event, older);
      return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} ${message}`);
    };
    const wrong = drugTest({ substance: 'cocaine', found: 'yes' });
    expect(problems(wrong)).toEqual(['data.found must be a boolean']);
    expect(problems(correctionTo(wrong))).toEqual(['data.event.data.found must be a boolean']);
    expect(problems(drugTest(undefined))).toEqual(['data is missing; give an object']);
    expect(problems({ ...v0({ substance: 'cocaine', result: 'positive' }), subject: 'Jane Doe' })).toHaveLength(1);
    // What an older version let pass and the current one does not is refused in the current one's words.
    expect(problems(v0({ substance: 'A B', result: 'positive' }))[0]).toMatch(
      /^data\.results\.A B has an unusable name/,
    );
  });

  test('keeps its identity: what is stored and hashed is what was received, and reading it gives the same every time', () => {
    fc.assert(
      fc.property(
        anyOlder,
        fc.constantFrom('2026-07-01T08:00:00.000Z', '2030-01-01T00:00:00.000Z'),
        (event, received) => {
          const text = canonicalEvent(event as unknown as HoldfastEvent, received);
          expect(sha256(contentOf(text))).toBe(sha256(canonicalJson(event)));
          const { receivedtime: _, ...read } = upcast(JSON.parse(text), older);
          expect({ ok: true, value: read }).toEqual(parseEvent(event, older));
        },
      ),
    );
  });

  test('is left as it was given: an upcast changes nothing in place', () => {
    fc.assert(
      fc.property(anyOlder, (event) => {
        const before = structuredClone(event);
        expect(upcast(event, older)).not.toBe(event);
        expect(event).toEqual(before);
      }),
    );
  });

  test('is of no type that is known, where nobody knows that version', () => {
    const parsed = parseEvent(v0({ substance: 'cocaine', result: 'positive' }));
    expect(parsed).toMatchObject({ ok: false, problems: [{ path: 'type' }] });
  });
});

test('what is current passes untouched, and is the same object', () => {
  const event = { ...envelope, type: 'org.holdfast.visit-attended.v1', data: {} };
  for (const one of [event, correctionTo(event), { ...event, type: 'constructor' }]) {
    expect(isOlder(one, older)).toBe(false);
    expect(upcast(one, older)).toBe(one);
  }
  const parsed = parseEvent(event, older);
  expect(parsed.ok && parsed.value).toBe(event);
});

test('never throws, whatever it is given', () => {
  const type = fc.constantFrom(...older.keys(), 'org.holdfast.correction.v1');
  fc.assert(
    fc.property(type, fc.anything(), fc.anything(), (type, data, inner) => {
      for (const event of [{ ...envelope, type, data }, correctionTo({ type, data: inner })])
        expect(parseEvent(event, older).ok).toBeTypeOf('boolean');
    }),
  );
});

test('every older version that Holdfast knows leads to a current one', () => {
  for (const type of upcasts.keys()) expect(type).toMatch(/^org\.holdfast\.[a-z-]+\.v\d+$/);
});
