import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { canonicalJson } from '@holdfast/events';
import { expect, test } from 'vitest';
import { segmentOf } from './archive-segment.ts';

const event = (n: number, type: string, data: object) => ({
  specversion: '1.0',
  id: `e${n}`,
  source: '/trials/KARE-2/sites/GB-01',
  subject: `P-${n % 2}`,
  type: `org.holdfast.${type}.v1`,
  time: '2026-03-02T10:00:00+00:00',
  recordedtime: '2026-03-02T10:00:00+00:00',
  receivedtime: '2026-03-02T11:00:00.000Z',
  data,
});

test('the queries of docs/archive.md read the archive with DuckDB alone', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/archive.md'), 'utf8');
  const queries = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, query = '']) => query);
  const data = await mkdtemp(join(tmpdir(), 'holdfast-archive-page-'));
  try {
    const events = [
      event(0, 'urine-screen', { results: { alcohol: 'positive' } }),
      event(1, 'visit-attended', { visit: 'W1' }),
      event(0, 'urine-screen', { results: { alcohol: 'positive' } }), // sent twice
      event(3, 'urine-screen', { results: { alcohol: 'negative' } }),
    ];
    for (const partition of [0, 1]) {
      const folder = join(data, `objects/archive/KARE-2/0123456789abcdef/000${partition}`);
      await mkdir(folder, { recursive: true });
      const records = events.slice(2 * partition, 2 * partition + 2);
      const body = await segmentOf(
        { trial: 'KARE-2', partition },
        records.map((one, offset) => ({ offset, record: canonicalJson(one) })),
      );
      await writeFile(join(folder, '000000000000-000000000002.parquet'), body);
    }
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const answers = [];
    for (const query of queries) {
      const here = query.replaceAll('DATA', data).replaceAll('TRIAL', 'KARE-2');
      answers.push((await connection.runAndReadAll(here)).getRowsJson());
    }
    connection.closeSync();
    expect(answers).toEqual([
      [
        ['org.holdfast.urine-screen.v1', '2026-03', '2'],
        ['org.holdfast.visit-attended.v1', '2026-03', '1'],
      ],
      [
        ['P-0', '2026-03-02T10:00:00+00:00', 'positive'],
        ['P-0', '2026-03-02T10:00:00+00:00', 'positive'],
        ['P-1', '2026-03-02T10:00:00+00:00', 'negative'],
      ],
    ]);
  } finally {
    await rm(data, { recursive: true });
  }
});
