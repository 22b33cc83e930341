import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Refusal } from './refusal.ts';

const unpack = promisify(gunzip);

/** The body as it was before it was packed; what would unpack to more than `most` bytes is refused, and never held. */
export async function inflate(body: Buffer, encoding: string, most: number): Promise<Buffer> {
  if (encoding === 'identity') return body;
  try {
    return await unpack(body, { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refusal('too-large', `the body unpacks to more than ${most} bytes; send it in several requests`);
    throw new Refusal('unreadable', 'the body is not gzip, or was cut short; pack it again', { cause: error });
  }
}
