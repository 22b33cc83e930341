import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NumberedCsv, writeNumberedCsv } from './numbered-csv.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-csv-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function numbered(
  bytes: string | Uint8Array,
  delimiter = ',',
  file = 'uds.csv',
): Promise<NumberedCsv & { copy: string }> {
  const path = join(folder, file);
  const to = join(folder, 'copy');
  await writeFile(path, bytes);
  const found = await writeNumberedCsv(path, file, delimiter, to);
  return { ...found, copy: await readFile(to, 'utf8') };
}

test('a byte-order mark and the header go, and each row gets the line it begins on', async () => {
  expect(await numbered('\u{feff}who, what \r\n1,a\r\n\r\n2,b')).toEqual({
    header: ['who', 'what'],
    rows: 2,
    bad: [],
    copy: '2,1,a\n4,2,b\n',
  });
});

test('line breaks inside quotes count as lines and not as rows', async () => {
  const { rows, copy } = await numbered('who,what\n1,"a\nb"\r\n2,"c\r\nd"\n3,e\n');
  expect(rows).toBe(3);
  expect(copy).toBe('2,1,"a\nb"\n4,2,"c\r\nd"\n6,3,e\n');
});

test('another delimiter is kept, and a comma is then a letter like any other', async () => {
  expect(await numbered('who;what\n1;a,b\n', ';')).toMatchObject({ rows: 1, bad: [], copy: '2;1;a,b\n' });
});

test('bad rows are named by line and reason, and shift nothing behind them', async () => {
  const { rows, bad, copy } = await numbered(
    Buffer.concat([
      Buffer.from('who,what\n1,a\n2\n3,c,d\n4,"x\n5,"y"z\n6,f\n7,'),
      Buffer.from([0xe9]),
      Buffer.from('\n8,\0\n9,i\n"10,j\n11,k'),
    ]),
  );
  expect(rows).toBe(11);
  expect(copy).toBe('2,1,a\n7,6,f\n10,9,i\n12,11,k\n');
  expect(bad.map(({ line }) => line)).toEqual([3, 4, 5, 6, 8, 9, 11]);
  const reasons = bad.map(({ reason }) => reason);
  expect(reasons[0]).toBe(
    'there is 1 value where the header has 2; complete the row, or put values with "," in quotes',
  );
  expect(reasons[1]).toContain('there are 3 values');
  expect(reasons[2]).toContain('quote');
  expect(reasons[4]).toBe('is not UTF-8 text (Latin-1, perhaps); save the file as CSV in UTF-8');
  expect(reasons[5]).toContain('NUL');
  expect(reasons[6]).toContain('never closed');
});

test('what is no table at all is one error', async () => {
  await expect(numbered('')).rejects.toThrow('uds.csv: is empty; its first line must name its columns');
  await expect(numbered(Buffer.from('\u{feff}who,what\n', 'utf16le'))).rejects.toThrow(
    'uds.csv: is UTF-16 text; save it as CSV in UTF-8',
  );
  await expect(numbered('who,"what\n1,2\n')).rejects.toThrow(
    'uds.csv, line 1: the header opens a quote that is never closed',
  );
  await expect(numbered(Buffer.from([0x61, 0xe9, 0x0a]))).rejects.toThrow('uds.csv, line 1: the header is not UTF-8');
  const packed = gzipSync('who,what\n1,a\n');
  await expect(numbered(packed.subarray(0, packed.length - 9), ',', 'uds.csv.gz')).rejects.toThrow(
    'uds.csv.gz: cannot be read (unexpected end of file); is it whole?',
  );
});

test('lines are right however the file falls into pieces, packed or not', async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => ({
    row: `${i},"${i % 7 === 0 ? 'line\r\nbreak é' : 'plain text, with a comma'}"`,
    lines: i % 7 === 0 ? 2 : 1,
    bad: i % 1001 === 5,
  }));
  const text = `who,what\r\n${rows.map(({ row, bad }) => (bad ? `${row},x` : row)).join('\r\n')}\r\n`;
  let line = 2;
  const expected: string[] = [];
  const expectedBad: number[] = [];
  for (const { row, lines, bad } of rows) {
    if (bad) expectedBad.push(line);
    else expected.push(`${line},${row}\n`);
    line += lines;
  }
  expect(text.length).toBeGreaterThan(1 << 20);
  for (const [bytes, file] of [
    [text, 'uds.csv'],
    [gzipSync(text), 'uds.csv.gz'],
  ] as const) {
    const { copy, bad, rows: count } = await numbered(bytes, ',', file);
    expect(count).toBe(rows.length);
    expect(bad.map((one) => one.line)).toEqual(expectedBad);
    expect(copy === expected.join('')).toBe(true);
  }
});

test('a quote that is never closed costs one line, not the rest of the file', async () => {
  const { bad, rows, copy } = await numbered(`who,what\n1,"a\n${'2,b\n'.repeat(400_000)}3,c\n`);
  expect(rows).toBe(400_002);
  expect(bad).toMatchObject([{ line: 2 }]);
  expect(copy.endsWith('400003,3,c\n')).toBe(true);
});
