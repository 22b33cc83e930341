const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** What `scanRow` found; one object is written again and again, for a table has millions of rows. */
export type ScannedRow = {
  /** Where the row's last value ends: its line break is not part of it. */
  end: number;
  /** Where the next row begins. */
  next: number;
  values: number;
  /** Line breaks inside quotes: a row has one physical line more than these. */
  breaks: number;
};

/** `more`: the row goes on behind the bytes at hand. The other two are faults of quoting, after which nothing of the row can be trusted. */
export type Scan = 'row' | 'more' | 'quote left open' | 'stray quote';

/**
 * Reads one row of CSV (RFC 4180: quotes are doubled, values may hold line breaks) that begins at `from`. A line ends with LF, CRLF or
 * CR. Where RFC 4180 leaves a row without a meaning it is a fault, never a guess: DuckDB then reads every row that passes in the same way.
 */
export function scanRow(bytes: Uint8Array, from: number, delimiter: number, isEnd: boolean, row: ScannedRow): Scan {
  const length = bytes.length;
  let at = from;
  row.values = 1;
  row.breaks = 0;
  for (;;) {
    if (bytes[at] === quote) {
      at++;
      for (; ; at++) {
        if (at >= length) return isEnd ? 'quote left open' : 'more';
        const byte = bytes[at];
        if (byte === quote) {
          if (at + 1 >= length && !isEnd) return 'more';
          if (bytes[at + 1] !== quote) break;
          at++;
        } else if (byte === lineFeed) {
          row.breaks++;
        } else if (byte === carriageReturn) {
          if (at + 1 >= length && !isEnd) return 'more';
          if (bytes[at + 1] !== lineFeed) row.breaks++;
        }
      }
      at++;
      const after = bytes[at];
      if (at < length && after !== delimiter && after !== lineFeed && after !== carriageReturn) return 'stray quote';
    } else {
      for (; at < length; at++) {
        const byte = bytes[at];
        if (byte === delimiter || byte === lineFeed || byte === carriageReturn) break;
        if (byte === quote) return 'stray quote';
      }
    }
    if (at >= length) {
      if (!isEnd) return 'more';
      row.end = length;
      row.next = length;
      return 'row';
    }
    if (bytes[at] === delimiter) {
      row.values++;
      at++;
      continue;
    }
    if (bytes[at] === carriageReturn) {
      if (at + 1 >= length && !isEnd) return 'more';
      row.end = at;
      row.next = bytes[at + 1] === lineFeed ? at + 2 : at + 1;
      return 'row';
    }
    row.end = at;
    row.next = at + 1;
    return 'row';
  }
}

/** Where the physical line after the one at `from` begins; -1 if its end is not among the bytes at hand. */
export function nextLine(bytes: Uint8Array, from: number, isEnd: boolean): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === lineFeed) return at + 1;
    if (bytes[at] === carriageReturn) {
      if (at + 1 >= bytes.length && !isEnd) return -1;
      return bytes[at + 1] === lineFeed ? at + 2 : at + 1;
    }
  }
  return isEnd ? bytes.length : -1;
}

/** The values of one row, unquoted; for the header, whose names must be known before anything is read. */
export function valuesOf(row: string, delimiter: string): string[] {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    let value = '';
    if (row[at] === '"') {
      const start = at + 1;
      at = start;
      while (!(row[at] === '"' && row[at + 1] !== '"')) at += row[at] === '"' ? 2 : 1;
      value = row.slice(start, at).replaceAll('""', '"');
      at++;
    } else {
      const end = row.indexOf(delimiter, at);
      value = row.slice(at, end === -1 ? undefined : end);
      at = end === -1 ? row.length : end;
    }
    values.push(value);
    if (at >= row.length) return values;
    at++;
  }
}
