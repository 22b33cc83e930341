import { createCipheriv, randomBytes } from 'node:crypto';
import { encapsulated } from './hpke.ts';
import { type PublishedKey, UnusableKey } from './keys.ts';
import { type EventIdentity, identityBytes, padded, type SealedBox } from './sealed-box.ts';

/** Seals what is closed. Holds no private key: what it has sealed it cannot open. */
export interface Sealer {
  /**
   * Seals the content of one event, bound to the event's identity. From outside only its size class can be seen.
   * @throws UnusableKey if the event is of another trial, or the sealer is used up
   */
  seal(identity: EventIdentity, content: Uint8Array): SealedBox;
}

/** How often random 96-bit nonces may be drawn for one key (NIST SP 800-38D, 8.3). */
const MOST_BOXES = 2 ** 32;

/**
 * A sealer to a trial's public key: one HPKE encapsulation (RFC 9180; milliseconds), then AES-256-GCM for each event
 * (microseconds). Make one per process and trial.
 * @param mostBoxes after how many boxes it refuses and a new sealer must be made
 * @throws UnusableKey if the published key is damaged
 */
export async function sealer(to: PublishedKey, { mostBoxes = MOST_BOXES } = {}): Promise<Sealer> {
  const { enc, contentKey } = await encapsulated(to);
  const { trial, keyId } = to;
  let sealed = 0;
  return {
    seal(identity, content) {
      if (identity.trial !== trial) {
        throw new UnusableKey(`an event of trial ${identity.trial} cannot be sealed to the key of trial ${trial}`);
      }
      if (sealed >= mostBoxes) throw new UnusableKey(`this sealer has sealed ${sealed} boxes; make a new one`);
      sealed += 1;
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', contentKey, nonce, { authTagLength: 16 });
      cipher.setAAD(identityBytes(identity));
      const ciphertext = [cipher.update(padded(content)), cipher.final()];
      const box = Buffer.concat([...ciphertext, cipher.getAuthTag()]);
      return { keyId, enc, nonce: nonce.toString('base64url'), box: box.toString('base64url') };
    },
  };
}
