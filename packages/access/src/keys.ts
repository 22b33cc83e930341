import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { base64urlBytes } from './base64url.ts';

/** What everybody may have of a trial's key: with it anyone can seal, and nobody can open. */
export type PublishedKey = {
  readonly trial: string;
  /** First 16 hex digits of the SHA-256 of the public key. */
  readonly keyId: string;
  /** X25519 public key, 32 bytes in base64url. */
  readonly publicKey: string;
};

/** The unblinding key of a trial. Its private half is a `KeyObject`: no log line or JSON text shows it by accident. */
export type TrialKey = PublishedKey & { readonly privateKey: KeyObject };

/** `key` is given to the few who may unblind, `published` goes out with the protocol. */
export type TrialKeyPair = { readonly key: TrialKey; readonly published: PublishedKey };

/** A key cannot serve: its file is damaged or not a key file, its halves do not match, or it belongs to another trial. */
export class UnusableKey extends Error {
  readonly code = 'HF_UNUSABLE_KEY';
  override get name(): string {
    return 'UnusableKey';
  }
}

const FORMAT = 'holdfast-key/1';

/** Makes the key pair of a trial, from the operating system's randomness. */
export async function createTrialKey(trial: string): Promise<TrialKeyPair> {
  if (trial === '') throw new UnusableKey('a key needs the name of its trial');
  const generated = await promisify(generateKeyPair)('x25519');
  const privateKey = privateKeyOf(clamped(rawPrivateKey(generated.privateKey)));
  const published = { trial, ...publicHalf(privateKey) };
  return { key: { ...published, privateKey }, published };
}

/** The part of a key that may be published. */
export function publishedKey({ trial, keyId, publicKey }: TrialKey): PublishedKey {
  return { trial, keyId, publicKey };
}

/** The text of a key file: all that is needed to unblind the trial. It belongs outside the data folder, with mode 0600. */
export function serialiseKey({ trial, keyId, publicKey, privateKey }: TrialKey): string {
  const file = { format: FORMAT, trial, keyId, publicKey, privateKey: rawPrivateKey(privateKey) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Reads the text of a key file.
 * @param where the file's path or the setting's name, for the error message
 * @throws UnusableKey with what is wrong and what to do; the message never holds a part of the key
 */
export function parseKeyFile(text: string, where: string): TrialKey {
  const refuse = (what: string, remedy: string) => new UnusableKey(`key file ${where} ${what}; ${remedy}`);
  const restore = 'restore it from your backup of the key';
  const file = jsonObject(text);
  if (file === undefined) throw refuse('is empty or damaged (not a JSON object)', restore);

  if (file.format === undefined && file.privateKey === undefined && file.publicKey !== undefined) {
    throw refuse('holds a published key only', 'give the file that `keys create --out FILE` wrote');
  }
  if (file.format !== FORMAT) {
    const found = typeof file.format === 'string' ? `format ${JSON.stringify(file.format.slice(0, 40))}` : 'no format';
    throw refuse(
      `is not a key file of this version of Holdfast (${found}, expected "${FORMAT}")`,
      'give the file that `keys create --out FILE` wrote, or the Holdfast version that wrote this one',
    );
  }

  const { trial, keyId, publicKey, privateKey: secret } = file;
  if (typeof trial !== 'string' || trial === '') throw refuse('is damaged (trial is missing)', restore);
  if (typeof keyId !== 'string') throw refuse('is damaged (keyId is missing)', restore);
  if (base64urlBytes(publicKey, 32) === undefined) {
    throw refuse('is damaged (publicKey is not 32 bytes in base64url)', restore);
  }
  if (typeof secret !== 'string' || base64urlBytes(secret, 32) === undefined) {
    throw refuse('is damaged (privateKey is not 32 bytes in base64url)', restore);
  }
  if (clamped(secret) !== secret) throw refuse('is damaged (privateKey is not an X25519 key)', restore);

  const privateKey = privateKeyOf(secret);
  const derived = publicHalf(privateKey);
  if (derived.publicKey !== publicKey) {
    throw refuse('is damaged (its private and its public key do not belong together)', restore);
  }
  if (derived.keyId !== keyId) throw refuse('is damaged (keyId is not that of its public key)', restore);
  return { trial, ...derived, privateKey };
}

/** The id under which a public key (base64url) is known. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(publicKey, 'base64url').digest('hex').slice(0, 16);
}

/** The private half as it stands in a key file: 32 bytes in base64url. */
export function rawPrivateKey(privateKey: KeyObject): string {
  const { d } = privateKey.export({ format: 'jwk' });
  if (d === undefined) throw new UnusableKey('this is a public key, not a private one');
  return d;
}

/**
 * The one way to write a private key: X25519 ignores five of its bits (RFC 7748, 5), and what is derived from the bytes
 * themselves (arm tokens) would differ between two writings of one key without the public key showing it.
 */
function clamped(raw: string): string {
  const bytes = Buffer.from(raw, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(0) & 248, 0);
  bytes.writeUInt8((bytes.readUInt8(31) & 127) | 64, 31);
  return bytes.toString('base64url');
}

/** Node wants `x` in a private JWK but computes the public half itself. */
function privateKeyOf(raw: string): KeyObject {
  return createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d: raw, x: raw }, format: 'jwk' });
}

function publicHalf(privateKey: KeyObject): { keyId: string; publicKey: string } {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new UnusableKey('this is not an X25519 key');
  return { keyId: keyIdOf(x), publicKey: x };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, '')); // editors on Windows add a byte-order mark
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // no cause kept: the parser's message quotes the text, and with it the key
  }
}
