import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTrialKey, UnusableKey } from './keys.ts';
import { opener } from './open.ts';
import { sealer } from './seal.ts';
import { type EventIdentity, padded, type SealedBox, UnreadableBox, unpadded } from './sealed-box.ts';

const TRIAL = 'KARE-2';
const { key, published } = await createTrialKey(TRIAL);
const other = await createTrialKey(TRIAL);
const sealing = await sealer(published);
const opening = opener(key);

const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)), // also lone surrogates
);
const identity: fc.Arbitrary<EventIdentity> = fc.record({
  trial: fc.constant(TRIAL),
  source: anyText,
  id: anyText,
  subject: anyText,
});
const content = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 450, maxLength: 1600 }));
const someone: EventIdentity = {
  trial: TRIAL,
  source: '/trials/KARE-2/sites/GB-01',
  id: '01JD',
  subject: 'GB-01-0042',
};
const bytes = (text: string) => new TextEncoder().encode(text);

/** Why a box is not read; fails if it is read, or refused in any other way than by an `UnreadableBox`. */
async function refusal(of: EventIdentity, box: SealedBox, by = opening): Promise<string> {
  try {
    await by.open(of, box);
  } catch (error) {
    if (error instanceof UnreadableBox && error.code === 'HF_UNREADABLE_BOX') return error.reason;
    throw error;
  }
  throw new Error('the box was opened');
}

const bitFlipped = (text: string, at: number): string => {
  const changed = Buffer.from(text, 'base64url');
  const place = at % (changed.length * 8);
  changed.writeUInt8(changed.readUInt8(place >> 3) ^ (1 << (place & 7)), place >> 3);
  return changed.toString('base64url');
};

test('any content of any event comes back as it was sealed', async () => {
  await fc.assert(
    fc.asyncProperty(identity, content, async (who, what) => {
      const box = sealing.seal(who, what);
      expect(Buffer.from(await opening.open(who, box)).equals(what)).toBe(true);
      expect(opening.openKnown(who, box)?.length).toBe(what.length);
    }),
  );
});

test('the sealer leaves the content it was given as it is', () => {
  const what = bytes('{"arm":"ketamine"}');
  sealing.seal(someone, what);
  expect(what).toEqual(bytes('{"arm":"ketamine"}'));
});

test('what is opened later does not change what was opened before', async () => {
  const first = await opening.open(someone, sealing.seal(someone, bytes('first')));
  await opening.open(someone, sealing.seal(someone, bytes('later')));
  expect(Buffer.from(first).toString()).toBe('first');
});

test('a box with any bit of it flipped is refused', async () => {
  const fields = fc.constantFrom('enc', 'nonce', 'box') satisfies fc.Arbitrary<keyof SealedBox>;
  await fc.assert(
    fc.asyncProperty(content, fields, fc.nat(), async (what, field, at) => {
      const box = sealing.seal(someone, what);
      expect(await refusal(someone, { ...box, [field]: bitFlipped(box[field], at) })).toBe('not-authentic');
    }),
  );
});

test('a box with any character of it changed is refused, even if a lenient decoder would read the same bytes', async () => {
  const fields = fc.constantFrom('keyId', 'enc', 'nonce', 'box') satisfies fc.Arbitrary<keyof SealedBox>;
  const anyPlace = fc.oneof(fc.nat(), fc.constant(-1)); // the last character is the one with spare bits
  await fc.assert(
    fc.asyncProperty(fields, anyPlace, fc.constantFrom(...'abcXYZ019-_+/= \n'), async (field, at, character) => {
      const box = sealing.seal(someone, bytes('dose'));
      const place = at < 0 ? box[field].length - 1 : at % box[field].length;
      const changed = box[field].slice(0, place) + character + box[field].slice(place + 1);
      fc.pre(changed !== box[field]);
      await refusal(someone, { ...box, [field]: changed });
    }),
  );
});

test('no other writing of the same bytes is accepted', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twoSteps = new Uint8Array(600); // unlike one step, these do not fill the last character
  const box = sealing.seal(someone, twoSteps);
  for (const field of ['enc', 'nonce', 'box'] as const) {
    const text = box[field];
    const bytesOf = (of: string) => Buffer.from(of, 'base64url').toString('hex');
    const others = [
      ...[...alphabet].map((last) => text.slice(0, -1) + last),
      ...['=', '==', '\n', ' ', '*'].flatMap((more) => [
        text + more,
        more + text,
        text.slice(0, 4) + more + text.slice(4),
      ]),
      text.replaceAll('-', '+').replaceAll('_', '/'),
    ].filter((other) => other !== text && bytesOf(other) === bytesOf(text));
    expect(others.length).toBeGreaterThan(3);
    for (const other of others) expect(await refusal(someone, { ...box, [field]: other })).toBe('malformed');
  }
});

test('a box cut or lengthened anywhere is refused', async () => {
  const fields = fc.constantFrom('keyId', 'enc', 'nonce', 'box') satisfies fc.Arbitrary<keyof SealedBox>;
  await fc.assert(
    fc.asyncProperty(fields, fc.nat(), fc.boolean(), async (field, at, longer) => {
      const box = sealing.seal(someone, bytes('dose'));
      const changed = longer ? `${box[field]}AAAA` : box[field].slice(0, at % box[field].length);
      await refusal(someone, { ...box, [field]: changed });
    }),
  );
});

test('a box moved to any other event is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      identity,
      fc.record({ trial: anyText, source: anyText, id: anyText, subject: anyText }),
      async (a, b) => {
        fc.pre(a.trial !== b.trial || a.source !== b.source || a.id !== b.id || a.subject !== b.subject);
        expect(await refusal(b, sealing.seal(a, bytes('dose')))).toBe('not-authentic');
      },
    ),
  );
});

test.each(['trial', 'source', 'id', 'subject'] as const)('a box with another %s is refused', async (field) => {
  const box = sealing.seal(someone, bytes('dose'));
  expect(await refusal({ ...someone, [field]: `${someone[field]}x` }, box)).toBe('not-authentic');
});

test('letters that move from one field of the identity to the next make another event', async () => {
  for (const between of ['', ',', '","', '\n', '\0', '/', '|', ' ']) {
    const box = sealing.seal({ ...someone, id: `a${between}b`, subject: 'c' }, bytes('dose'));
    expect(await refusal({ ...someone, id: 'a', subject: `b${between}c` }, box)).toBe('not-authentic');
  }
});

test('a box sealed to another key of the same trial is refused by name, and unreadable if it claims our key', async () => {
  const box = (await sealer(other.published)).seal(someone, bytes('dose'));
  expect(await refusal(someone, box)).toBe('other-key');
  expect(await refusal(someone, { ...box, keyId: key.keyId })).toBe('not-authentic');
});

test('an enc that no sealer makes is malformed, also for the batch', async () => {
  for (const enc of ['', 'AAAA', Buffer.alloc(32).toString('base64url')]) {
    const box = { ...sealing.seal(someone, bytes('dose')), enc };
    expect(await refusal(someone, box)).toBe('malformed');
    await opening.prepare(enc);
    expect(() => opening.openKnown(someone, box)).toThrow(UnreadableBox);
  }
});

describe('the size of a box', () => {
  const size = (length: number) => Buffer.from(sealing.seal(someone, new Uint8Array(length)).box, 'base64url').length;

  test('tells only how many times 512 bytes the content with its prefix fills', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), (n) => {
        expect(size(n)).toBe(Math.ceil((n + 4) / 512) * 512 + 16);
      }),
    );
  });

  test('is the same for nothing and for 508 bytes, and one step more for 509', () => {
    expect([size(0), size(508), size(509)]).toEqual([528, 528, 1040]);
  });
});

test('of two contents of one size class, all but enc, nonce and box is equal, and so are all lengths', async () => {
  const sameClass = fc.integer({ min: 1, max: 3 }).chain((steps) => {
    const one = fc.uint8Array({ minLength: steps * 512 - 515, maxLength: steps * 512 - 4 });
    return fc.tuple(
      steps === 1 ? fc.uint8Array({ maxLength: 508 }) : one,
      steps === 1 ? fc.uint8Array({ maxLength: 508 }) : one,
    );
  });
  const another = await sealer(published);
  fc.assert(
    fc.property(identity, sameClass, (who, [a, b]) => {
      const seen = ({ enc, nonce, box, ...outside }: SealedBox) => ({
        outside,
        lengths: [enc.length, nonce.length, box.length],
      });
      expect(JSON.stringify(seen(sealing.seal(who, a)))).toBe(JSON.stringify(seen(another.seal(who, b))));
    }),
  );
});

test('the same content sealed twice looks different each time', () => {
  const boxes = Array.from({ length: 500 }, () => sealing.seal(someone, bytes('dose')));
  expect(new Set(boxes.map((b) => b.nonce)).size).toBe(500);
  expect(new Set(boxes.map((b) => b.box)).size).toBe(500);
});

describe('an opener', () => {
  test('opens at once what it was prepared for, and says so when it was not', async () => {
    const fresh = opener(key);
    const box = sealing.seal(someone, bytes('dose'));
    expect(fresh.openKnown(someone, box)).toBeUndefined();
    await fresh.prepare(box.enc);
    expect(Buffer.from(fresh.openKnown(someone, box) ?? []).toString()).toBe('dose');
  });

  test('reads boxes of any number of sealers at the same time, though it remembers few', async () => {
    const few = opener(key, { remembered: 2 });
    const sealers = await Promise.all(Array.from({ length: 5 }, () => sealer(published)));
    const boxes = sealers.flatMap((s) => [s.seal(someone, bytes('dose')), s.seal(someone, bytes('dose'))]);
    const contents = await Promise.all(boxes.map((box) => few.open(someone, box)));
    expect(contents.map((c) => Buffer.from(c).toString())).toEqual(boxes.map(() => 'dose'));
    expect(boxes.filter((box) => few.openKnown(someone, box) !== undefined)).toHaveLength(4);
  });

  test('forgets the sealer that was not used for longest', async () => {
    const few = opener(key, { remembered: 2 });
    const [a, b, c] = await Promise.all([sealer(published), sealer(published), sealer(published)]);
    const [ofA, ofB, ofC] = [a, b, c].map((s) => s.seal(someone, bytes('dose')));
    if (ofA === undefined || ofB === undefined || ofC === undefined) throw new Error('three boxes');
    await few.prepare(ofA.enc);
    await few.prepare(ofB.enc);
    few.openKnown(someone, ofA);
    await few.prepare(ofC.enc);
    expect([ofA, ofB, ofC].map((box) => few.openKnown(someone, box) !== undefined)).toEqual([true, false, true]);
  });
});

describe('a sealer', () => {
  test('does not seal an event of another trial', () => {
    expect(() => sealing.seal({ ...someone, trial: 'KARE-3' }, bytes('dose'))).toThrow(UnusableKey);
  });

  test('stops after as many boxes as random nonces are safe for', async () => {
    const short = await sealer(published, { mostBoxes: 2 });
    short.seal(someone, bytes('dose'));
    short.seal(someone, bytes('dose'));
    expect(() => short.seal(someone, bytes('dose'))).toThrow(/make a new one/);
  });

  test.each([
    ['is cut', { ...published, publicKey: published.publicKey.slice(1) }],
    ['is not that of its id', { ...published, publicKey: other.published.publicKey }],
    // Of this point everybody knows the shared secret.
    ['is zero', { trial: TRIAL, keyId: '66687aadf862bd77', publicKey: 'A'.repeat(43) }],
  ])('cannot be made when the published key %s', async (_, damaged) => {
    await expect(sealer(damaged)).rejects.toThrow(UnusableKey);
  });
});

test('padding that a sealer does not make is not taken off', () => {
  const plain = padded(bytes('dose'));
  const with_ = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(plain);
    change(copy);
    return unpadded(copy);
  };
  expect(with_(() => {})).toEqual(bytes('dose'));
  expect(with_((copy) => copy.writeUInt32BE(0xffffffff))).toBeUndefined();
  expect(with_((copy) => copy.writeUInt32BE(509))).toBeUndefined();
  expect(with_((copy) => copy.writeUInt8(1, 511))).toBeUndefined();
  expect(unpadded(Buffer.concat([plain, Buffer.alloc(512)]))).toBeUndefined();
  expect(unpadded(Buffer.alloc(0))).toBeUndefined();
});
