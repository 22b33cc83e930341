import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextLine, type Scan, type ScannedRow, scanRow, valuesOf } from './csv-row.ts';

const comma = 0x2c;
const scan = (text: string, isEnd = true): { scan: Scan; row: ScannedRow } => {
  const row: ScannedRow = { end: 0, next: 0, values: 0, breaks: 0 };
  return { scan: scanRow(Buffer.from(text), 0, comma, isEnd, row), row };
};

test('a row ends at its line break, whichever it is, but not at one inside quotes', () => {
  expect(scan('a,"b\nc",d\r\ne')).toEqual({ scan: 'row', row: { end: 9, next: 11, values: 3, breaks: 1 } });
  expect(scan('a,b\rc').row).toMatchObject({ end: 3, next: 4 });
  expect(scan('"\r\n\n\r",x\n').row).toMatchObject({ values: 2, breaks: 3 });
});

test('the last row needs no line break, and an empty last value is a value', () => {
  expect(scan('a,')).toEqual({ scan: 'row', row: { end: 2, next: 2, values: 2, breaks: 0 } });
  expect(scan('').row).toMatchObject({ end: 0, values: 1 });
});

test('what is cut off is not guessed at: more bytes are asked for', () => {
  for (const text of ['a,b', 'a,"b', 'a,"b"', 'a,b\r', '"a\r']) expect(scan(text, false).scan, text).toBe('more');
});

test('quotes in wrong places are faults', () => {
  expect(scan('a,b"c\n').scan).toBe('stray quote');
  expect(scan('a,"b"c\n').scan).toBe('stray quote');
  expect(scan('a,"b\nc\n').scan).toBe('quote left open');
});

test('the next line is sought behind any line break', () => {
  expect(nextLine(Buffer.from('a"b\r\nc'), 0, true)).toBe(5);
  expect(nextLine(Buffer.from('ab'), 0, false)).toBe(-1);
  expect(nextLine(Buffer.from('ab'), 0, true)).toBe(2);
});

test('whatever is written as a row is read as that row', () => {
  const value = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é'), maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      (values, lineBreak) => {
        const text = values.map((v) => `"${v.replaceAll('"', '""')}"`).join(',');
        const { scan: found, row } = scan(`${text}${lineBreak}next`);
        expect(found).toBe('row');
        expect(row.values).toBe(values.length);
        expect(row.breaks).toBe(text.match(/\r\n|\n|\r/g)?.length ?? 0);
        expect(valuesOf(text, ',')).toEqual(values);
      },
    ),
  );
});
