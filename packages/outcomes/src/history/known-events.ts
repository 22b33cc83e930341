import type { Observation } from '../observation.ts';

type Identity = Pick<Observation, 'side' | 'source' | 'id'>;

/** What is known of an event that comes: never seen; seen with the same content; or something else was sent under its identity. */
export type Acquaintance = 'new' | 'same' | 'other';

/**
 * Which events of one participant are known, in 12 bytes each: an event that comes is nearly always new, and that is all that has to
 * be told without reading those before it. An identity is known by 32 bits, so a new event may now and then be taken for another
 * content of an old one (about once in ten million): whoever asks then reads the whole history, and finds out. A content is known by
 * 52 bits of its SHA-256 besides.
 */
export class KnownEvents {
  private identities = new Uint32Array(8);
  private contents = new Float64Array(8);
  private count = 0;

  /** Looks for an event by the numbers of its identity and of its content. */
  look(identity: number, content: number): Acquaintance {
    let found: Acquaintance = 'new';
    for (let at = this.identities.indexOf(identity); at >= 0 && at < this.count; ) {
      if (this.contents[at] === content) return 'same';
      found = 'other';
      at = this.identities.indexOf(identity, at + 1);
    }
    return found;
  }

  add(identity: number, content: number): void {
    if (this.count === this.identities.length) {
      const size = Math.ceil(this.count * 1.5);
      const [identities, contents] = [new Uint32Array(size), new Float64Array(size)];
      identities.set(this.identities);
      contents.set(this.contents);
      [this.identities, this.contents] = [identities, contents];
    }
    this.identities[this.count] = identity;
    this.contents[this.count] = content;
    this.count += 1;
  }

  /** Whether an event of this identity is known, or of another one with the same number. */
  has(identity: number): boolean {
    const at = this.identities.indexOf(identity);
    return at >= 0 && at < this.count;
  }

  /** How many events are known. */
  get size(): number {
    return this.count;
  }
}

/** An identity in 32 bits. FNV-1a (Fowler, Noll & Vo 1991) of side, source and id: the two sides of the blind know nothing of each other's identities. */
export function identityNumber({ side, source, id }: Identity): number {
  let hash = side === 'open' ? 0x811c9dc5 : 0x7ee3623b;
  for (let at = 0; at < source.length; at += 1) hash = Math.imul(hash ^ source.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ 10, 0x01000193);
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** A content in 52 bits, which are the first of its SHA-256. */
export function contentNumber({ sha256 }: Pick<Observation, 'sha256'>): number {
  return Number.parseInt(sha256.slice(0, 13), 16);
}
