/**
 * The bytes of a base64url text, or `undefined` unless it is exactly how those bytes are written: Node's decoder skips what
 * it does not know and ignores spare bits, so that many texts would stand for one value.
 * @param length number of bytes it must have, if given
 */
export function base64urlBytes(text: unknown, length?: number): Buffer<ArrayBuffer> | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (length !== undefined && bytes.length !== length) return undefined;
  return bytes.toString('base64url') === text ? bytes : undefined;
}
