import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inFolder, mappingText, sqlTexts } from '../../testing/small-import.ts';
import { readMapping } from './mapping.ts';

const read = (mapping: string) => inFolder({ mapping }, (folder) => readMapping(folder.mapping));
const changed = (from: string | RegExp, to: string) => mappingText.replace(from, to);

test('a mapping is its tables, and its SQL in the order in which it names it', async () => {
  const mapping = await read(changed('events:', 'views: { person: arm.sql }\nevents:'));
  expect(mapping).toMatchObject({
    name: 'small',
    baseDate: '2000-01-01',
    views: [{ name: 'person', file: 'arm.sql', sql: sqlTexts['arm.sql'] }],
  });
  expect(mapping.events.map(({ name, file }) => `${name} ${file}`)).toEqual([
    'participant-enrolled enrolled.sql',
    'participant-randomised randomised.sql',
    'arm-assigned arm.sql',
    'urine-screen screen.sql',
  ]);
  expect(mapping.tables.get('uds')).toEqual({
    delimiter: ',',
    nulls: [],
    columns: { who: 'text', what: 'text', when: 'integer' },
    optional: false,
  });
});

test('a table may be just named', async () => {
  expect((await read(changed(/uds: .*/, 'uds:'))).tables.get('uds')).toMatchObject({ delimiter: ',', columns: {} });
});

test.each([
  [
    'format: holdfast-mapping/2\n',
    changed(/format.*\n/, 'format: holdfast-mapping/2\n'),
    'mapping.yaml, line 1: format must be "holdfast-mapping/1"',
  ],
  [
    'an unknown field',
    changed('tables:', 'trials: [T-0001]\ntables:'),
    'mapping.yaml, line 4: trials is no field of this; remove it or correct its name',
  ],
  [
    'a name with spaces',
    changed('name: small', 'name: My trial'),
    'mapping.yaml, line 2: name is no mapping name; write it like ctn0094',
  ],
  [
    'no such date',
    changed('2000-01-01', '2000-02-30'),
    'mapping.yaml, line 3: baseDate is no civil date; write it like 2000-01-01',
  ],
  [
    'a path as a table',
    changed('  uds:', '  ../uds:'),
    'mapping.yaml, line 7: tables.../uds has an unusable name: is no table name; write it like uds_temp (letters, digits, _)',
  ],
  [
    'a path as SQL',
    changed('arm.sql', '../arm.sql'),
    'mapping.yaml, line 11: events.arm-assigned is no SQL file beside the mapping; write it like urine-screen.sql',
  ],
  [
    'an unknown type of event',
    changed('arm-assigned:', 'arms:'),
    'mapping.yaml, line 11: events.arms is no type of event that a table can give; use one of screened, participant-enrolled,',
  ],
  [
    'an unknown type of column',
    changed('when: integer', 'when: int'),
    'mapping.yaml, line 6: tables.arms.columns.when must be one of "text", "integer", "number", "date"',
  ],
  [
    'a long delimiter',
    changed(/uds: .*/, 'uds: { delimiter: ";;" }'),
    'mapping.yaml, line 7: tables.uds.delimiter must be one character, such as ";" or "\\t"',
  ],
  [
    'an optional table of unknown columns',
    changed(/uds: .*/, 'uds: { optional: true }'),
    'mapping.yaml, line 7: tables.uds.columns must be declared for an optional table',
  ],
  [
    'a view of a table’s name',
    changed('events:', 'views: { UDS: arm.sql }\nevents:'),
    'mapping.yaml, line 8: views.UDS is the name of a table already; choose another',
  ],
  ['no events', changed(/events:.*/s, 'events: {}\n'), 'mapping.yaml, line 8: events is empty; declare at least one'],
  [
    'a key twice',
    changed('  arms:', '  uds:'),
    'mapping.yaml, line 7: is not YAML (Map keys must be unique); mend it there',
  ],
  ['no YAML', 'format: [', 'mapping.yaml, line 1: is not YAML'],
  ['nothing', '', 'mapping.yaml, line 1: must be an object'],
  ['a missing SQL file', changed('arm.sql', 'arms.sql'), 'arms.sql: there is no such SQL file beside mapping.yaml'],
])('%s', async (_, mapping, message) => {
  await expect(read(mapping)).rejects.toThrow(message);
});

test('a folder is no mapping', async () => {
  await inFolder({}, ({ mapping }) =>
    expect(readMapping(join(dirname(mapping)))).rejects.toMatchObject({ code: 'HF_IMPORT' }),
  );
});
