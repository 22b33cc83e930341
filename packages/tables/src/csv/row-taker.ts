import { isUtf8 } from 'node:buffer';
import { ImportError, place } from '../import-error.ts';
import { nextLine, type Scan, type ScannedRow, scanRow, valuesOf } from './csv-row.ts';
import type { OutgoingRows } from './outgoing-rows.ts';

/** A row that is no row of its table, and what its writer can do about it. */
export type BadLine = { readonly line: number; readonly reason: string };

/** Takes the rows of one file from its bytes, piece by piece, and counts its lines. */
export type RowTaker = {
  /** Takes every whole row from `bytes`. What it returns is where a row begins whose end is still to come. */
  take(bytes: Buffer, isEnd: boolean): number;
  /** The names of the columns; undefined if there was no line yet. */
  header(): readonly string[] | undefined;
  /** Rows taken, the bad ones among them; blank lines are none. */
  count(): number;
  readonly bad: readonly BadLine[];
};

/** A row longer than this has a quote left open; without a limit it would swallow the rest of the file. */
const longestRow = 1 << 20;

const badQuotes: Record<Exclude<Scan, 'row' | 'more'>, string> = {
  'quote left open': 'opens a quote that is never closed; close it, and double quotes inside a value',
  'stray quote': 'has a quote in the wrong place; put the whole value in quotes and double the quotes inside it',
};

/** A row with bad quotes costs one physical line, and reading goes on behind that: nobody knows where it was meant to end. */
export function rowTaker(file: string, separator: string, rows: OutgoingRows): RowTaker {
  const delimiter = separator.charCodeAt(0);
  const bad: BadLine[] = [];
  const row: ScannedRow = { end: 0, next: 0, values: 0, breaks: 0 };
  let header: readonly string[] | undefined;
  let line = 1;
  let count = 0;

  function readHeader(bytes: Buffer, start: number, scan: 'row' | keyof typeof badQuotes): readonly string[] {
    const fail = (what: string) => new ImportError(`${place(file, line)}: the header ${what}`);
    if (scan !== 'row') throw fail(badQuotes[scan]);
    const text = bytes.subarray(start, row.end);
    if (!isUtf8(text) || text.includes(0)) throw fail('is not UTF-8 text; save the file as CSV in UTF-8');
    return valuesOf(text.toString('utf8'), separator).map((name) => name.trim());
  }

  function faultOf(bytes: Buffer, start: number, columns: number, isText: boolean): string | undefined {
    if (row.values !== columns) {
      const values = row.values === 1 ? 'is 1 value' : `are ${row.values} values`;
      return `there ${values} where the header has ${columns}; complete the row, or put values with "${separator}" in quotes`;
    }
    if (isText) return undefined;
    const content = bytes.subarray(start, row.end);
    if (!isUtf8(content)) return 'is not UTF-8 text (Latin-1, perhaps); save the file as CSV in UTF-8';
    return content.includes(0) ? 'holds a NUL byte; remove it' : undefined;
  }

  return {
    bad,
    header: () => header,
    count: () => count,
    take(bytes, isEnd) {
      const lastLine = Math.max(bytes.lastIndexOf(0x0a), bytes.lastIndexOf(0x0d)) + 1;
      // One look at all bytes spares one at each row; a letter may be cut in two behind the last line.
      const isText = isUtf8(isEnd ? bytes : bytes.subarray(0, lastLine)) && !bytes.includes(0);
      let at = 0;
      while (at < bytes.length) {
        let scan = scanRow(bytes, at, delimiter, isEnd, row);
        if (scan === 'more') {
          if (bytes.length - at <= longestRow) return at;
          scan = 'quote left open';
        }
        const isBlank = scan === 'row' && row.end === at;
        if (!isBlank && header === undefined) {
          header = readHeader(bytes, at, scan);
        } else if (scan !== 'row') {
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
        } else if (!isBlank) {
          count++;
          const fault = faultOf(bytes, at, header?.length ?? 0, isText);
          if (fault === undefined) rows.add(line, bytes, at, row.end);
          else bad.push({ line, reason: fault });
        }
        line += 1 + row.breaks;
        at = row.next;
      }
      return at;
    },
  };
}
