import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStoreFormat, storeFormat } from './store-format.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'hf-store-'));
});
afterEach(() => rmSync(data, { recursive: true }));
const mark = (text: string) => writeFileSync(join(data, 'store.json'), text);

describe('the format of a store', () => {
  test('is written by who writes to it, and left alone by who reads', () => {
    checkStoreFormat(data, 'read');
    expect(readdirSync(data)).toEqual([]);
    checkStoreFormat(data, 'write');
    expect(readdirSync(data)).toEqual(['store.json']);
    expect(JSON.parse(readFileSync(join(data, 'store.json'), 'utf8'))).toEqual({ format: storeFormat });
    checkStoreFormat(data, 'read');
    checkStoreFormat(data, 'write');
  });

  test.each(['read', 'write'] as const)(
    'a newer one is not opened to %s: the newer Holdfast is asked for',
    (access) => {
      mark(JSON.stringify({ format: storeFormat + 1, more: true }));
      expect(() => checkStoreFormat(data, access)).toThrow(
        `was written by a newer Holdfast (store format ${storeFormat + 1}; this one reads up to ${storeFormat}); use that one`,
      );
    },
  );

  test.each(['', 'null', '{', '{"format":"1"}', '{"format":0}'])('one that cannot be told is said so: %j', (text) => {
    mark(text);
    expect(() => checkStoreFormat(data, 'write')).toThrow('does not say what format the store has');
  });
});
