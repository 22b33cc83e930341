import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ImportError, place } from '../import-error.ts';
import { nextLine, type Scan, type ScannedRow, scanRow, valuesOf } from './csv-row.ts';

/** A row that is no row of its table, and what its writer can do about it. */
export type BadLine = { readonly line: number; readonly reason: string };

export type NumberedCsv = {
  readonly header: readonly string[];
  /** Rows in the file, the bad ones among them; blank lines are none. */
  readonly rows: number;
  readonly bad: readonly BadLine[];
};

/** A row longer than this has a quote left open; without a limit it would swallow the rest of the file. */
const longestRow = 1 << 20;
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

const badQuotes: Record<Exclude<Scan, 'row' | 'more'>, string> = {
  'quote left open': 'opens a quote that is never closed; close it, and double quotes inside a value',
  'stray quote': 'has a quote in the wrong place; put the whole value in quotes and double the quotes inside it',
};

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
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

/** Rows ready to be written, each with its line number in front. */
function outgoing(delimiter: number) {
  let bytes = Buffer.allocUnsafe(1 << 16);
  let length = 0;
  return {
    add(line: number, from: Buffer, start: number, end: number): void {
      if (length + (end - start) + 20 > bytes.length) {
        const larger = Buffer.allocUnsafe((bytes.length + end - start) * 2);
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += bytes.write(String(line), length, 'latin1');
      bytes[length++] = delimiter;
      length += from.copy(bytes, length, start, end);
      bytes[length++] = 0x0a;
    },
    take(): Buffer {
      const taken = Buffer.from(bytes.subarray(0, length));
      length = 0;
      return taken;
    },
  };
}

/**
 * Copies a CSV file (packed or not) to `to` as DuckDB shall read it: without byte-order mark, header, blank lines and bad rows, and
 * with the physical line number on which each row begins as a first value. DuckDB itself can number rows but not lines: a line break
 * inside quotes, a blank line or a dropped row shifts its count, and then a rejected row would be sought in the wrong place.
 * A row with bad quotes costs one physical line, and reading goes on behind that.
 */
export async function writeNumberedCsv(
  path: string,
  file: string,
  separator: string,
  to: string,
): Promise<NumberedCsv> {
  const delimiter = separator.charCodeAt(0);
  const bad: BadLine[] = [];
  const row: ScannedRow = { end: 0, next: 0, values: 0, breaks: 0 };
  const rows = outgoing(delimiter);
  let header: string[] | undefined;
  let line = 1;
  let count = 0;

  const readHeader = (bytes: Buffer, at: number, scan: Scan): void => {
    if (scan !== 'row')
      throw new ImportError(
        `${place(file, line)}: the header ${badQuotes[scan === 'more' ? 'quote left open' : scan]}`,
      );
    const text = bytes.subarray(at, row.end);
    if (!isUtf8(text) || text.includes(0))
      throw new ImportError(`${place(file, line)}: the header is not UTF-8 text; save the file as CSV in UTF-8`);
    header = valuesOf(text.toString('utf8'), separator).map((name) => name.trim());
  };

  /** Takes every whole row from `bytes`; what it returns is the beginning of a row whose end is still to come. */
  const takeRows = (bytes: Buffer, isEnd: boolean): number => {
    const allText =
      isUtf8(isEnd ? bytes : bytes.subarray(0, Math.max(bytes.lastIndexOf(0x0a), bytes.lastIndexOf(0x0d)) + 1)) &&
      !bytes.includes(0);
    let at = 0;
    while (at < bytes.length) {
      let scan = scanRow(bytes, at, delimiter, isEnd, row);
      if (scan === 'more') {
        if (bytes.length - at <= longestRow) return at;
        scan = 'quote left open';
      }
      if (scan === 'row' && row.end === at) {
        line++;
        at = row.next;
        continue;
      }
      if (header === undefined) {
        readHeader(bytes, at, scan);
        line += 1 + row.breaks;
        at = row.next;
        continue;
      }
      if (scan !== 'row') {
        const next = nextLine(bytes, at, isEnd);
        if (next === -1) {
          if (bytes.length - at <= longestRow) return at;
          throw new ImportError(
            `${place(file, line)}: is longer than ${longestRow} bytes; this is no CSV file of a table`,
          );
        }
        bad.push({ line, reason: badQuotes[scan] });
        count++;
        line++;
        at = next;
        continue;
      }
      count++;
      if (row.values !== header.length) {
        const values = row.values === 1 ? 'is 1 value' : `are ${row.values} values`;
        bad.push({
          line,
          reason: `there ${values} where the header has ${header.length}; complete the row, or put values with "${separator}" in quotes`,
        });
      } else if (!allText && !isUtf8(bytes.subarray(at, row.end))) {
        bad.push({ line, reason: 'is not UTF-8 text (Latin-1, perhaps); save the file as CSV in UTF-8' });
      } else if (!allText && bytes.subarray(at, row.end).includes(0)) {
        bad.push({ line, reason: 'holds a NUL byte; remove it' });
      } else {
        rows.add(line, bytes, at, row.end);
      }
      line += 1 + row.breaks;
      at = row.next;
    }
    return at;
  };

  const copy = createWriteStream(to, { mode: 0o600 });
  const copied = finished(copy);
  copied.catch(() => {}); // Awaited below; without this a failure while reading would be an unhandled one as well.
  try {
    let rest: Buffer = Buffer.alloc(0);
    let isStart = true;
    for await (const chunk of bytesOf(path)) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (isStart) {
        if (bytes.length < utf8Mark.length) {
          rest = bytes;
          continue;
        }
        isStart = false;
        if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
          throw new ImportError(`${file}: is UTF-16 text; save it as CSV in UTF-8`);
        }
        if (bytes.subarray(0, 3).equals(utf8Mark)) bytes = bytes.subarray(3);
      }
      rest = bytes.subarray(takeRows(bytes, false));
      if (!copy.write(rows.take())) await once(copy, 'drain');
    }
    takeRows(rest, true);
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
  if (header === undefined) throw new ImportError(`${file}: is empty; its first line must name its columns`);
  return { header, rows: count, bad };
}
