import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTrialKey, parseKeyFile, serialiseKey } from './keys.ts';
import { openVault, trialVault } from './vault.ts';

const TRIAL = 'KARE-2';
const { key } = await createTrialKey(TRIAL);
const other = await createTrialKey(TRIAL);
const vault = trialVault(key);

/** Any text that UTF-8 can hold. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.string({ unit: 'binary', minLength: 500, maxLength: 2_000 }),
);
const arms = ['ketamine+KARE', 'ketamine+education', 'saline+KARE', 'saline+education'];

describe('what a vault protects', () => {
  test('comes back as it was given', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(vault.reveal(vault.protect(given))).toBe(given);
      }),
    );
  });

  test('comes back after a restart, with the key read from its file', () => {
    const again = trialVault(parseKeyFile(serialiseKey(key), 'k'));
    fc.assert(
      fc.property(text, (given) => {
        expect(again.reveal(vault.protect(given))).toBe(given);
      }),
    );
  });

  test('comes back from bytes that are part of a larger buffer, as a database gives them', () => {
    const held = vault.protect('{"arm":"saline"}');
    const buffer = new Uint8Array(held.length + 20).fill(7);
    buffer.set(held, 9);
    expect(vault.reveal(buffer.subarray(9, 9 + held.length))).toBe('{"arm":"saline"}');
    expect(vault.reveal(Uint8Array.from(held))).toBe('{"arm":"saline"}');
  });

  test('shows nothing of the text but its length', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{6,40}$/), (given) => {
        const held = Buffer.from(vault.protect(given));
        for (const encoding of ['latin1', 'hex', 'base64'] as const) {
          expect(held.toString(encoding)).not.toContain(
            Buffer.from(given).toString(encoding).replace(/=+$/, '').slice(0, -1),
          );
        }
        expect(held.length).toBe(vault.protect('x'.repeat(given.length)).length);
      }),
    );
  });

  test('is never the same twice: equal evidence cannot be told from unequal', () => {
    const held = Array.from({ length: 100 }, () => Buffer.from(vault.protect('ketamine')).toString('hex'));
    expect(new Set(held).size).toBe(100);
    expect(new Set(held.map((hex) => hex.slice(24, 40))).size).toBe(100);
  });

  test('with any bit of it flipped is refused', () => {
    fc.assert(
      fc.property(text, fc.nat(), (given, at) => {
        const held = Buffer.from(vault.protect(given));
        const place = at % (held.length * 8);
        held.writeUInt8(held.readUInt8(place >> 3) ^ (1 << (place & 7)), place >> 3);
        expect(() => vault.reveal(held)).toThrow();
      }),
    );
  });

  test('cut short, or with something behind it, is refused', () => {
    fc.assert(
      fc.property(text, fc.nat(), (given, at) => {
        const held = vault.protect(given);
        expect(() => vault.reveal(held.subarray(0, at % held.length))).toThrow();
        expect(() => vault.reveal(Buffer.concat([held, Buffer.of(0)]))).toThrow();
      }),
    );
    expect(() => vault.reveal(new Uint8Array())).toThrow();
  });

  test('is refused to the holder of another key, even of the same trial', () => {
    const another = trialVault(other.key);
    fc.assert(
      fc.property(text, (given) => {
        expect(() => another.reveal(vault.protect(given))).toThrow();
      }),
    );
  });
});

describe('arms in a vault', () => {
  test('have one token each, always the same one, that does not say which it is', () => {
    const again = trialVault(parseKeyFile(serialiseKey(key), 'k'));
    for (const arm of arms) {
      expect(vault.armToken(arm)).toBe(again.armToken(arm));
      expect(vault.armToken(arm)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    }
    expect(new Set(arms.map(vault.armToken)).size).toBe(arms.length);
  });

  test('are named from their tokens with the right key only', () => {
    const another = trialVault(other.key);
    for (const arm of arms) {
      expect(vault.armName(vault.armToken(arm), arms)).toBe(arm);
      expect(another.armName(vault.armToken(arm), arms)).toBeUndefined();
      expect(another.armToken(arm)).not.toBe(vault.armToken(arm));
    }
    expect(vault.armName(vault.armToken('placebo'), arms)).toBeUndefined();
    expect(vault.armName('saline+KARE', arms)).toBeUndefined();
  });
});

describe('the vault of an open-label trial', () => {
  test('hides nothing, and gives everything back', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(Buffer.from(openVault.protect(given)).toString()).toBe(given);
        expect(openVault.reveal(openVault.protect(given))).toBe(given);
      }),
    );
    expect(openVault.armToken('naltrexone')).toBe('naltrexone');
    expect(openVault.armName('naltrexone', ['naltrexone'])).toBe('naltrexone');
    expect(openVault.armName('placebo', ['naltrexone'])).toBeUndefined();
  });
});
