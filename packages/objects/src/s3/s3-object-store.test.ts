import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3ForTests } from '../../../../test/native-servers.ts';
import { objectStoreContract } from '../object-store.contract.ts';
import { s3ObjectStore } from './s3-object-store.ts';
import { type S3Place, s3Place } from './s3-place.ts';

const start = s3ForTests();

describe.skipIf(!start)('on a real S3 server', () => {
  let url: string;
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await start?.();
    url = server?.access ?? '';
    stop = server?.stop;
  }, 240_000); // the first time on a machine the server is built
  afterAll(() => stop?.());

  const newPlace = (): S3Place => s3Place(`${url}/${randomUUID()}`);
  const bytes = (text: string) => new TextEncoder().encode(text);

  objectStoreContract('s3', async () => {
    const place = newPlace();
    return {
      store: s3ObjectStore(place),
      reopen: async () => s3ObjectStore(place),
      dispose: async () => undefined, // the server's data go with it
    };
  });

  describe('s3 object store', () => {
    /** A client as any other program has one. */
    function otherProgram({
      endpoint = '',
      credentials = { accessKeyId: '', secretAccessKey: '' },
    }: S3Place): S3Client {
      return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    }

    test('what another program changed is named, whether it kept the checksum or not', async () => {
      const place = newPlace();
      const store = s3ObjectStore(place);
      const { sha256 } = await store.put('a/b', bytes('text'));
      const other = otherProgram(place);
      const object = { Bucket: place.bucket, Key: `${place.prefix}a/b` };
      await other.send(new PutObjectCommand({ ...object, Body: bytes('tExt'), Metadata: { sha256 } }));
      await expect(store.get('a/b')).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED', message: /a\/b/ });
      await other.send(new PutObjectCommand({ ...object, Body: bytes('text') }));
      await expect(store.get('a/b')).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED', message: /checksum is gone/ });
      await other.send(new DeleteObjectCommand(object));
      expect(await store.get('a/b')).toBeUndefined();
      other.destroy();
    });

    test('one place does not see what is in another', async () => {
      const [a, b] = [s3ObjectStore(newPlace()), s3ObjectStore(newPlace())];
      await a.put('k', bytes('x'));
      expect(await b.get('k')).toBeUndefined();
      for await (const key of b.list('')) expect.unreachable(`${key} is in the other place`);
    });

    test('wrong keys, a bucket that is not there and a server that does not answer are named, never the secret', async () => {
      const place = newPlace();
      const places: S3Place[] = [
        { ...place, credentials: { accessKeyId: 'nobody', secretAccessKey: 'hidden' } },
        { ...place, bucket: 'no-such-bucket' },
        { ...place, endpoint: 'http://127.0.0.1:1' },
      ];
      for (const wrong of places) {
        const store = s3ObjectStore(wrong);
        for (const attempt of [store.put('k', bytes('x')), store.get('k')]) {
          await expect(attempt).rejects.toMatchObject({
            code: 'HF_OBJECT_STORE_UNAVAILABLE',
            message: expect.stringContaining(wrong.bucket),
          });
          await expect(attempt).rejects.not.toThrow(/hidden/);
        }
      }
    });
  });
});
