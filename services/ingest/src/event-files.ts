import { createReadStream } from 'node:fs';

/** One event as it stands in a file, or why what stands there cannot be one. */
export type EventInput = { readonly where: string } & ({ readonly value: unknown } | { readonly problem: string });

/** Far above any event; a longer line is not one, and holding it would only fill the memory. */
const longestLine = 2_000_000;
/** An array must be held whole; larger ones come as NDJSON. */
const largestArray = 256_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parsed(bytes: Uint8Array, where: string): EventInput {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { where, problem: 'is not UTF-8; save the file as UTF-8' };
  }
  try {
    return { where, value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { where, problem: `is not JSON (${why}); write one event a line (NDJSON), or a JSON array` };
  }
}

const isBlank = (bytes: Uint8Array) => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

async function* lines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Buffer; number: number; cut: boolean }> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const take = (part: Uint8Array) => {
    // What is beyond the longest line is dropped, but counted.
    if (size <= longestLine) parts.push(part);
    size += part.length;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      take(chunk.subarray(from, at));
      yield { bytes: Buffer.concat(parts), number, cut: size > longestLine };
      parts = [];
      size = 0;
      number += 1;
      from = at + 1;
    }
    take(chunk.subarray(from));
  }
  if (size > 0) yield { bytes: Buffer.concat(parts), number, cut: size > longestLine };
}

async function* arrayInputs(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<EventInput> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > largestArray) {
      yield {
        where: name,
        problem: `is an array of more than ${largestArray} bytes; write one event a line (NDJSON) instead`,
      };
      return;
    }
  }
  const whole = parsed(Buffer.concat(parts), name);
  if ('problem' in whole) yield whole;
  else if (!Array.isArray(whole.value)) yield { where: name, problem: 'holds no array of events' };
  else for (const [index, value] of whole.value.entries()) yield { where: `${name}[${index}]`, value };
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** The events of a file (`-`: standard input): NDJSON, one event a line, or a JSON array. */
export async function* eventInputs(file: string, standardInput: AsyncIterable<Uint8Array>): AsyncGenerator<EventInput> {
  const name = file === '-' ? 'standard input' : file;
  const source: AsyncIterable<Uint8Array> = file === '-' ? standardInput : createReadStream(file);
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const start = Buffer.from(first.value.buffer, first.value.byteOffset, first.value.length);
  const withoutMark = start.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? start.subarray(3) : start;
  const all = startingWith(withoutMark, chunks);
  if (/^\s*\[/.test(withoutMark.subarray(0, 1024).toString('latin1'))) {
    yield* arrayInputs(all, name);
    return;
  }
  for await (const { bytes, number, cut } of lines(all)) {
    const where = `${name}:${number}`;
    if (cut) yield { where, problem: `is longer than ${longestLine} bytes; no event is` };
    else if (!isBlank(bytes)) yield parsed(bytes, where);
  }
}
