import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { smallImport, smallProtocol } from '../testing/small-import.ts';

test('the example of docs/import-tables.md works as it stands there', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/import-tables.md'), 'utf8');
  const blocks = [...page.matchAll(/```(?:yaml|sql)\n(.*?)```/gs)].map(([, text]) => text ?? '');
  const [mapping, enrolled, screen] = blocks;
  if (mapping === undefined || enrolled === undefined || screen === undefined)
    throw new Error('the page has lost its example');
  const trials = new Map([['MY-TRIAL', { ...smallProtocol(), trial: 'MY-TRIAL' }]]);
  const { events, reconciliation } = await smallImport(
    {
      mapping,
      sql: { 'participant-enrolled.sql': enrolled, 'urine-screen.sql': screen },
      tables: {
        'people.csv': 'who,centre,consented\n1,A,2026-01-05\n2,B,2026-01-06\n',
        'urine.csv':
          'who;drug;taken\n1;Opioid;2026-01-09\n1;Crack;2026-01-09\n2;Thc;NA\n2;;2026-01-10\n7;Thc;2026-01-10\n',
      },
    },
    trials,
  );
  expect(events.map(({ type, time, data }) => ({ type, time, data }))).toEqual([
    {
      type: 'org.holdfast.participant-enrolled.v1',
      time: '2026-01-05T12:00:00+00:00',
      data: { consentDate: '2026-01-05' },
    },
    {
      type: 'org.holdfast.urine-screen.v1',
      time: '2026-01-09T12:00:00+00:00',
      data: { results: { opioid: 'positive' } },
    },
    {
      type: 'org.holdfast.participant-enrolled.v1',
      time: '2026-01-06T12:00:00+00:00',
      data: { consentDate: '2026-01-06' },
    },
  ]);
  expect(reconciliation.tables[1]).toMatchObject({
    read: 5,
    used: 1,
    filtered: 1,
    rejected: 3,
    reasons: [{ reason: 'no date', rows: 1, line: 4 }],
  });
  expect(reconciliation.rejectedRows.map(({ line, field }) => `${line} ${field}`)).toEqual([
    '3 data.results.crack',
    '5 data.results.',
    '6 site',
  ]);
});
