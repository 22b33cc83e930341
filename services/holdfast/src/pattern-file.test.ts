import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvValues, readPatterns } from './pattern-file.ts';

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const read = (text: string, size = 7) => readPatterns('-', inPieces(text, size));

const word = fc.string({ unit: fc.constantFrom('+', '-', 'o', '*', '_'), maxLength: 30 });
const name = fc.string({ unit: fc.constantFrom('a', ',', '"', ' ', '=', 'é', '😀', "'"), minLength: 1, maxLength: 6 });

describe('patterns', () => {
  test('are read as they were written, whatever the names, in whatever pieces the file comes', async () => {
    const one = fc.record({ trial: name, participant: name, rule: name, one: word, two: word });
    const selector = (row: { trial: string; participant: string; rule: string }) =>
      JSON.stringify([row.trial, row.participant, row.rule]);
    const some = fc.uniqueArray(one, { selector, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('\n', '\r\n'),
        async (rows, size, record_delimiter) => {
          const header = ['trial', 'participant', 'rule', 'baseline', 'phase_1', 'phase_2'];
          const lines = rows.map((row) => [row.trial, row.participant, row.rule, '__+', row.one, row.two]);
          const text = `\u{feff}${stringify([header, ...lines], { record_delimiter })}`;
          expect(await read(text, size)).toEqual(
            rows.map(({ one: first, two, ...who }) => ({ ...who, word: first + two })),
          );
        },
      ),
    );
  });

  test('may stand in one column, in any order of columns, with others beside them', async () => {
    expect(await read('pattern,site,participant\n+-o,S1,A\n\n=,S1,B'.replace('=', '-'))).toEqual([
      { trial: '', participant: 'A', rule: '', word: '+-o' },
      { trial: '', participant: 'B', rule: '', word: '-' },
    ]);
    expect(await read('participant,pattern\nA,')).toMatchObject([{ word: '' }]);
  });

  test.each([
    ['A,+-\nB,-x-', 'standard input line 3: the pattern of participant B has "x" in week 2'],
    ['A,#NAME?', 'standard input line 2: the pattern of participant A has "#" in week 1'],
    ["A,'+--", 'has "\'" in week 1'],
    ['A,−−', 'has "−" in week 1, which is none of + - * o _; if a spreadsheet wrote the file'],
    ['A, +', 'has " " in week 1'],
    ['A,+\nB,-\nA,o', 'line 4: participant A stands on line 2 already'],
    ['A', 'line 2: values and columns do not match (1 here, 2 in the header)'],
    [',+', 'line 2: no participant is named'],
    ['"A,+', 'line 2: a quote is not closed'],
    ['A"b",+', 'line 2: a quote is not closed, or stands in the middle'],
  ])('%j is refused, and nothing of the file is taken', async (lines, said) => {
    await expect(read(`participant,pattern\n${lines}`)).rejects.toThrow(said);
  });

  test.each([
    ['', 'standard input is empty; its first line must name its columns'],
    ['who,pattern\n', 'line 1: it has the columns who, pattern; it needs participant and pattern'],
    ['participant,phase_1\n', 'it has the columns participant, phase_1; it needs'],
    ['participant;pattern\n', 'its columns are not separated by commas'],
    ['participant,pattern,phase_1,phase_2\n', 'it has both pattern and phases'],
    ['participant,pattern,pattern\n', 'it names the column pattern twice'],
    ['trial,participant,rule,phase,week,from,to,symbol\n', 'print the patterns without --weeks'],
  ])('under the header %j there are none, and it says why', async (text, said) => {
    await expect(read(text)).rejects.toThrow(said);
  });

  test('that are no UTF-8 are not guessed at', async () => {
    const latin = async function* () {
      yield Buffer.from('participant,pattern\n');
      yield Uint8Array.of(0xe9, 0x2c, 0x2b);
    };
    await expect(readPatterns('-', latin())).rejects.toThrow('standard input is not UTF-8 text');
  });
});

test('a line has the values that were written in it', () => {
  const value = fc.string({ unit: fc.constantFrom('a', ',', '"', ' ', '+', ''), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
      const line = values.map((one) => `"${one.replaceAll('"', '""')}"`).join(',');
      expect(csvValues(line)).toEqual(values);
    }),
  );
  expect(csvValues('a,,')).toEqual(['a', '', '']);
});
