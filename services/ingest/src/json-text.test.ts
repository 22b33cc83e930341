import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachEvent, oneEvent, readJson } from './json-text.ts';

const read = (text: string) => readJson(Buffer.from(text));
const flawsOf = (text: string) => {
  const found = read(text);
  if ('problem' in found) throw new Error(found.problem);
  return oneEvent(found).problems ?? [];
};

/** JSON as it is written, fields given twice included; texts full of what a scanner could trip over. */
type Written =
  | string
  | number
  | null
  | readonly Written[]
  | { readonly fields: readonly (readonly [string, Written])[] };
const word = fc.constantFrom(
  'a',
  'b',
  '',
  ':',
  '"',
  '\\',
  '\\"',
  '{',
  '}',
  ',"a":',
  '\u0041',
  'é',
  '😀',
  '__proto__',
  '\n',
);
const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    word,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('written'), { maxLength: 4 }),
    fc.record({ fields: fc.array(fc.tuple(word, tie('written')), { maxLength: 5 }) }),
  ),
}));
/** A text in JSON, with an escape where none is needed. */
const quoted = (text: string) => JSON.stringify(text).replace('a', '\\u0061');
function textOf(value: Written): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if ('fields' in value)
    return `{ ${value.fields.map(([name, inner]) => `${quoted(name)} :\t${textOf(inner)}`).join(' ,')}}`;
  return `[${value.map(textOf).join(', ')}\n]`;
}
function repeats(value: Written): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = 'fields' in value ? value.fields.map(([, each]) => each) : value;
  const own = 'fields' in value ? value.fields.length - new Set(value.fields.map(([name]) => name)).size : 0;
  return inner.reduce<number>((sum, each) => sum + repeats(each), own);
}

describe('JSON', () => {
  test('is read as a parser reads it, and every field that is given twice is told', () => {
    fc.assert(
      fc.property(written, (value) => {
        const text = textOf(value);
        const found = read(text);
        expect(found).toEqual({ value: JSON.parse(text), flaws: expect.anything() });
        if ('flaws' in found) expect(found.flaws.length).toBe(Math.min(50, repeats(value)));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":{"b":[{"c":1,"d":{},"c":2}]}}', 'a.b[0].c'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"__proto__":1,"__proto__":1}', '__proto__'],
  ])('%s gives a field twice', (text, path) => {
    expect(flawsOf(text)).toEqual([{ path, message: 'is given twice; leave the one that holds' }]);
  });

  test.each(['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', '{"a":"\\"a\\":1,\\"a\\":2"}', '{"a":1,"A":1}'])(
    '%s gives none twice',
    (text) => expect(flawsOf(text)).toEqual([]),
  );

  test('with half a character is told, in a value and in a name; with the whole one it is in order', () => {
    const half = 'half a character (a lone surrogate); write the whole one';
    expect(flawsOf('{"a":["\\ud83d\\ude00","\\ud83d"]}')).toEqual([{ path: 'a[1]', message: `holds ${half}` }]);
    expect(flawsOf('{"a":{"\\uDE00":1}}')).toEqual([{ path: 'a', message: `has a field whose name holds ${half}` }]);
    expect(flawsOf('{"a":"\\ud83d\\ude00","b":"\\\\ud83d"}')).toEqual([]);
  });

  test('is nested 50 deep at most, also where a parser would go on', () => {
    const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(read(deep(50))).toMatchObject({ flaws: [] });
    expect(read(deep(51))).toMatchObject({ problem: 'is nested more than 50 deep, and no event is' });
    expect(read(`{"a":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_001)}`)).toMatchObject({
      problem: 'is nested more than 50 deep, and no event is',
    });
    expect(read(`["${'['.repeat(100)}"]`)).toMatchObject({ flaws: [] });
  });

  test('of an array: a flaw is that of its own event alone', () => {
    const found = read('[{"a":1},{"b":1,"b":2},3,{"c":"\\ud83d"}]');
    if ('problem' in found) throw new Error(found.problem);
    expect(eachEvent(found.value as unknown[], found.flaws)).toEqual([
      { value: { a: 1 } },
      { value: { b: 2 }, problems: [{ path: 'b', message: 'is given twice; leave the one that holds' }] },
      { value: 3 },
      { value: { c: '\ud83d' }, problems: [{ path: 'c', message: expect.stringMatching(/^holds half/) }] },
    ]);
  });
});
