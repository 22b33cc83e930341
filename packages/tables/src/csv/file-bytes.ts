import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** A file's bytes, unpacked if its name ends in `.gz`. */
export async function* fileBytes(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!path.endsWith('.gz')) {
    yield* file;
    return;
  }
  const unpacked = createGunzip({ chunkSize: 1 << 18 });
  const done = pipeline(file, unpacked);
  done.catch(() => {}); // The loop over `unpacked` throws the same error.
  yield* unpacked;
  await done;
}
