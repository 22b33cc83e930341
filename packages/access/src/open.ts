import { createDecipheriv } from 'node:crypto';
import { base64urlBytes } from './base64url.ts';
import { decapsulation } from './hpke.ts';
import type { TrialKey } from './keys.ts';
import { type EventIdentity, identityBytes, type SealedBox, SIZE_STEP, UnreadableBox, unpadded } from './sealed-box.ts';

const TAG = 16;

/**
 * Opens boxes with a trial's private key. The first box of a sealing process costs milliseconds, the others microseconds.
 * For a batch: `await prepare(enc)` for each distinct `enc` in it, then `openKnown` for each box.
 */
export interface Opener {
  /** The content that was sealed for this event. @throws UnreadableBox, and nothing else, if it cannot be read */
  open(identity: EventIdentity, box: SealedBox): Promise<Uint8Array>;
  /** Makes the boxes with this `enc` open at once. Never rejects: what is wrong with `enc` is said of each box. */
  prepare(enc: string): Promise<void>;
  /** As `open`, without waiting; `undefined` if the `enc` is not prepared (or forgotten again): then use `open`. */
  openKnown(identity: EventIdentity, box: SealedBox): Uint8Array | undefined;
}

/** @param remembered of how many sealing processes the content keys are kept, the latest used */
export function opener(key: TrialKey, { remembered = 1000 } = {}): Opener {
  const decapsulate = decapsulation(key);
  const known = new Map<string, Buffer | 'malformed'>();
  const underway = new Map<string, Promise<Buffer | 'malformed'>>();

  function remember(enc: string, contentKey: Buffer | 'malformed'): void {
    known.delete(enc);
    known.set(enc, contentKey);
    for (const oldest of known.keys()) {
      if (known.size <= remembered) break;
      known.delete(oldest);
    }
  }

  async function derive(enc: string): Promise<Buffer | 'malformed'> {
    try {
      const contentKey = (await decapsulate(enc)) ?? 'malformed';
      remember(enc, contentKey);
      return contentKey;
    } finally {
      underway.delete(enc);
    }
  }

  function contentKeyOf(enc: string): Promise<Buffer | 'malformed'> {
    const running = underway.get(enc) ?? derive(enc);
    underway.set(enc, running);
    return running;
  }

  function refuseOtherKey(box: SealedBox): void {
    if (box.keyId === key.keyId) return;
    throw new UnreadableBox('other-key', `the box is sealed to key ${box.keyId}, the key at hand is ${key.keyId}`);
  }

  return {
    async open(identity, box) {
      refuseOtherKey(box);
      return opened(known.get(box.enc) ?? (await contentKeyOf(box.enc)), identity, box);
    },
    async prepare(enc) {
      if (!known.has(enc)) await contentKeyOf(enc);
    },
    openKnown(identity, box) {
      refuseOtherKey(box);
      const contentKey = known.get(box.enc);
      if (contentKey === undefined) return undefined;
      remember(box.enc, contentKey);
      return opened(contentKey, identity, box);
    },
  };
}

function opened(contentKey: Buffer | 'malformed', identity: EventIdentity, box: SealedBox): Uint8Array {
  if (contentKey === 'malformed') throw new UnreadableBox('malformed', 'enc is not an encapsulated key');
  const nonce = base64urlBytes(box.nonce, 12);
  if (nonce === undefined) throw new UnreadableBox('malformed', 'nonce is not 12 bytes in base64url');
  const bytes = base64urlBytes(box.box);
  if (bytes === undefined) throw new UnreadableBox('malformed', 'box is not base64url');
  if (bytes.length <= TAG || (bytes.length - TAG) % SIZE_STEP !== 0) {
    throw new UnreadableBox('malformed', `box has ${bytes.length} bytes, which no box has`);
  }
  const content = unpadded(deciphered(contentKey, nonce, bytes, identity));
  if (content === undefined) throw new UnreadableBox('malformed', 'the content is not padded as a sealer does');
  return content;
}

function deciphered(contentKey: Buffer, nonce: Buffer, bytes: Buffer, identity: EventIdentity): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', contentKey, nonce, { authTagLength: TAG });
  decipher.setAAD(identityBytes(identity));
  decipher.setAuthTag(bytes.subarray(-TAG));
  const plain = decipher.update(bytes.subarray(0, -TAG));
  try {
    decipher.final();
  } catch (cause) {
    const message = 'the box was changed, cut or moved to another event since it was sealed';
    throw new UnreadableBox('not-authentic', message, { cause });
  }
  return plain;
}
