import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { ImportError } from '../import-error.ts';
import { fileBytes } from './file-bytes.ts';
import { outgoingRows } from './outgoing-rows.ts';
import { type BadLine, rowTaker } from './row-taker.ts';

export type NumberedCsv = {
  readonly header: readonly string[];
  /** Rows in the file, the bad ones among them; blank lines are none. */
  readonly rows: number;
  readonly bad: readonly BadLine[];
};

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

/** The bytes without a byte-order mark at their beginning. */
async function* withoutMark(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  let begun = false;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (begun) {
      yield chunk;
      continue;
    }
    rest = Buffer.concat([rest, chunk]);
    if (rest.length < utf8Mark.length) continue;
    begun = true;
    const start = rest.readUInt16BE(0);
    if (start === 0xfffe || start === 0xfeff) throw new ImportError(`${file}: is UTF-16 text; save it as CSV in UTF-8`);
    yield rest.subarray(0, 3).equals(utf8Mark) ? rest.subarray(3) : rest;
  }
  if (!begun) yield rest;
}

/**
 * Copies a CSV file (packed or not) to `to` as DuckDB shall read it: without byte-order mark, header, blank lines and bad rows, and
 * with the physical line number on which each row begins as a first value. DuckDB itself can number rows but not lines: a line break
 * inside quotes, a blank line or a dropped row shifts its count, and then a rejected row would be sought in the wrong place.
 */
export async function writeNumberedCsv(
  path: string,
  file: string,
  separator: string,
  to: string,
): Promise<NumberedCsv> {
  const rows = outgoingRows(separator.charCodeAt(0));
  const taker = rowTaker(file, separator, rows);
  const copy = createWriteStream(to, { mode: 0o600 });
  const copied = finished(copy);
  copied.catch(() => {}); // Awaited below; without this a failure while reading would be an unhandled one as well.
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of withoutMark(fileBytes(path), file)) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      rest = bytes.subarray(taker.take(bytes, false));
      if (!copy.write(rows.take())) await once(copy, 'drain');
    }
    taker.take(rest, true);
    copy.end(rows.take());
    await copied;
  } catch (cause) {
    copy.destroy();
    if (cause instanceof ImportError) throw cause;
    throw new ImportError(
      `${file}: cannot be read (${cause instanceof Error ? cause.message : String(cause)}); is it whole?`,
      { cause },
    );
  }
  const header = taker.header();
  if (header === undefined) throw new ImportError(`${file}: is empty; its first line must name its columns`);
  return { header, rows: taker.count(), bad: taker.bad };
}
