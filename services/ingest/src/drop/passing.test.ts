import { ImportError } from '@holdfast/tables';
import { expect, test } from 'vitest';
import { isPassing } from './passing.ts';

const ofSystem = (code: string) => Object.assign(new Error(`${code}: not now`), { code });
const ofTables = (cause: Error) => new ImportError('uds.csv: cannot be read', { cause });

test.each([
  ['a full disk', ofSystem('ENOSPC')],
  ['a full disk while a table is read', ofTables(ofSystem('ENOSPC'))],
  ['too many open files while a mapping is read', ofTables(ofSystem('EMFILE'))],
  ['a full disk in DuckDB', ofTables(new Error('IO Error: Could not write file "/x": No space left on device'))],
  [
    'no room for what DuckDB holds',
    ofTables(new Error('Out of Memory Error: failed to offload data block of size 96')),
  ],
  ['the same, met while events are had', new Error('IO Error: Could not read from file "/x": Input/output error')],
])('%s passes', (_, error) => {
  expect(isPassing(error)).toBe(true);
});

test.each([
  ['SQL that is wrong', ofTables(new Error('Binder Error: no such column'))],
  ['a table that lacks a file', ofTables(ofSystem('ENOENT'))],
  ['a mapping that is wrong', new ImportError('mapping.yaml: is empty')],
  ['a query that needs too much', ofTables(new Error('Out of Memory Error: could not allocate block of size 256'))],
  [
    'a value that says so',
    ofTables(new Error('Conversion Error: Could not convert "No space left on device" to INT32')),
  ],
  ['a defect', new TypeError('x is undefined')],
])('%s does not', (_, error) => {
  expect(isPassing(error)).toBe(false);
});
