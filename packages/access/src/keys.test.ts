import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTrialKey, keyIdOf, parseKeyFile, publishedKey, serialiseKey, UnusableKey } from './keys.ts';

const { key, published } = await createTrialKey('KARE-2');
const other = await createTrialKey('KARE-2');
const text = serialiseKey(key);
const fields: Record<string, string> = JSON.parse(text);
const privateKey = String(fields.privateKey);
const otherFields: Record<string, string> = JSON.parse(serialiseKey(other.key));

/** The message with which a key file is refused; fails if it is not refused, or refused in another way. */
function refusal(file: string): string {
  try {
    parseKeyFile(file, '/safe/kare-2.key');
  } catch (error) {
    if (error instanceof UnusableKey && error.code === 'HF_UNUSABLE_KEY') return error.message;
    throw error;
  }
  throw new Error('the key file was accepted');
}

const withField = (changed: Record<string, unknown>) => JSON.stringify({ ...fields, ...changed });

test('a key read from its file is the key that was written', () => {
  const read = parseKeyFile(text, 'k');
  expect(serialiseKey(read)).toBe(text);
  expect(publishedKey(read)).toEqual(published);
  expect(read.privateKey.equals(key.privateKey)).toBe(true);
});

test('a key file names its format, and its key by the public key', () => {
  expect(Object.keys(fields)).toEqual(['format', 'trial', 'keyId', 'publicKey', 'privateKey']);
  expect(fields).toMatchObject({ format: 'holdfast-key/1', trial: 'KARE-2', keyId: keyIdOf(published.publicKey) });
  expect(published.keyId).toMatch(/^[0-9a-f]{16}$/);
});

test('two keys of one trial differ', () => {
  expect(other.published.keyId).not.toBe(published.keyId);
});

test('the published key does not hold the private one, and neither do log lines or JSON of the whole key', () => {
  for (const shown of [inspect(published), inspect(key, { depth: 10 }), JSON.stringify(key), String(key)]) {
    expect(shown).not.toContain(privateKey);
  }
});

test('a file that an editor has given a byte-order mark and Windows line ends is read', () => {
  expect(parseKeyFile(`\uFEFF${text.replaceAll('\n', '\r\n')}`, 'k').keyId).toBe(key.keyId);
});

test('a trial without a name has no key', async () => {
  await expect(createTrialKey('')).rejects.toThrow(UnusableKey);
});

describe('a key file is refused, with its name, what is wrong and what to do, when it', () => {
  test.each<[string, string, RegExp]>([
    ['is empty', '', /empty or damaged.*backup/],
    ['is not JSON', 'BEGIN PRIVATE KEY', /damaged \(not a JSON object\).*backup/],
    ['is a list', '[]', /damaged/],
    ['is null', 'null', /damaged/],
    ['is a published key', JSON.stringify(published), /holds a published key only.*keys create/],
    ['is of another version', withField({ format: 'holdfast-key/2' }), /"holdfast-key\/2", expected "holdfast-key\/1"/],
    ['is something else', '{"name":"holdfast"}', /not a key file .*no format/],
    ['has no trial', withField({ trial: undefined }), /trial is missing.*backup/],
    ['has an empty trial', withField({ trial: '' }), /trial is missing/],
    ['has no keyId', withField({ keyId: undefined }), /keyId is missing/],
    [
      'has the keyId of another key',
      withField({ keyId: other.published.keyId }),
      /keyId is not that of its public key/,
    ],
    ['has a short private key', withField({ privateKey: privateKey.slice(2) }), /privateKey is not 32 bytes/],
    ['has no private key', withField({ privateKey: undefined }), /privateKey is not 32 bytes/],
    ['has a public key that is no text', withField({ publicKey: 7 }), /publicKey is not 32 bytes/],
    ['mixes two keys', withField({ privateKey: otherFields.privateKey }), /do not belong together.*backup/],
  ])('%s', (_, file, expected) => {
    const message = refusal(file);
    expect(message).toMatch(expected);
    expect(message).toContain('/safe/kare-2.key');
    expect(message).not.toContain(privateKey);
    expect(message).not.toContain('\n');
  });
});

test('a file cut anywhere is refused without showing the key', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length - 2 }), (length) => {
      expect(refusal(text.slice(0, length))).not.toContain(privateKey.slice(0, 8));
    }),
  );
});

test('a private key with one of the five bits flipped that X25519 ignores is damaged: its arm tokens would be others', () => {
  for (const [byte, bit] of [
    [0, 1],
    [0, 2],
    [0, 4],
    [31, 64],
    [31, 128],
  ] as const) {
    const raw = Buffer.from(privateKey, 'base64url');
    raw.writeUInt8(raw.readUInt8(byte) ^ bit, byte);
    expect(refusal(withField({ privateKey: raw.toString('base64url') }))).toMatch(/not an X25519 key/);
  }
});

test('a changed character of either key or of the key id is noticed', () => {
  const places = ['keyId', 'publicKey', 'privateKey'] as const;
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.nat(), fc.constantFrom(...'abcXYZ019-_'), (name, at, character) => {
      const value = String(fields[name]);
      const place = at % value.length;
      const changed = value.slice(0, place) + character + value.slice(place + 1);
      fc.pre(changed !== value);
      expect(refusal(withField({ [name]: changed }))).toMatch(/damaged/);
    }),
  );
});
