import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  imported,
  inFolder,
  mappingText,
  refusalOf,
  smallImport,
  smallProtocol,
  tableTexts,
} from '../testing/small-import.ts';
import { mappingId } from './events/event-id.ts';
import { openImport } from './table-import.ts';

const shown = (events: readonly { type: string; subject?: string; data: unknown }[], type: string) =>
  events.filter((event) => event.type === `org.holdfast.${type}.v1`).map(({ subject, data }) => ({ subject, data }));

describe('tables become events', () => {
  test('each event has its trial, sender, participant, noon of its day, and an id that depends on nothing else', async () => {
    const { events, total, reconciliation } = await smallImport();
    expect(total).toBe(8);
    expect(reconciliation.events).toEqual({ accepted: 8, rejected: 0 });
    expect(events.slice(0, 4)).toEqual([
      {
        specversion: '1.0',
        id: mappingId('small', 'participant-enrolled', 'T-0001', '1', 'enrolled'),
        source: '/trials/T-0001/sites/A',
        subject: '1',
        type: 'org.holdfast.participant-enrolled.v1',
        time: '2000-01-01T12:00:00+00:00',
        recordedtime: '2000-01-01T12:00:00+00:00',
        data: { consentDate: '2000-01-01' },
      },
      expect.objectContaining({ type: 'org.holdfast.participant-randomised.v1', data: { date: '2000-01-04' } }),
      expect.objectContaining({
        type: 'org.holdfast.arm-assigned.v1',
        source: '/trials/T-0001/randomisation',
        data: { arm: 'Ketamine' },
      }),
      expect.objectContaining({
        type: 'org.holdfast.urine-screen.v1',
        time: '2000-01-06T12:00:00+00:00',
        data: { results: { opioid: 'positive', thc: 'positive' } },
      }),
    ]);
  });

  test('the same tables give the same bytes, however their lines are packed', async () => {
    const once = await smallImport();
    const packed = Object.fromEntries(
      Object.entries(tableTexts).flatMap(([name, text]) => [
        [name, undefined],
        [`${name}.gz`, gzipSync(text)],
      ]),
    );
    const again = await smallImport({ tables: packed });
    expect(JSON.stringify(again.events)).toBe(JSON.stringify(once.events));
    expect(again.reconciliation.tables.map(({ file }) => file)).toEqual(['people.csv.gz', 'arms.csv.gz', 'uds.csv.gz']);
  });

  test('Parquet is read by its row numbers', async () => {
    await inFolder({}, async (folder) => {
      const csv = (name: string) => join(folder.directory, `${name}.csv`);
      const expected = await imported(folder);
      const database = await DuckDBInstance.create(':memory:');
      const connection = await database.connect();
      for (const name of ['people', 'arms', 'uds']) {
        await connection.run(
          `copy (select * from read_csv('${csv(name)}')) to '${join(folder.directory, `${name}.parquet`)}'`,
        );
        await rm(csv(name));
      }
      connection.closeSync();
      database.closeSync();
      const { events, reconciliation } = await imported(folder);
      expect(events).toEqual(expected.events);
      expect(reconciliation.tables.map(({ file, read, used }) => ({ file, read, used }))).toEqual([
        { file: 'people.parquet', read: 2, used: 2 },
        { file: 'arms.parquet', read: 2, used: 2 },
        { file: 'uds.parquet', read: 3, used: 3 },
      ]);
      await writeFile(join(folder.directory, 'uds.parquet'), 'PAR1');
      await expect(imported(folder)).rejects.toThrow(/^uds\.parquet: cannot be read as Parquet/);
    });
  });

  test('a participant’s events stand together, in the order of their days', async () => {
    const { events } = await smallImport({
      tables: { 'uds.csv': 'who,what,when\n2,Thc,90\n1,Thc,9\n2,Thc,-3\n1,Thc,100\n' },
    });
    const order = events.map((event) => `${'subject' in event ? event.subject : ''} ${event.time}`);
    expect(order).toEqual([...order].sort());
  });

  test('time, recorded time and sender are taken as given', async () => {
    const sql = {
      'screen.sql': `select trial, '/sites/B' as source, who as subject, u.line as key, '2000-01-0' || "when" || 'T23:30:00-05:00' as time, '2000-02-01T08:00:00Z' as recorded,
        {'results': map([substance_id(what)], ['positive']), 'visit': nullif(what, 'Thc')} as data, [{'line': u.line, 'tab': 'uds'}] as lines
        from uds u left join people using (who);
      `,
    };
    const { events } = await smallImport({ sql });
    expect(events.filter(({ type }) => type === 'org.holdfast.urine-screen.v1')).toMatchObject([
      {
        source: '/trials/T-0001/sites/B',
        time: '2000-01-05T23:30:00-05:00',
        recordedtime: '2000-02-01T08:00:00Z',
        data: { visit: 'Opioid' },
      },
      { time: '2000-01-05T23:30:00-05:00', data: { results: { thc: 'positive' } } },
      { time: '2000-01-06T23:30:00-05:00' },
    ]);
  });

  test('events can be had once, and reconciled when all are had', async () => {
    await inFolder({}, async (folder) => {
      const tables = await openImport({ ...folder, trials: new Map([['T-0001', smallProtocol()]]) });
      expect(() => tables.reconciliation()).toThrow('take all events first');
      expect(tables.judged).toBe(0);
      for await (const batch of tables.events((event, trial) => ({ ok: true, value: `${trial} ${event.subject}` })))
        expect(batch).toContain('T-0001 1');
      expect(tables.judged).toBe(8);
      expect(tables.reconciliation().events).toEqual({ accepted: 8, rejected: 0 });
      await expect(tables.events().next()).rejects.toThrow('can be had once');
      await tables.close();
    });
  });

  test('a batch of which nothing is accepted is told like any other', async () => {
    await inFolder({}, async (folder) => {
      const tables = await openImport({ ...folder, trials: new Map([['T-0001', smallProtocol()]]) });
      const batches: (readonly unknown[])[] = [];
      for await (const batch of tables.events(() => ({ ok: false, problems: [] }))) batches.push(batch);
      expect(batches).toEqual([[]]);
      await tables.close();
    });
  });

  test('an import that is given up leaves no file behind', async () => {
    await inFolder({}, async (folder) => {
      const before = readdirSync(folder.directory);
      vi.stubEnv('TMPDIR', folder.directory);
      try {
        const tables = await openImport({ ...folder, trials: new Map([['T-0001', smallProtocol()]]) });
        expect(readdirSync(folder.directory).length).toBe(before.length + 1);
        for await (const _ of tables.events()) break;
        await tables.close();
        await rm(join(folder.directory, 'uds.csv'));
        await expect(imported(folder)).rejects.toThrow('holds no table uds');
      } finally {
        vi.unstubAllEnvs();
      }
      expect(readdirSync(folder.directory)).toEqual(before.filter((name) => name !== 'uds.csv'));
    });
  });
});

describe('values', () => {
  const uds = async (text: string | Uint8Array, uds = '{}') => {
    const mapping = mappingText.replace(/uds: .*/, `uds: ${uds}`);
    const { events, reconciliation } = await smallImport({ mapping, tables: { 'uds.csv': text } });
    return {
      screens: shown(events, 'urine-screen'),
      rejected: reconciliation.rejectedRows,
      table: reconciliation.tables[2],
    };
  };
  const columns = 'columns: { who: text, what: text, when: integer }';

  test('a mark at the beginning, CRLF, semicolons and spaces in the header change nothing', async () => {
    const { screens } = await uds('\u{feff}who; what;"when"\r\n1;Thc;5\r\n', `{ delimiter: ";", ${columns} }`);
    expect(screens).toEqual([{ subject: '1', data: { results: { thc: 'positive' } } }]);
  });

  test('columns of any name can be read: with a space, without a name, twice, or named line', async () => {
    const sql = {
      'screen.sql': `select trial, site, who as subject, concat_ws('/', "the day", column_1, line_1, what_1, line) as key, civil_date("the day") as day,
        {'results': json_object(substance_id(what), 'positive'), 'visit': concat_ws('/', column_1, line_1, what_1, u.line)} as data, [{'tab': 'uds', 'line': u.line}] as lines
        from uds u left join people using (who)`,
    };
    const mapping = mappingText.replace(/uds: .*/, 'uds:');
    const tables = {
      'uds.csv': '"",who,what,the day,Line,What\n"r1",1,Thc,5,L,W\n',
      'people.csv': 'who,trial,site\n1,T-0001,A\n2,T-0001,B\n',
    };
    const { events } = await smallImport({
      sql: { 'screen.sql': sql['screen.sql'].replace(', line) as key', ', u.line) as key') },
      mapping,
      tables,
    });
    expect(shown(events, 'urine-screen')).toEqual([
      { subject: '1', data: { results: { thc: 'positive' }, visit: 'r1/L/W/2' } },
    ]);
  });

  test('missing is what is empty, in quotes or not, and what is declared as such, unless in quotes', async () => {
    const sql = {
      'screen.sql': `select trial, site, who as subject, u.line::VARCHAR as key, civil_date(5) as day, {'results': map([], []), 'visit': coalesce(what, 'missing')} as data, [{'tab': 'uds', 'line': u.line}] as lines from uds u left join people using (who)`,
    };
    const mapping = mappingText.replace(/uds: .*/, 'uds: { nulls: [NA, "-"] }');
    const { events } = await smallImport({
      sql,
      mapping,
      tables: { 'uds.csv': 'who,what,when\n1,,1\n1,"",2\n1,NA,3\n1,"NA",4\n1,-,5\n1, ,6\n1,na,7\n' },
    });
    expect(shown(events, 'urine-screen').map(({ data }) => (data as { visit: string }).visit)).toEqual([
      'missing',
      'missing',
      'missing',
      'NA',
      'missing',
      ' ',
      'na',
    ]);
  });

  test('a value that is not of its column’s type rejects its row, named by column', async () => {
    const { screens, rejected, table } = await uds(
      'who,what,when\n1,Thc,5.5\n1,Thc,7.0\n1,Thc,tomorrow\n1,Thc,1e3\n',
      `{ ${columns} }`,
    );
    expect(screens.length).toBe(2);
    expect(rejected).toEqual([
      {
        file: 'uds.csv',
        line: 2,
        field: 'when',
        reason: '"5.5" is no whole number; write it like 12 or -3, or leave it empty',
      },
      {
        file: 'uds.csv',
        line: 4,
        field: 'when',
        reason: '"tomorrow" is no whole number; write it like 12 or -3, or leave it empty',
      },
    ]);
    expect(table).toMatchObject({ read: 4, used: 2, filtered: 0, rejected: 2 });
  });

  test('numbers and dates are told from what looks like them', async () => {
    const typed = 'columns: { who: text, what: text, when: integer, amount: number, day: date }';
    const { rejected } = await uds(
      'who,what,when,amount,day\n1,Thc,5,1.5,2026-02-28\n1,Thc,6,inf,2026-02-28\n1,Thc,7,x,\n1,Thc,8,,2026-02-30\n1,Thc,9,,infinity\n1,Thc,10,,28/02/2026\n',
      `{ ${typed} }`,
    );
    expect(rejected.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '3 amount',
      '4 amount',
      '5 day',
      '6 day',
      '7 day',
    ]);
    expect(rejected[2]?.reason).toBe('"2026-02-30" is no date; write it like 2026-03-02, or leave it empty');
  });

  test('a line that is no CSV is rejected by its line, and the lines behind it keep theirs', async () => {
    const { rejected, table } = await uds(
      Buffer.concat([
        Buffer.from('who,what,when\n1,Thc\n1,"Th\nc",5\n\n2,Th"c,6\n2,'),
        Buffer.from([0xe9]),
        Buffer.from(',7\n2,Crack,8\n'),
      ]),
      `{ ${columns} }`,
    );
    expect(rejected.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '2 ',
      '3 data.results.th-c',
      '6 ',
      '7 ',
      '8 data.results.crack',
    ]);
    expect(table).toMatchObject({ read: 5, used: 0, filtered: 0, rejected: 5 });
  });

  test('whatever a value holds, DuckDB reads it as it stands in the file', async () => {
    const label = fc.string({
      unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', ';', '\\', "'", 'é', '🙂', '#', 'NULL'),
      minLength: 1,
      maxLength: 8,
    });
    const sql = {
      'screen.sql': `select trial, site, who as subject, uds.line::VARCHAR as key, civil_date(5) as day, {'visit': what, 'results': map([], [])} as data, [{'tab': 'uds', 'line': uds.line}] as lines from uds left join people using (who)`,
    };
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(label, { minLength: 1, maxLength: 30 }),
        fc.constantFrom('\n', '\r\n'),
        async (labels, lineBreak) => {
          const rows = labels.map((what, i) => `1,"${what.replaceAll('"', '""')}",${i}`);
          const { events } = await smallImport({
            sql,
            tables: { 'uds.csv': ['who,what,when', ...rows].join(lineBreak) },
          });
          const found = shown(events, 'urine-screen').map(({ data }) => (data as { visit: string }).visit);
          expect(found.sort()).toEqual([...labels].sort());
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('what is not used is accounted for', () => {
  test('rows without an event are filtered with the mapping’s reason', async () => {
    const { reconciliation } = await smallImport({
      tables: { 'arms.csv': 'who,arm,when\n1,Ketamine,3\n2,Placebo,\n' },
    });
    expect(reconciliation.tables[1]).toEqual({
      table: 'arms',
      file: 'arms.csv',
      read: 2,
      used: 1,
      filtered: 1,
      reasons: [{ reason: 'no day', rows: 1, line: 3 }],
      rejected: 0,
    });
  });

  test('trials that are not published are counted, never rejected', async () => {
    const { events, total, reconciliation } = await smallImport({
      tables: {
        'people.csv': 'who,trial,site\n1,T-0001,A\n2,T-0002,somewhere\n',
        'arms.csv': 'who,arm,when\n1,Ketamine,3\n2,Unheard of,\n',
      },
    });
    expect(total).toBe(events.length);
    expect(reconciliation.rejectedRows).toEqual([]);
    expect(reconciliation.tables.map(({ reasons }) => reasons)).toEqual([
      [{ reason: 'trial T-0002 is not published', rows: 1, line: 3 }],
      [{ reason: 'trial T-0002 is not published', rows: 1, line: 3 }],
      [{ reason: 'trial T-0002 is not published', rows: 1, line: 4 }],
    ]);
  });

  test('without any published trial everything is filtered', async () => {
    const { total, reconciliation } = await smallImport({}, new Map());
    expect(total).toBe(0);
    expect(reconciliation.tables.map(({ read, filtered }) => read - filtered)).toEqual([0, 0, 0]);
  });

  test('a repeated row is filtered and names the row that it repeats', async () => {
    const { events, reconciliation } = await smallImport({
      tables: { 'uds.csv': 'who,what,when\n1,Thc,5\n2,Thc,5\n"1",Thc,5\n' },
    });
    expect(shown(events, 'urine-screen').length).toBe(2);
    expect(reconciliation.tables[2]).toMatchObject({
      read: 3,
      used: 2,
      filtered: 1,
      reasons: [{ reason: 'repeats line 2', rows: 1, line: 4 }],
    });
  });

  test('rows that no SELECT speaks of are an error of the mapping, and so are lines that are not there', async () => {
    const mapping = mappingText.replace('  urine-screen: screen.sql\n', '');
    expect(await refusalOf({ mapping })).toBe(
      '3 rows of table uds are neither used nor filtered, e.g. line 2 of uds.csv; give them to an event, or SELECT them with a reason in "filtered"',
    );
    const screen = (lines: string) => ({
      sql: {
        'screen.sql': `select trial, site, who as subject, uds.line as key, civil_date(5) as day, {'results': map([], [])} as data, ${lines} as lines from uds left join people using (who)`,
      },
    });
    expect(await refusalOf(screen("[{'tab': 'uds', 'line': uds.line + 1}]"))).toContain(
      'name line 5 of table uds, where uds.csv has no row',
    );
    expect(await refusalOf(screen("[{'tab': 'urine', 'line': uds.line}]"))).toContain(
      'name a table "urine" that it does not declare; use one of people, arms, uds',
    );
    expect(await refusalOf(screen("list_filter([{'tab': 'uds', 'line': uds.line}], lambda l: l.line > 2)"))).toContain(
      'screen.sql: gives rows that stand on no line',
    );
  });

  test('every row of every table is read, and used, filtered or rejected', async () => {
    const cell = fc.constantFrom(
      '1',
      '2',
      '3',
      '',
      'x',
      '"',
      'Thc',
      'Opioid',
      'Crack',
      'T-0001',
      'T-0002',
      'A',
      'C',
      'Ketamine',
      '5',
    );
    const row = (of: readonly fc.Arbitrary<string>[]) =>
      fc.oneof(
        { weight: 9, arbitrary: fc.tuple(...of).map((cells) => cells.join(',')) },
        { weight: 1, arbitrary: fc.array(cell, { maxLength: 4 }).map((cells) => cells.join(',')) },
      );
    const who = fc.constantFrom('1', '2', '3', '4', '');
    const day = fc.constantFrom('3', '5', '-7', '', 'x');
    const tables = fc.record({
      people: fc.array(
        row([who, fc.constantFrom('T-0001', 'T-0001', 'T-0002', ''), fc.constantFrom('A', 'B', 'C', '', 'A/B')]),
        { maxLength: 8 },
      ),
      arms: fc.array(row([who, fc.constantFrom('Ketamine', 'Placebo', 'Water', ''), day]), { maxLength: 8 }),
      uds: fc.array(row([who, fc.constantFrom('Thc', 'THC', 'Opioid', 'Crack', ''), day]), { maxLength: 12 }),
    });
    const sql = {
      'screen.sql': `select trial, site, who as subject, "when"::VARCHAR as key, civil_date("when") as day,
      {'results': json_group_object(substance_id(what), 'positive')} as data,
      list({'tab': 'uds', 'line': u.line, 'part': 'results.' || substance_id(what)}) as lines
      from uds u left join people using (who) group by trial, site, who, "when"`,
    };
    await fc.assert(
      fc.asyncProperty(tables, async ({ people, arms, uds }) => {
        const text = (header: string, rows: readonly string[]) => [header, ...rows].join('\n');
        const { events, total, reconciliation } = await smallImport({
          sql,
          tables: {
            'people.csv': text('who,trial,site', people),
            'arms.csv': text('who,arm,when', arms),
            'uds.csv': text('who,what,when', uds),
          },
        });
        expect(reconciliation.events.accepted).toBe(events.length);
        expect(events.length).toBeLessThanOrEqual(total);
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        for (const [i, rows] of [people, arms, uds].entries()) {
          const table = reconciliation.tables[i];
          if (table === undefined) throw new Error('a table is missing');
          if (!rows.some((one) => one.includes('"'))) expect(table.read).toBe(rows.filter((one) => one !== '').length);
          expect(table.used + table.filtered + table.rejected, JSON.stringify(table)).toBe(table.read);
          const named = new Set(
            reconciliation.rejectedRows.filter(({ file }) => file === table.file).map(({ line }) => line),
          );
          expect(named.size).toBeGreaterThanOrEqual(table.rejected);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('what is refused costs its row and not its neighbours', () => {
  test('an unknown substance: the day’s screen stands without it', async () => {
    const { events, reconciliation } = await smallImport({
      tables: { 'uds.csv': 'who,what,when\n1,Opioid,5\n1,Crack,5\n1,Thc,5\n2,Crack,6\n' },
    });
    expect(shown(events, 'urine-screen')).toEqual([
      { subject: '1', data: { results: { opioid: 'positive', thc: 'positive' } } },
    ]);
    expect(reconciliation.rejectedRows).toEqual(
      [3, 5].map((line) => ({
        file: 'uds.csv',
        line,
        type: 'urine-screen',
        field: 'data.results.crack',
        reason:
          'substance "crack" is not in the protocol (it has opioid, cocaine, thc); correct it, or publish a protocol version that declares it',
      })),
    );
    expect(reconciliation.tables[2]).toMatchObject({ read: 4, used: 2, filtered: 0, rejected: 2 });
    expect(reconciliation.events).toEqual({ accepted: 7, rejected: 1 });
  });

  test('an unknown arm: randomisation and neighbours stand', async () => {
    const { events, reconciliation } = await smallImport({
      tables: { 'arms.csv': 'who,arm,when\n1,Water,3\n2,Placebo,4\n' },
    });
    expect(shown(events, 'arm-assigned')).toEqual([{ subject: '2', data: { arm: 'Placebo' } }]);
    expect(shown(events, 'participant-randomised').length).toBe(2);
    expect(reconciliation.rejectedRows).toEqual([
      {
        file: 'arms.csv',
        line: 2,
        type: 'arm-assigned',
        field: 'data.arm',
        reason: 'is no arm of the protocol (it has Ketamine, Placebo); write it as there',
      },
    ]);
    expect(reconciliation.tables[1]).toMatchObject({ used: 2, rejected: 0 });
  });

  test('an unknown site: all rows of its participants, and nobody else’s', async () => {
    const { events, reconciliation } = await smallImport({
      tables: { 'people.csv': 'who,trial,site\n1,T-0001,A\n2,T-0001,C\n' },
    });
    expect(events.filter((event) => 'subject' in event && event.subject === '2').map(({ type }) => type)).toEqual([
      'org.holdfast.arm-assigned.v1',
    ]);
    expect(reconciliation.rejectedRows.map(({ file, line, field }) => `${file} ${line} ${field}`)).toEqual([
      'people.csv 3 source',
      'arms.csv 3 source',
      'uds.csv 4 source',
    ]);
  });

  test('a row of which no event can be made', async () => {
    const { reconciliation } = await smallImport({
      tables: {
        'people.csv': 'who,trial,site\n1,T-0001,\n2,T-0001,A/B\n3,,A\n',
        'uds.csv': 'who,what,when\n7,Thc,5\n,Thc,5\n',
      },
    });
    expect(
      reconciliation.rejectedRows.map(({ file, line, field, type }) => `${file} ${line} ${field} ${type}`),
    ).toEqual([
      'people.csv 2 site participant-enrolled',
      'people.csv 3 site participant-enrolled',
      'people.csv 4 trial participant-enrolled',
      'arms.csv 2 site participant-randomised',
      'arms.csv 3 site participant-randomised',
      'uds.csv 2 trial urine-screen',
      'uds.csv 3 subject urine-screen',
    ]);
    expect(reconciliation.rejectedRows[5]?.reason).toBe(
      'the mapping finds no trial for this row; add its participant to the table that names trials',
    );
  });

  test('a day beyond all calendars, and one in a year that nobody is followed in', async () => {
    const { reconciliation } = await smallImport({
      tables: { 'uds.csv': 'who,what,when\n1,Thc,99999999999\n1,Thc,1999999\n' },
    });
    expect(reconciliation.rejectedRows.map(({ line, field }) => `${line} ${field}`)).toEqual(['2 day', '3 time']);
  });

  test('a number that is none', async () => {
    const screen = `select trial, site, who as subject, uds.line as key, civil_date("when") as day, {'results': map([], []), 'supervised': 0.0 / ("when" - 5)} as data,
      [{'tab': 'uds', 'line': uds.line}] as lines from uds left join people using (who)`;
    const { reconciliation } = await smallImport({
      sql: { 'screen.sql': screen },
      tables: { 'uds.csv': 'who,what,when\n1,Thc,5\n' },
    });
    expect(reconciliation.rejectedRows).toMatchObject([{ line: 2, field: 'data', reason: 'must be an object' }]);
  });

  test('a second row of the same event', async () => {
    const { events, reconciliation } = await smallImport({
      tables: { 'arms.csv': 'who,arm,when\n1,Placebo,3\n2,Placebo,4\n1,Ketamine,2\n' },
    });
    expect(shown(events, 'arm-assigned')).toEqual([
      { subject: '1', data: { arm: 'Placebo' } },
      { subject: '2', data: { arm: 'Placebo' } },
    ]);
    expect(reconciliation.rejectedRows).toMatchObject([
      { file: 'arms.csv', line: 4, type: 'participant-randomised', field: 'key' },
      {
        line: 4,
        type: 'arm-assigned',
        reason:
          'the same event is on line 2 of arms already; remove one of the two, or let the key in arm.sql tell them apart',
      },
    ]);
  });
});

describe('what is wrong as a whole is one error before the first event', () => {
  test('tables', async () => {
    expect(await refusalOf({ tables: { 'uds.csv': undefined, 'arms.csv': undefined } })).toMatch(
      /holds no table arms, uds \(as \.csv, \.csv\.gz or \.parquet\); add it, or declare it optional in the mapping$/,
    );
    expect(await refusalOf({ tables: { 'uds.csv.gz': gzipSync('x') } })).toMatch(
      /holds both uds\.csv and uds\.csv\.gz; keep the one that counts$/,
    );
    expect(await refusalOf({ tables: { 'uds.csv': 'who,drug,when\n' } })).toBe(
      'uds.csv, line 1: has no column "what", which the mapping needs (it has who, drug, when); add the column or correct its name',
    );
    expect(await refusalOf({ tables: { 'uds.csv': 'who;what;when\n' } })).toContain(
      'if its delimiter is another one, declare it under the table in the mapping',
    );
    expect(await refusalOf({ tables: { 'uds.csv': '' } })).toContain('uds.csv: is empty');
    await expect(
      openImport({ mapping: '/nowhere/mapping.yaml', directory: '/nowhere', trials: new Map() }),
    ).rejects.toThrow('mapping.yaml: there is no such mapping (/nowhere/mapping.yaml)');
    await inFolder({}, ({ mapping }) =>
      expect(openImport({ mapping, directory: '/nowhere', trials: new Map() })).rejects.toThrow(
        '/nowhere: is no directory that can be read',
      ),
    );
  });

  test('an optional table may be absent', async () => {
    const mapping = mappingText.replace('when: integer } }\nevents', 'when: integer }, optional: true }\nevents');
    const { events, reconciliation } = await smallImport({ mapping, tables: { 'uds.csv': undefined } });
    expect(events.length).toBe(6);
    expect(reconciliation.tables[2]).toMatchObject({ table: 'uds', read: 0, used: 0 });
  });

  test.each([
    [
      'select trial,\n  foo\nfrom people',
      /^enrolled\.sql, line 2: Referenced column "foo" not found in FROM clause; .*correct the SQL, or the table that it reads$/,
    ],
    ['select 1; select 2', /^enrolled\.sql: holds 2 statements; write one SELECT$/],
    ['select 1) as x; drop table people; select (1', /^enrolled\.sql, line 1: syntax error/],
    ['-- nothing', /^enrolled\.sql: is empty; write one SELECT$/],
    ["copy (select 1) to '/tmp/holdfast-stolen.csv'", /^enrolled\.sql.*reaches its tables and nothing else/],
    ['create table x as select 1', /^enrolled\.sql: holds a statement of kind CREATE; write one SELECT$/],
    ['set threads = 1', /^enrolled\.sql: holds a statement of kind SET/],
    ['select $1', /^enrolled\.sql/],
    [
      "select * from read_csv('/etc/passwd')",
      /^enrolled\.sql, line 1: Cannot access file "\/etc\/passwd".*the SQL of a mapping reaches its tables and nothing else; declare the table in the mapping$/,
    ],
    ["from '/etc/passwd.csv'", /^enrolled\.sql.*reaches its tables and nothing else/],
    ["select * from read_text('/etc/hostname')", /nothing else/],
    ["select * from query('select * from glob(''/*'')')", /nothing else/],
    ["select * from read_csv('http://127.0.0.1:1/x.csv')", /nothing else/],
    ["attach '/tmp/x.db'", /^enrolled\.sql: holds a statement of kind ATTACH/],
    ['select 1 as trial', /^enrolled\.sql: the SELECT gives no column "subject"; add it$/],
    ['select trial, site, who as subject, who as key, 5 as day, {} as data, [] as lines from people', /./],
    [
      `select trial, site, who as subject, who as key, 5 as day, {'a': 1} as data, [{'tab': 'people', 'line': line}] as lines from people`,
      /the SELECT gives "day" as INTEGER; make it a DATE/,
    ],
    [
      `select trial, site, who as subject, who as key, civil_date(5) as day, who as data, [{'tab': 'people', 'line': line}] as lines from people`,
      /the SELECT gives "data" as VARCHAR; make it a STRUCT, a MAP or JSON/,
    ],
    [
      `select trial, site, who as subject, who as key, civil_date(5) as day, {'a': 1} as data, line as lines from people`,
      /the SELECT gives "lines" as BIGINT; make it a list of structs/,
    ],
    [
      `select trial, site, who as subject, who as key, civil_date(5) as day, {'a': 1} as data, [{'tab': 'people', 'line': line}] as lines, 1 as reason from people`,
      /gives a column "reason" that means nothing here/,
    ],
    [
      `select trial, site, who as subject, who as key, {'a': 1} as data, [{'tab': 'people', 'line': line}] as lines from people`,
      /gives neither "day" nor "time"/,
    ],
    [
      `select trial, who as subject, who as key, civil_date(5) as day, {'a': 1} as data, [{'tab': 'people', 'line': line}] as lines from people`,
      /gives neither "site" nor "source"/,
    ],
    [
      `select trial, site, who as subject, who as key, civil_date(5) as day, {'a': trial::INTEGER} as data, [{'tab': 'people', 'line': line}] as lines from people`,
      /^enrolled\.sql.*Could not convert string 'T-0001' to INT32/,
    ],
  ])('SQL: %s', async (sql, message) => {
    expect(await refusalOf({ sql: { 'enrolled.sql': sql } })).toMatch(message);
    expect(existsSync('/tmp/holdfast-stolen.csv')).toBe(false);
  });
});
