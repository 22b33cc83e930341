import { createReadStream } from 'node:fs';
import type { Problem } from '@holdfast/events';
import { beginningOf, eachEvent, oneEvent, readJson, type UnreadableText } from './json-text.ts';

/** One event as it stands in a file, or why what stands there cannot be one. */
export type EventInput = {
  readonly where: string;
  /** What stands there, byte by byte, if it is a line of its own and not too long for one. */
  readonly line?: Uint8Array;
} & (
  | {
      readonly value: unknown;
      /** Why it cannot be one although it is JSON: it does not say one thing. */
      readonly problems?: readonly Problem[];
    }
  /** `text` is what stands there, or the beginning of it. */
  | { readonly problem: string; readonly text?: string }
);

/** Far above any event; a longer line is not one, and holding it would only fill the memory. */
const longestLine = 2_000_000;
/** An array must be held whole; larger ones come as NDJSON. */
const largestArray = 256_000_000;
/** Nobody leaves more than this blank before an array. */
const longestBlank = 100_000;
const lineFeed = Buffer.from('\n');
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function unread({ problem, text }: UnreadableText, where: string): EventInput {
  const advice = problem.startsWith('is not JSON') ? '; write one event a line (NDJSON), or a JSON array' : '';
  return { where, problem: `${problem}${advice}`, text };
}

function parsed(bytes: Uint8Array, where: string): EventInput {
  const read = readJson(bytes);
  return 'problem' in read ? unread(read, where) : { where, ...oneEvent(read) };
}

const tooLong = (where: string, bytes: Uint8Array): EventInput => ({
  where,
  problem: `is longer than ${longestLine} bytes; no event is`,
  text: beginningOf(bytes),
});

const isBlankByte = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0d;
const isBlank = (bytes: Uint8Array) => bytes.every(isBlankByte);

/** No line of NDJSON is this: here begins an event that was written over several lines. */
const isOpeningBrace = (bytes: Buffer) => bytes.toString('utf8').trim() === '{';

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

async function* arrayInputs(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  largest: number,
): AsyncGenerator<EventInput> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > largest) {
      yield {
        where: name,
        problem: `is an array of more than ${largest} bytes; write one event a line (NDJSON) instead`,
      };
      return;
    }
  }
  const whole = readJson(Buffer.concat(parts));
  if ('problem' in whole) yield unread(whole, name);
  else if (!Array.isArray(whole.value)) yield { where: name, problem: 'holds no array of events' };
  else
    for (const [index, one] of eachEvent(whole.value, whole.flaws).entries())
      yield { where: `${name}[${index}]`, ...one };
}

/** Begins to read: until it shows what the file begins with, in however small pieces it comes. Without its byte-order mark. */
async function headOf(chunks: AsyncIterator<Uint8Array>): Promise<{ head: Buffer; isArray: boolean }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const isMarked = head.subarray(0, 3).equals(byteOrderMark);
    const text = isMarked ? head.subarray(3) : head;
    const first = text.subarray(0, longestBlank).find((byte) => !isBlankByte(byte) && byte !== 0x0a);
    const isKnown = head.length >= 3 && (first !== undefined || text.length >= longestBlank);
    const next = isKnown ? undefined : await chunks.next();
    if (next === undefined || next.done === true) return { head: text, isArray: first === 0x5b };
    head = Buffer.concat([head, next.value]);
  }
}

async function* startingWith(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** The events of a file (`-`: standard input): NDJSON, one event a line, or a JSON array, or one event over several lines. */
export function eventInputs(file: string, standardInput: AsyncIterable<Uint8Array>): AsyncGenerator<EventInput> {
  return file === '-' ? eventInputsIn(standardInput, 'standard input') : eventInputsIn(createReadStream(file), file);
}

/** The events in the bytes of a file of this name; `most` is how many bytes an array may have. */
export async function* eventInputsIn(
  bytesOfFile: AsyncIterable<Uint8Array>,
  name: string,
  most = largestArray,
): AsyncGenerator<EventInput> {
  const chunks = bytesOfFile[Symbol.asyncIterator]();
  try {
    const { head, isArray } = await headOf(chunks);
    const all = startingWith(head, chunks);
    if (isArray) {
      yield* arrayInputs(all, name, most);
      return;
    }
    let isFirst = true;
    let rest: { bytes: Buffer[]; size: number } | undefined;
    for await (const { bytes, number, cut } of lines(all)) {
      const where = `${name}:${number}`;
      if (rest !== undefined) {
        rest.bytes.push(bytes, lineFeed);
        rest.size += bytes.length;
        if (rest.size > longestLine) break;
      } else if (cut) yield tooLong(where, bytes);
      else if (isFirst && isOpeningBrace(bytes)) rest = { bytes: [bytes], size: 0 };
      else if (!isBlank(bytes)) yield { ...parsed(bytes, where), line: bytes };
      isFirst &&= isBlank(bytes);
    }
    if (rest !== undefined) {
      const whole = Buffer.concat(rest.bytes);
      yield rest.size > longestLine ? tooLong(name, whole) : parsed(whole, name);
    }
  } finally {
    // Whoever stops in the middle leaves no file open.
    await chunks.return?.();
  }
}
