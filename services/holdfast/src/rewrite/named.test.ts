import { expect, test } from 'vitest';
import { anywhere, blottedAudit, blottedReceipt, namedBy } from './named.ts';

const lone = namedBy('GB-01', ['GB-01', 'GB-02']);
const among = namedBy('GB-01', ['GB-01', 'GB-01-0042']);
const last = namedBy('0042', ['0042', 'GB-01-0042']);
const number = namedBy('12', ['12', '13']);

test('a participant is found by the id as a word or behind a prefix, not as a part of another one’s; a number is not looked for', () => {
  const letters = namedBy('A42', ['A42', 'GB-A42']);
  for (const [one, text, isIn] of [
    [lone, 'of GB-01.', true],
    [lone, '"GB-01-W04"', true],
    [lone, 'ae-GB-01-1', true],
    [lone, 'export_GB-01.ndjson', true],
    [lone, 'GB-012', false],
    [lone, 'XGB-01', false],
    [among, '"GB-01-0042"', false],
    [among, 'GB-01, or GB-01-0042', true],
    [letters, '"GB-A42"', false],
    [letters, 'A42-W04', true],
    [number, '{"subject":"12"}', false],
    [last, '"0042"', false],
  ] as const)
    expect([text, one.isIn(text)]).toEqual([text, isIn]);
  expect(among.blotted('GB-01 and GB-01-0042')).toBe('[erased] and GB-01-0042');
});

test('at the end the bytes of an id are looked for, whatever stands around them', () => {
  for (const text of ['XGB-012', '"GB-01-0042"']) {
    expect(anywhere(among).isIn(text)).toBe(true);
    expect(anywhere(among).isInBytes(Buffer.from(text))).toBe(true);
  }
  expect(anywhere(number).isInBytes(Buffer.from('12'))).toBe(false);
});

test('receipts and the audit log lose a name, and nothing that only looks like it', () => {
  const receipt = JSON.stringify({ name: 'GB-01.ndjson', 'GB-01': 1, accepted: 12, where: '12' });
  expect(JSON.parse(blottedReceipt(receipt, lone) ?? '')).toEqual({
    ...{ name: '[erased].ndjson', 'GB-01': 1, accepted: 12, where: '12' },
  });
  expect(blottedReceipt(receipt, number)).toBeUndefined();
  expect(blottedReceipt('{"name": GB-01', lone)).toBeUndefined();

  const record = { at: '12', who: 'GB-01', question: 'facts --participant 12 --day 12' };
  const blotted = (one: object, of = number) => JSON.parse(Buffer.from(blottedAudit(bytes(one), of)).toString());
  const bytes = (one: object) => Buffer.from(JSON.stringify(one));
  expect(blotted(record)).toEqual({ ...record, question: 'facts --participant [erased] --day 12' });
  expect(blotted({ ...record, question: 'facts --participant=GB-01' }, lone)).toEqual({
    ...record,
    question: 'facts --participant=[erased]',
  });
  const other = bytes({ rewrite: { step: 'begun', edition: 12 } });
  expect(blottedAudit(other, number)).toBe(other);
});
