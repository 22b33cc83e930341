/** The codes of every error an object store throws on purpose; callers switch on them. */
export type ObjectStoreErrorCode =
  | 'HF_INVALID_KEY'
  | 'HF_INVALID_PLACE'
  | 'HF_OBJECT_EXISTS'
  | 'HF_OBJECT_DAMAGED'
  | 'HF_OBJECT_STORE_UNAVAILABLE';

/** What went wrong with an object store. The message says what, where, and what to do. */
export abstract class ObjectStoreError extends Error {
  abstract readonly code: ObjectStoreErrorCode;
  readonly retryable: boolean = false;
  override get name(): string {
    return this.constructor.name;
  }
}

/** No object can have this key. A mistake of the caller. */
export class InvalidKey extends ObjectStoreError {
  readonly code = 'HF_INVALID_KEY';
}

/** What says where the store is cannot be read. A mistake in the settings. */
export class InvalidPlace extends ObjectStoreError {
  readonly code = 'HF_INVALID_PLACE';
}

/** The key holds other bytes already: an object is written once, and nothing overwrites it. */
export class ObjectExists extends ObjectStoreError {
  readonly code = 'HF_OBJECT_EXISTS';
}

/** The stored bytes are not those that were put: something changed them afterwards. */
export class ObjectDamaged extends ObjectStoreError {
  readonly code = 'HF_OBJECT_DAMAGED';
}

/** The store cannot be read or written now: permissions, a full disk, a broken connection. */
export class ObjectStoreUnavailable extends ObjectStoreError {
  readonly code = 'HF_OBJECT_STORE_UNAVAILABLE';
  override readonly retryable = true;
}
