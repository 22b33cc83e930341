import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalEvent, canonicalJson, contentOf, sha256 } from './canonical.ts';
import type { HoldfastEvent } from './event.ts';

/** Any text a site may send, with a taste for what could be mistaken for the envelope's own fields. */
const trap = ',"receivedtime":"2026-03-02T10:15:00Z"';
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        trap,
        ',"receivedtime":"',
        '"',
        '\\',
        ',',
        '{',
        '}',
        ':',
        'receivedtime',
        '\n',
        '\u2028',
        'é',
        '😀',
      ),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join('')),
);
const instant = fc
  .date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2040-01-01') })
  .map((date) => date.toISOString());

const data = fc.dictionary(
  fc.oneof(text, fc.constantFrom('receivedtime', 'arm', 'baseline')),
  fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.dictionary(text, text)),
  { noNullPrototype: true, maxKeys: 5 },
);

/** An event as ingest stamps and writes it: the envelope's names are fixed, every value is anything. */
const event = fc.record(
  {
    specversion: fc.constant('1.0'),
    id: text,
    source: text,
    subject: text,
    type: text,
    time: instant,
    recordedtime: instant,
    datacontenttype: text,
    data,
  },
  { requiredKeys: ['specversion', 'id', 'source', 'type', 'time', 'recordedtime', 'data'], noNullPrototype: true },
);

describe('canonical JSON (RFC 8785)', () => {
  test('fields are sorted by UTF-16 code units, at every depth (the example of section 3.2.3)', () => {
    const example = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ];
    expect(Object.values(JSON.parse(canonicalJson({ ...example }).replace('"1"', '"_1"')))).toEqual(order);
    expect(canonicalJson({ b: { d: 1, c: [{ f: 2, e: 3 }] }, a: null })).toBe(
      '{"a":null,"b":{"c":[{"e":3,"f":2}],"d":1}}',
    );
  });

  test('the example of section 3.2.2 comes out as the RFC prints it', () => {
    const input = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(input)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  // Appendix B: IEEE 754 bits and how the number is written.
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('the number of bits %s is written %s', (bits, expected) => {
    const number = Buffer.from(bits, 'hex').readDoubleBE();
    expect(canonicalJson([number])).toBe(`[${expected}]`);
  });

  test.each([
    ['\b\t\n\f\r', '\\b\\t\\n\\f\\r'],
    ['\u0000\u001f', '\\u0000\\u001f'],
    ['"\\', '\\"\\\\'],
    ['/\u007f\u2028é😀', '/\u007f\u2028é😀'],
  ])('of a text only what must be is escaped: %j', (given, escaped) => {
    expect(canonicalJson([given])).toBe(`["${escaped}"]`);
  });

  test('a number that JSON does not have is refused, never written as something else', () => {
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => canonicalJson({ number })).toThrow();
  });

  test('equal values give equal text, whatever the order of their fields; it reads back as the same value', () => {
    fc.assert(
      fc.property(event, fc.nat(), (value, seed) => {
        const entries = Object.entries(value);
        const turned = Object.fromEntries([
          ...entries.slice(seed % entries.length),
          ...entries.slice(0, seed % entries.length),
        ]);
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });
});

/** An event as its schema lets it be: only id and data hold anything that JSON escapes. */
const validEvent = fc.record(
  {
    specversion: fc.constant('1.0'),
    id: text,
    source: fc.constantFrom('/trials/T-1/sites/GB-01', '/trials/T-1/randomisation', '/trials/a.b_c/sites/11/redcap'),
    subject: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/),
    type: fc.constantFrom('org.holdfast.urine-screen.v1', 'org.holdfast.use-calendar.v1'),
    time: instant,
    recordedtime: instant,
    datacontenttype: fc.constant('application/json'),
    data,
  },
  { requiredKeys: ['specversion', 'id', 'source', 'type', 'time', 'recordedtime', 'data'], noNullPrototype: true },
);

describe('the canonical text of an event', () => {
  const any = (value: object) => value as HoldfastEvent;

  test('is that of the whole, stamped with when it was received and with nothing else', () => {
    fc.assert(
      fc.property(
        validEvent,
        fc.option(instant, { nil: undefined }),
        fc.option(instant, { nil: undefined }),
        (sent, given, receivedtime) => {
          const { receivedtime: _, ...stamped } = { ...sent, receivedtime };
          const expected = canonicalJson(receivedtime === undefined ? stamped : { ...stamped, receivedtime });
          expect(canonicalEvent(any(given === undefined ? sent : { ...sent, receivedtime: given }), receivedtime)).toBe(
            expected,
          );
        },
      ),
    );
  });

  test('is the same of data that several events share', () => {
    fc.assert(
      fc.property(validEvent, text, instant, (sent, id, receivedtime) => {
        const shared = { ...sent, data: Object.freeze({ ...sent.data }) };
        for (const one of [shared, { ...shared, id }, shared]) {
          expect(canonicalEvent(any(one), receivedtime)).toBe(canonicalJson({ ...one, receivedtime }));
        }
      }),
    );
  });
});

describe('the content of an event', () => {
  test('is the whole event but the receivedtime of its envelope, whatever its texts hold', () => {
    fc.assert(
      fc.property(event, instant, (sent, receivedtime) => {
        expect(contentOf(canonicalJson({ ...sent, receivedtime }))).toBe(canonicalJson(sent));
      }),
      { numRuns: 2_000 },
    );
  });

  test('does not change when the event is received again at another time', () => {
    fc.assert(
      fc.property(event, instant, instant, (sent, once, again) => {
        expect(sha256(contentOf(canonicalJson({ ...sent, receivedtime: once })))).toBe(
          sha256(contentOf(canonicalJson({ ...sent, receivedtime: again }))),
        );
      }),
    );
  });

  test('keeps a field of the data, and a text, that is called or reads like the envelope’s receivedtime', () => {
    const sent = {
      data: { baseline: { age: 41, receivedtime: trap, site: `${trap}"\\` } },
      id: trap,
      source: '/trials/T',
      subject: `x${trap}`,
      type: 't',
    };
    const record = canonicalJson({ ...sent, receivedtime: '2026-03-02T10:15:00.000Z' });
    expect(contentOf(record)).toBe(canonicalJson(sent));
  });

  test('of a record that was never stamped is the record', () => {
    expect(contentOf('{"data":{},"id":"1"}')).toBe('{"data":{},"id":"1"}');
  });
});

test('sha256 is the SHA-256 of the UTF-8 text, in hexadecimal', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256('é')).toBe(sha256(Buffer.from([0xc3, 0xa9]).toString('utf8')));
});
