import fc from 'fast-check';
import { expect, test } from 'vitest';
import { armTokens, plainArms } from './arm-tokens.ts';
import { createTrialKey, parseKeyFile, serialiseKey, UnusableKey } from './keys.ts';

const { key } = await createTrialKey('KARE-2');
const other = await createTrialKey('KARE-3');
const names = armTokens(key, 'KARE-2');
const anyArm = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
const arms = ['ketamine+KARE', 'ketamine+education', 'saline+KARE', 'saline+education'];

test('the holder of the key names each arm from its token, and nothing else', () => {
  for (const arm of arms) expect(names.name(names.token(arm), arms)).toBe(arm);
  expect(names.name(names.token('placebo'), arms)).toBeUndefined();
  expect(names.name('ketamine+KARE', arms)).toBeUndefined();
  expect(names.name('', arms)).toBeUndefined();
});

test('a token is 22 characters of base64url, whatever the arm', () => {
  fc.assert(
    fc.property(anyArm, (arm) => {
      expect(names.token(arm)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    }),
  );
});

test('a token does not contain the arm', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{5,22}$/), (arm) => {
      expect(names.token(arm).toLowerCase()).not.toContain(arm.toLowerCase());
    }),
  );
});

test('different arms have different tokens', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 8 }), (some) => {
      expect(new Set(some.map(names.token)).size).toBe(some.length);
    }),
  );
});

test('the tokens of two trials differ, also under one and the same private key', () => {
  const sameSecret = parseKeyFile(serialiseKey(key).replace('KARE-2', 'KARE-4'), 'k');
  for (const elsewhere of [armTokens(other.key, 'KARE-3'), armTokens(sameSecret, 'KARE-4')]) {
    fc.assert(
      fc.property(fc.string(), (arm) => {
        expect(elsewhere.token(arm)).not.toBe(names.token(arm));
      }),
    );
    expect(elsewhere.name(names.token('ketamine+KARE'), arms)).toBeUndefined();
  }
});

test('a key read back from its file makes the same tokens', () => {
  const again = armTokens(parseKeyFile(serialiseKey(key), 'k'), 'KARE-2');
  expect(arms.map(again.token)).toEqual(arms.map(names.token));
});

test('the key of another trial cannot name arms', () => {
  expect(() => armTokens(key, 'KARE-3')).toThrow(UnusableKey);
});

test('in an open-label trial an arm is its own token', () => {
  expect(plainArms.token('naltrexone')).toBe('naltrexone');
  expect(plainArms.name('naltrexone', ['naltrexone', 'buprenorphine'])).toBe('naltrexone');
  expect(plainArms.name('placebo', ['naltrexone', 'buprenorphine'])).toBeUndefined();
});
