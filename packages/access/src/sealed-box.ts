/** What makes an event that event. It stands in clear, and a box opens under the identity it was sealed for only. */
export type EventIdentity = {
  readonly trial: string;
  readonly source: string;
  readonly id: string;
  readonly subject: string;
};

/** The sealed content of one event. But for its size class it says nothing about what is in it. */
export type SealedBox = {
  /** Which key opens it. */
  readonly keyId: string;
  /** From this the holder of the key derives the content key (HPKE, base64url); one for all boxes of a sealing process. */
  readonly enc: string;
  /** 96 random bits, base64url. */
  readonly nonce: string;
  /** AES-256-GCM ciphertext and tag, base64url. */
  readonly box: string;
};

/**
 * Why a box cannot be read. `other-key`: sealed to another key than the one at hand. `malformed`: nothing a sealer makes.
 * `not-authentic`: changed, cut, or moved to another event since it was sealed (cryptography cannot tell these apart).
 */
export type UnreadableReason = 'other-key' | 'malformed' | 'not-authentic';

/** A box cannot be read. Expected of the world: list the event and go on. */
export class UnreadableBox extends Error {
  readonly code = 'HF_UNREADABLE_BOX';
  readonly reason: UnreadableReason;
  constructor(reason: UnreadableReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
  override get name(): string {
    return 'UnreadableBox';
  }
}

/** Sizes are told in steps of this many bytes only. */
export const SIZE_STEP = 512;
const PREFIX = 4;

/** The additional authenticated data: a JSON array, in which no two identities read the same. */
export function identityBytes({ trial, source, id, subject }: EventIdentity): Buffer {
  return Buffer.from(JSON.stringify([trial, source, id, subject]));
}

/** The content with its length (32 bits, big-endian) before it and zeros behind it, up to a whole number of size steps. */
export function padded(content: Uint8Array): Buffer {
  const plain = Buffer.alloc(Math.ceil((PREFIX + content.length) / SIZE_STEP) * SIZE_STEP);
  plain.writeUInt32BE(content.length);
  plain.set(content, PREFIX);
  return plain;
}

/** Undoes `padded`; `undefined` if `padded` cannot have made it. */
export function unpadded(plain: Buffer): Uint8Array | undefined {
  if (plain.length < SIZE_STEP) return undefined;
  const end = PREFIX + plain.readUInt32BE();
  if (Math.ceil(end / SIZE_STEP) * SIZE_STEP !== plain.length) return undefined;
  if (plain.subarray(end).some((byte) => byte !== 0)) return undefined;
  return new Uint8Array(plain.buffer, plain.byteOffset + PREFIX, end - PREFIX);
}
