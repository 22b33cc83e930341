import { expect, test } from 'vitest';
import { partIn } from './leaving.ts';
import { namedBy } from './named.ts';

const trial = 'KARE';
const recordOf = (value: object, key = 'file:1') => ({
  ...{ partition: 0, offset: 0, key, value: Buffer.from(JSON.stringify({ where: key, problems: [], ...value })) },
});

test('whose a rejected input is its subject says; only where it says nothing its words do, and never a number', async () => {
  const [coded, number] = [namedBy('GB-01-0042', []), namedBy('11', [])];
  const site = (of: string) => `/trials/${of}/sites/S1`;
  for (const [named, record, part] of [
    [coded, { of: { subject: 'GB-01-0042' } }, 'own'],
    [coded, { of: { subject: 'GB-01-0042', source: site('OTHER') } }, 'elsewhere'],
    [coded, { of: { subject: 'GB-01-0042', source: site('KAER') }, from: site(trial) }, 'own'],
    [coded, { of: { subject: 'GB-01-0007' }, input: { note: 'GB-01-0042' } }, 'elsewhere'],
    [coded, { of: { subject: 'GB-01-0007' }, input: { note: 'nobody' } }, 'none'],
    [coded, { input: { subject: ' GB-01-0042 ' } }, 'own'],
    [coded, { input: { subject: 'GB-01-0042 (twice)' } }, 'naming'],
    [coded, { input: { note: 'GB-01-0042' }, from: site('OTHER') }, 'elsewhere'],
    [coded, { problems: [{ path: '', message: 'GB-01-0042 twice' }] }, 'naming'],
    [coded, { exported: 'GB-01-0042', since: '' }, 'none'],
    [number, { of: { subject: '11' } }, 'own'],
    [number, { input: { subject: 11 } }, 'own'],
    [number, { input: { value: '11', subject: '' }, problems: [{ path: '', message: 'of site 11' }] }, 'none'],
  ] as const)
    expect([record, await partIn(recordOf(record), named, trial, new Map())]).toEqual([record, part]);
  expect(await partIn(recordOf({ input: [] }, 'export_GB-01-0042.ndjson:1'), coded, trial, new Map())).toBe('naming');
});
