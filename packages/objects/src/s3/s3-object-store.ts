import { createHash, randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { InvalidKey, ObjectDamaged, ObjectExists, ObjectStoreError, ObjectStoreUnavailable } from '../object-errors.ts';
import { checkKey, checkPrefix } from '../object-key.ts';
import type { ObjectHead, ObjectStore } from '../object-store.ts';
import type { S3Place } from './s3-place.ts';

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);
const isAbsent = (error: unknown) => statusOf(error) === 404;

function sha256Of(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Does something once; if it fails, whoever asks next tries again. */
function onceDone(act: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return () => {
    done ??= act().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

/** How long the store may be silent, and how long a request may take until it is answered, its body sent meanwhile. In ms. */
export type S3Patience = { readonly connecting: number; readonly silence: number; readonly request: number };
const usualPatience: S3Patience = { connecting: 5_000, silence: 30_000, request: 300_000 };

/**
 * Objects in a bucket of an S3 store, any that keeps `If-None-Match: *` (which is tried before the first object is put: without it, one writer
 * could overwrite what another has written). The checksum of what was put is in the object's metadata, so both are there or neither.
 */
export function s3ObjectStore(
  { bucket, prefix, endpoint, region, credentials }: S3Place,
  patience: S3Patience = usualPatience,
): ObjectStore {
  const place = `bucket ${bucket}${prefix === '' ? '' : ` under ${prefix}`}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, region: 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    // The client's own checksums are sent in a way that some stores save as part of the object. Ours are compared on every `get`.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: patience.connecting,
      socketTimeout: patience.silence,
      requestTimeout: patience.request,
      throwOnRequestTimeout: true, // else the client only warns of it
    },
  });
  const named = (key: string) => ({ Bucket: bucket, Key: prefix + key });

  /** Whether the bucket is there, asked before anything else: what is not in a bucket that does not exist would seem not to have been put. */
  const isThere = onceDone(() =>
    // By a list, and not by the bucket's head: whoever may see only what is below our prefix is refused that.
    client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 })),
  );

  async function about<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      await isThere();
      return await work();
    } catch (cause) {
      if (cause instanceof ObjectStoreError) throw cause;
      const { name, message } = cause as Error;
      throw new ObjectStoreUnavailable(
        `cannot ${what} in ${place}: ${name}${message && message !== name ? `, ${message}` : ''}; look at the store, the bucket and the access keys`,
        { cause },
      );
    }
  }

  /** Whether the object was written; not if the key is taken. */
  async function putNew(key: string, body: Uint8Array, sha256: string): Promise<boolean> {
    try {
      await client.send(new PutObjectCommand({ ...named(key), Body: body, Metadata: { sha256 }, IfNoneMatch: '*' }));
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      // Two writers at once: AWS tells one of them to look again.
      if (error instanceof Error && error.name === 'ConditionalRequestConflict') return putNew(key, body, sha256);
      if (statusOf(error) === 409)
        throw new InvalidKey(
          `${key} cannot be put in ${place}: it and the key of another object are one the beginning of the other`,
          {
            cause: error,
          },
        );
      throw error;
    }
  }

  /** Whether the store keeps conditions, asked before the first object is put. */
  const keepsConditions = onceDone(async () => {
    const key = `.probe/${randomUUID()}`;
    await putNew(key, new Uint8Array(), '');
    const isKept = !(await putNew(key, new Uint8Array(), ''));
    await client.send(new DeleteObjectCommand(named(key)));
    if (!isKept)
      throw new ObjectStoreUnavailable(
        `${place} overwrites objects although asked not to (If-None-Match): use a store that keeps conditional writes`,
      );
  });

  /**
   * Whether a failed request says that there is no such object. AWS says "forbidden" of what is not there to whoever may list a part of the
   * bucket only: then the list of that part says whether it is.
   */
  async function isMissing(key: string, error: unknown): Promise<boolean> {
    if (statusOf(error) !== 403) return isAbsent(error);
    try {
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix + key, MaxKeys: 1 }),
      );
      return Contents[0]?.Key !== prefix + key;
    } catch {
      return false; // what was refused first is what is to be said
    }
  }

  async function head(key: string): Promise<ObjectHead | undefined> {
    try {
      const { ContentLength, Metadata } = await client.send(new HeadObjectCommand(named(key)));
      return { key, size: ContentLength ?? 0, sha256: checksumIn(key, Metadata) };
    } catch (error) {
      if (await isMissing(key, error)) return undefined;
      throw error;
    }
  }

  function checksumIn(key: string, metadata: Record<string, string> | undefined): string {
    if (metadata?.sha256) return metadata.sha256;
    throw new ObjectDamaged(`object ${key} in ${place} is damaged: its checksum is gone; restore it from a backup`);
  }

  return {
    async put(key, body) {
      checkKey(key);
      return about(`write object ${key}`, async () => {
        await keepsConditions();
        const put = { key, size: body.length, sha256: sha256Of(body) };
        if (await putNew(key, body, put.sha256)) return put;
        if ((await head(key))?.sha256 === put.sha256) return put;
        throw new ObjectExists(
          `object ${key} is in ${place} already, with other bytes; an object is written once: choose another key`,
        );
      });
    },

    async get(key) {
      checkKey(key);
      return about(`read object ${key}`, async () => {
        try {
          const { Body, Metadata } = await client.send(new GetObjectCommand(named(key)));
          const body = (await Body?.transformToByteArray()) ?? new Uint8Array();
          const [sha256, put] = [sha256Of(body), checksumIn(key, Metadata)];
          if (sha256 === put) return body;
          throw new ObjectDamaged(
            `object ${key} in ${place} is damaged: its bytes have SHA-256 ${sha256}, but ${put} was put; restore it from a backup`,
          );
        } catch (error) {
          if (await isMissing(key, error)) return undefined;
          throw error;
        }
      });
    },

    async head(key) {
      checkKey(key);
      return about(`read object ${key}`, () => head(key));
    },

    async remove(key) {
      checkKey(key);
      return about(`remove object ${key}`, async () => {
        try {
          await client.send(new DeleteObjectCommand(named(key)));
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
      });
    },

    async *list(keyPrefix) {
      checkPrefix(keyPrefix);
      let more: string | undefined;
      do {
        const page = await about('list objects', () =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + keyPrefix,
              ...(more && { ContinuationToken: more }),
            }),
          ),
        );
        for (const { Key = '' } of page.Contents ?? []) {
          const key = Key.slice(prefix.length);
          if (!key.startsWith('.') && !key.endsWith('/')) yield key; // neither a probe nor another program's sign of a folder
        }
        more = page.NextContinuationToken;
      } while (more !== undefined);
    },
  };
}
