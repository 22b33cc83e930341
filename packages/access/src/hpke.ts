import { createHash } from 'node:crypto';
import type { CipherSuite } from '@hpke/core';
import { base64urlBytes } from './base64url.ts';
import { keyIdOf, type PublishedKey, rawPrivateKey, type TrialKey, UnusableKey } from './keys.ts';

const CONTENT_KEY = Buffer.from('holdfast content key');

let loading: Promise<CipherSuite> | undefined;

/** RFC 9180 with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Loaded at first use: most commands never seal. */
function cipherSuite(): Promise<CipherSuite> {
  loading ??= import('@hpke/core').then(
    ({ Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 }) =>
      new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
  );
  return loading;
}

/** Binds the derived keys to their purpose and trial. A hash, because the library takes at most 128 bytes. */
function info({ trial, publicKey }: PublishedKey): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(['holdfast-seal/1', trial, publicKey]))
    .digest();
}

/**
 * A new AES-256 key for one sealing process, and `enc`, from which the holder of the private key derives the same key.
 * @throws UnusableKey if the published key is damaged
 */
export async function encapsulated(to: PublishedKey): Promise<{ enc: string; contentKey: Buffer }> {
  const publicKey = base64urlBytes(to.publicKey, 32);
  if (publicKey === undefined || keyIdOf(to.publicKey) !== to.keyId) {
    throw new UnusableKey(`the published key ${to.keyId} of trial ${to.trial} is damaged; publish the key again`);
  }
  const suite = await cipherSuite();
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey);
    const context = await suite.createSenderContext({ recipientPublicKey, info: info(to) });
    const contentKey = Buffer.from(await context.export(CONTENT_KEY, 32));
    return { enc: Buffer.from(context.enc).toString('base64url'), contentKey };
  } catch (cause) {
    throw new UnusableKey(`nothing can be sealed to the published key ${to.keyId} of trial ${to.trial}`, { cause });
  }
}

/** Derives AES-256 keys from `enc`; `undefined` for an `enc` that no sealer can have made. */
export type Decapsulate = (enc: string) => Promise<Buffer | undefined>;

/** The holder's side of `encapsulated`. Any 32 bytes give some key; whether the right one shows when a box is opened. */
export function decapsulation(key: TrialKey): Decapsulate {
  const imported = async () => {
    const { kem } = await cipherSuite();
    const privateKey = await kem.deserializePrivateKey(Buffer.from(rawPrivateKey(key.privateKey), 'base64url'));
    const publicKey = await kem.deserializePublicKey(Buffer.from(key.publicKey, 'base64url'));
    return { privateKey, publicKey };
  };
  let recipientKey: ReturnType<typeof imported> | undefined;

  return async (enc) => {
    const bytes = base64urlBytes(enc, 32);
    if (bytes === undefined) return undefined;
    recipientKey ??= imported();
    const keyPair = await recipientKey;
    const suite = await cipherSuite();
    try {
      const context = await suite.createRecipientContext({ recipientKey: keyPair, enc: bytes, info: info(key) });
      return Buffer.from(await context.export(CONTENT_KEY, 32));
    } catch {
      return undefined; // a point of low order: the one way in which 32 bytes can fail
    }
  };
}
