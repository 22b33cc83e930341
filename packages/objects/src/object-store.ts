/** What is known of an object without reading it: its size in bytes, and the SHA-256 (hexadecimal) of what was put. */
export type ObjectHead = { readonly key: string; readonly size: number; readonly sha256: string };

/**
 * Where archive segments, cuts, snapshots and finished reports lie: bytes under keys, written once and never changed.
 *
 * **Keys** are paths of plain names (`checkKey`), at most 800 characters; anything else is `InvalidKey`. No key may be the beginning
 * of another one's path (`a` beside `a/b`): some stores cannot hold both.
 * **Whole or not at all**: a key either has all of its bytes or does not exist, whenever a writer is killed.
 * **Checked**: the checksum of what was put is stored beside it and compared on every `get`.
 *
 * Every error thrown on purpose is an `ObjectStoreError`. Objects are held in memory as a whole, so keep them to some ten megabytes:
 * stores differ in how (and whether) they check what is streamed to them.
 */
export interface ObjectStore {
  /**
   * Writes an object; resolves when it is durable. The same bytes under the same key again change nothing, other bytes are
   * `ObjectExists`: of several writers at once with different bytes exactly one wins, and the others are told.
   */
  put(key: string, body: Uint8Array): Promise<ObjectHead>;

  /** The bytes under a key; undefined if there are none. `ObjectDamaged` if they are not those that were put. */
  get(key: string): Promise<Uint8Array | undefined>;

  /** Size and checksum of an object as they were put; undefined if there is none. */
  head(key: string): Promise<ObjectHead | undefined>;

  /**
   * Removes an object; resolves when that is durable. What is not there is removed already. Who reads it meanwhile has all of its bytes
   * or none. The key may be used again, but not by somebody who puts it at the same time.
   */
  remove(key: string): Promise<void>;

  /** The keys that begin with a prefix (`''`: all), in order of their characters, as many as there are. */
  list(prefix: string): AsyncIterable<string>;
}
