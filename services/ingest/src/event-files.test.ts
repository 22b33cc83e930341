import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EventInput, eventInputs } from './event-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function gathered(inputs: AsyncIterable<EventInput>): Promise<EventInput[]> {
  const all: EventInput[] = [];
  for await (const input of inputs) all.push(input);
  return all;
}

/** An input as it is told: of one that is no event, without the text that stands there, which is only kept. */
function told({ line: _, ...input }: EventInput): EventInput {
  if (!('problem' in input)) return input;
  const { text, ...shown } = input;
  expect((text ?? '').length).toBeLessThanOrEqual(10_000);
  return shown;
}

/** The inputs of a file with these bytes; where they are is told without the folder. */
async function inFile(content: string | Uint8Array): Promise<EventInput[]> {
  const file = join(folder, 'events');
  await writeFile(file, content);
  return (await gathered(eventInputs(file, nothing()))).map((input) => ({
    ...told(input),
    where: input.where.replace(file, 'FILE'),
  }));
}

/** The inputs of standard input that comes in these pieces. */
async function inPieces(pieces: readonly Uint8Array[]): Promise<EventInput[]> {
  async function* pour() {
    yield* pieces;
  }
  return (await gathered(eventInputs('-', pour()))).map(told);
}

const notJson = (why: string) => `is not JSON (${why}); write one event a line (NDJSON), or a JSON array`;

describe('NDJSON', () => {
  test('is one event a line, and each says on which line it stands', async () => {
    expect(await inFile('{"a":1}\n{"b":2}\n')).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', value: { b: 2 } },
    ]);
  });

  test.each([
    ['no line end after the last event', '{"a":1}\n{"b":2}'],
    ['Windows line ends', '{"a":1}\r\n{"b":2}\r\n'],
    ['a byte-order mark', '\uFEFF{"a":1}\n{"b":2}\n'],
    ['byte-order marks in the middle, as when files were put together', '\uFEFF{"a":1}\n\uFEFF{"b":2}\n'],
    ['blanks around the events', ' \t{"a":1} \n\t{"b" : 2}\t\r\n'],
  ])('may have %s', async (_, content) => {
    expect(await inFile(content)).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', value: { b: 2 } },
    ]);
  });

  test('may have blank lines: they are counted, and are no events', async () => {
    expect(await inFile('\n\r\n{"a":1}\n  \t\n\n{"b":2}\n\n \n')).toEqual([
      { where: 'FILE:3', value: { a: 1 } },
      { where: 'FILE:6', value: { b: 2 } },
    ]);
  });

  test('keeps the beginning of what is no event', async () => {
    const file = join(folder, 'kept');
    await writeFile(file, `{"arm": ketamine}\n"${'é'.repeat(2_000_000)}\n`);
    const texts = (await gathered(eventInputs(file, nothing()))).map((input) => ('text' in input ? input.text : ''));
    expect(texts[0]).toBe('{"arm": ketamine}');
    expect(texts[1]).toMatch(/^"éé/);
    expect(Buffer.byteLength(texts[1] ?? '')).toBeLessThan(10_010);
  });

  test('with a bad line loses that line, not its neighbours; the reason quotes nothing of it', async () => {
    const inputs = await inFile('{"a":1}\n{"arm": ketamine}\n{"arm":"ketamine\n{"b":2}\n');
    expect(inputs).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', problem: notJson("Unexpected token 'k'") },
      { where: 'FILE:3', problem: expect.stringMatching(/^is not JSON \(.*position \d+\); write/) },
      { where: 'FILE:4', value: { b: 2 } },
    ]);
    expect(JSON.stringify(inputs)).not.toContain('etamine');
  });

  test('that was cut off says so of its last line', async () => {
    expect(await inFile('{"a":1}\n{"b":')).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', problem: notJson('Unexpected end of JSON input') },
    ]);
  });

  test('in another encoding says so of each line that is not UTF-8', async () => {
    const latin1 = Buffer.from('{"a":1}\n{"name":"Zoë"}\n{"b":2}\n', 'latin1');
    expect(await inFile(latin1)).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', problem: 'is not UTF-8; write it as UTF-8' },
      { where: 'FILE:3', value: { b: 2 } },
    ]);
    expect((await inFile(Buffer.from('{"a":1}\n', 'utf16le'))).length).toBeGreaterThan(0);
  });

  test('with a line of three megabytes goes on after it, and its line numbers stay right', async () => {
    const long = `{"text":"${'x'.repeat(3_000_000)}"}`;
    const problem = 'is longer than 2000000 bytes; no event is';
    expect(await inFile(`{"a":1}\n${long}\n{"b":2}\n${long}`)).toEqual([
      { where: 'FILE:1', value: { a: 1 } },
      { where: 'FILE:2', problem },
      { where: 'FILE:3', value: { b: 2 } },
      { where: 'FILE:4', problem },
    ]);
  });

  test('takes a line of two million bytes, and refuses one byte more', async () => {
    const line = (length: number) => `{"t":"${'x'.repeat(length - 8)}"}`;
    expect(await inFile(`${line(2_000_000)}\n`)).toMatchObject([{ where: 'FILE:1', value: {} }]);
    expect(await inFile(`${line(2_000_001)}\n`)).toMatchObject([
      { where: 'FILE:1', problem: 'is longer than 2000000 bytes; no event is' },
    ]);
  });

  test('may hold anything that is JSON: to judge it is the door’s business', async () => {
    expect(await inFile('5\n"text"\nnull\n{"a":[{}]}\n')).toEqual([
      { where: 'FILE:1', value: 5 },
      { where: 'FILE:2', value: 'text' },
      { where: 'FILE:3', value: null },
      { where: 'FILE:4', value: { a: [{}] } },
    ]);
  });
});

describe('a JSON array', () => {
  test.each([
    ['in one line', '[{"a":1},{"b":2}]'],
    ['over several lines', '[\n  {"a":1},\n  {"b":2}\n]\n'],
    ['with a byte-order mark', '\uFEFF[{"a":1},{"b":2}]'],
    ['after blanks, tabs and lines', ' \t\r\n\n[{"a":1},{"b":2}]'],
    ['after many blanks', `${' '.repeat(5_000)}[{"a":1},{"b":2}]`],
  ])('%s gives its events, each with its place', async (_, content) => {
    expect(await inFile(content)).toEqual([
      { where: 'FILE[0]', value: { a: 1 } },
      { where: 'FILE[1]', value: { b: 2 } },
    ]);
  });

  test('may be empty', async () => {
    expect(await inFile('[]\n')).toEqual([]);
  });

  test('that was cut off is refused whole', async () => {
    expect(await inFile('[{"a":1},{"b":2}')).toEqual([
      { where: 'FILE', problem: expect.stringMatching(/^is not JSON \(/) },
    ]);
  });

  test('followed by something else is none', async () => {
    expect(await inFile('[{"a":1}]\n{"b":2}\n')).toEqual([
      { where: 'FILE', problem: expect.stringMatching(/^is not JSON \(/) },
    ]);
  });

  test('that is not UTF-8 says so', async () => {
    expect(await inFile(Buffer.from('[{"name":"Zoë"}]', 'latin1'))).toEqual([
      { where: 'FILE', problem: 'is not UTF-8; write it as UTF-8' },
    ]);
  });
});

describe('a single event', () => {
  test.each(['', '\uFEFF', '\n \n'])('may go over several lines (after %j)', async (before) => {
    const value = { a: 1, b: { c: [1, 2] } };
    expect(await inFile(`${before}${JSON.stringify(value, null, 2)}\n`)).toEqual([{ where: 'FILE', value }]);
  });

  test('that was cut off, or has another one behind it, is told so once', async () => {
    const text = JSON.stringify({ a: 1 }, null, 2);
    for (const content of [text.slice(0, -2), `${text}\n${text}`]) {
      const [input, ...more] = await inFile(content);
      expect(more).toEqual([]);
      expect(input).toMatchObject({ where: 'FILE', problem: expect.stringContaining('is not JSON') });
    }
  });

  test('is no larger than a line may be', async () => {
    const [input, ...more] = await inFile(`{\n"a": [${'\n1,'.repeat(1_000_000)}\n1]}`);
    expect(more).toEqual([]);
    expect(input).toEqual({ where: 'FILE', problem: 'is longer than 2000000 bytes; no event is' });
  });
});

test('a line is handed on as it stands, also where it is no event', async () => {
  const file = join(folder, 'lines');
  const lines = [Buffer.from('{"a":1,"a":2}'), Buffer.from([0x22, 0xff, 0x22]), Buffer.from(' {"b":1}\r')];
  await writeFile(file, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
  const inputs = await gathered(eventInputs(file, nothing()));
  expect(inputs.map(({ line }) => Buffer.from(line ?? []).toString('latin1'))).toEqual(
    lines.map((line) => line.toString('latin1')),
  );
});

describe('a file', () => {
  test.each([[''], ['\n'], [' \r\n\t\n'], ['\uFEFF'], ['\uFEFF\n'], [' '.repeat(300_000)]])(
    'without events (%j) has none',
    async (content) => {
      expect(await inFile(content)).toEqual([]);
    },
  );

  test('that is not there is an error, not an empty file', async () => {
    await expect(gathered(eventInputs(join(folder, 'none'), nothing()))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('of only zeros or noise is refused line by line', async () => {
    expect(await inFile(new Uint8Array(1_000))).toEqual([
      { where: 'FILE:1', problem: notJson("Unexpected token '\u0000'") },
    ]);
    expect(await inFile('PK\u0003\u0004 this is a zip\n')).toMatchObject([
      { where: 'FILE:1', problem: expect.any(String) },
    ]);
  });
});

describe('however the bytes come', () => {
  const line = fc.oneof(
    fc.constantFrom('{"a":1}', '{"text":"é😀\u2028"}', '', ' ', '\t', '5', '{"a":', '{}\r', '[1]', '\uFEFF{}'),
    fc
      .dictionary(fc.string({ unit: 'binary', maxLength: 3 }), fc.string({ unit: 'binary', maxLength: 5 }))
      .map((value) => JSON.stringify(value)),
  );
  const content = fc
    .tuple(
      fc.constantFrom('', '\uFEFF', '\uFEFF\uFEFF', '\n', ' '),
      fc.array(line, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom('', '\n'),
    )
    .map(([head, all, end, tail]) => head + all.join(end) + tail);
  const arrays = fc
    .tuple(fc.constantFrom('', '\uFEFF', ' \n'), fc.array(fc.jsonValue(), { maxLength: 4 }))
    .map(([head, all]) => head + JSON.stringify(all, null, 1));
  const bytes = fc.oneof(
    fc.oneof(content, arrays).map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ maxLength: 40 }), // also what is no UTF-8
  );
  const cuts = fc.array(fc.nat(200), { maxLength: 12 });

  function piecesOf(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
    const places = [0, ...at.map((place) => Math.min(place, whole.length)).sort((a, b) => a - b), whole.length];
    return places.slice(1).map((to, index) => whole.subarray(places[index], to)); // empty pieces too
  }

  test('in whatever pieces, the inputs are the same', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (whole, at) => {
        expect(await inPieces(piecesOf(whole, at))).toEqual(await inPieces([whole]));
      }),
      { numRuns: 1_000 },
    );
  });

  test('byte by byte too, also where the first byte is a byte-order mark’s', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (whole) => {
        expect(await inPieces([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(await inPieces([whole]));
      }),
    );
  });

  test('standard input is a file called so', async () => {
    expect(await inPieces([Buffer.from('{"a":1}\n{')])).toEqual([
      { where: 'standard input:1', value: { a: 1 } },
      { where: 'standard input:2', problem: expect.stringMatching(/^is not JSON/) },
    ]);
  });

  test('as many lines as events: line numbers count every line of whatever bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('{"a":1}', '', ' '), { minLength: 1, maxLength: 20 }),
        cuts,
        async (all, at) => {
          const expected = all.flatMap((text, index) => (text === '{"a":1}' ? [`standard input:${index + 1}`] : []));
          const inputs = await inPieces(piecesOf(Buffer.from(all.join('\n')), at));
          expect(inputs.map(({ where }) => where)).toEqual(expected);
        },
      ),
    );
  });

  test('who stops in the middle leaves the source closed', async () => {
    let closed = 0;
    async function* endless() {
      try {
        for (;;) yield Buffer.from('{"a":1}\n');
      } finally {
        closed += 1;
      }
    }
    for await (const input of eventInputs('-', endless())) {
      expect(input).toMatchObject({ value: { a: 1 } });
      break;
    }
    expect(closed).toBe(1);
  });
});
