import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { canonicalJson } from '@holdfast/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ArchivedRecord, recordsOfSegment, segmentOf } from './archive-segment.ts';

const at = { trial: 'KARE-2', partition: 3 };

const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const event = fc.record(
  {
    specversion: fc.constant('1.0'),
    id: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    source: fc.constantFrom('/trials/KARE-2/sites/GB-01', '/trials/KARE-2/holdfast'),
    subject: fc.constantFrom('GB-01-1', 'GB-01-2'),
    type: fc.constantFrom('org.holdfast.urine-screen.v1', 'org.holdfast.sealed.v1'),
    time: instant,
    recordedtime: instant,
    receivedtime: instant,
    data: fc.dictionary(
      fc.constantFrom('a', 'b', 'time', 'id'),
      fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    ),
  },
  { requiredKeys: ['specversion', 'id', 'source', 'type', 'time', 'recordedtime', 'data'] },
);
const records = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), event), { maxLength: 40 })
  .map((pairs): ArchivedRecord[] => {
    let offset = -1;
    return pairs.map(([gap, one]) => {
      offset += gap;
      return { offset, record: canonicalJson(one) };
    });
  });

test('what goes into a segment comes out of it, to the byte, and equal records make equal bytes', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (given) => {
      const segment = await segmentOf(at, given);
      expect(await recordsOfSegment(segment)).toEqual(given);
      expect(Buffer.from(await segmentOf(at, given)).equals(segment)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('many records in several row groups make equal bytes too, and offsets beyond 2^31 stand', async () => {
  const many = Array.from({ length: 50_000 }, (_, n) => ({
    offset: 3_000_000_000 + n,
    record: canonicalJson({ id: `e${n}`, time: '2026-03-02T10:00:00+01:00', n }),
  }));
  const [one, two] = [await segmentOf(at, many), await segmentOf(at, many)];
  expect(Buffer.from(one).equals(two)).toBe(true);
  expect((await recordsOfSegment(one)).at(-1)).toEqual(many.at(-1));
});

test('any reader of Parquet finds the columns, without knowing of Holdfast', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-parquet-'));
  try {
    const file = join(folder, 'x.parquet');
    const stored = {
      specversion: '1.0',
      id: 'e1',
      source: '/trials/KARE-2/sites/GB-01',
      subject: 'GB-01-1',
      type: 'org.holdfast.visit-attended.v1',
      time: '2026-03-02T10:15:00+00:00',
      recordedtime: '2026-03-02T16:40:11+00:00',
      receivedtime: '2026-03-02T17:00:00.000Z',
      data: { visit: 'W04' },
    };
    const clock = { id: 'day-turned-1', type: 'org.holdfast.day-turned.v1', data: { date: '2026-03-03' } };
    const both = [stored, clock].map((one, offset) => ({ offset, record: canonicalJson(one) }));
    await writeFile(file, await segmentOf(at, both));
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll('FROM read_parquet($1)', [file])).getRowObjectsJson();
    connection.closeSync();
    instance.closeSync();
    const { specversion: _, data: __, ...columns } = stored;
    expect(rows[0]).toEqual({ trial: 'KARE-2', partition: 3, offset: '0', ...columns, record: canonicalJson(stored) });
    expect(rows[1]).toMatchObject({ id: 'day-turned-1', subject: null, receivedtime: null });
    expect(Object.keys(rows[0] ?? {})).toEqual(
      'trial partition offset receivedtime recordedtime time type source id subject record'.split(' '),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('what is no segment is named as such', async () => {
  await expect(recordsOfSegment(new TextEncoder().encode('no parquet'))).rejects.toMatchObject({
    code: 'HF_SEGMENT_UNREADABLE',
  });
});
