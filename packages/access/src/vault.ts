import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { armTokens, plainArms } from './arm-tokens.ts';
import { rawPrivateKey, type TrialKey } from './keys.ts';

/** How a shard's file keeps what is closed: sealed evidence in cipher, arms as tokens that only the key can name (equal tokens are equal arms). */
export interface Vault {
  protect(text: string): Uint8Array;
  /** What `protect` was given. Throws if the bytes were changed or protected with another key. */
  reveal(bytes: Uint8Array): string;
  armToken(arm: string): string;
  /** The arm, of the trial's arms, that a token stands for; `undefined` if for none of them. */
  armName(token: string, arms: readonly string[]): string | undefined;
}

const NONCE = 12;
const TAG = 16;

/** The vault of a double-blind trial (AES-256-GCM under a key derived from the trial's private key). */
export function trialVault(key: TrialKey): Vault {
  const names = armTokens(key, key.trial);
  const secret = Buffer.from(rawPrivateKey(key.privateKey), 'base64url');
  const restKey = Buffer.from(hkdfSync('sha256', secret, '', 'holdfast evidence at rest/1', 32));
  return {
    protect(text) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', restKey, nonce, { authTagLength: TAG });
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    reveal(bytes) {
      const decipher = createDecipheriv('aes-256-gcm', restKey, bytes.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAuthTag(bytes.subarray(-TAG));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString('utf8');
    },
    armToken: (arm) => names.token(arm),
    armName: (token, arms) => names.name(token, arms),
  };
}

/** The vault of an open-label trial, which hides nothing. */
export const openVault: Vault = {
  protect: (text) => Buffer.from(text, 'utf8'),
  reveal: (bytes) => Buffer.from(bytes).toString('utf8'),
  armToken: (arm) => plainArms.token(arm),
  armName: (token, arms) => plainArms.name(token, arms),
};
