import { createReadStream } from 'node:fs';
import { foreignSymbol, type UseWord } from '@holdfast/outcomes';
import { CommandFailed } from './command-failed.ts';

/** One participant's word in a file of patterns; trial and rule are empty where the file has no such column. */
export type FiledPattern = {
  readonly trial: string;
  readonly participant: string;
  readonly rule: string;
  readonly word: UseWord;
};

const wanted =
  'it needs participant and pattern, or (as `holdfast patterns --format csv` prints them) participant, phase_1 and phase_2';

/** The values of a line of CSV (RFC 4180, without line breaks in values); undefined if its quotes do not close or stand in the middle of a value. */
export function csvValues(line: string): string[] | undefined {
  const values: string[] = [];
  for (let at = 0; ; at += 1) {
    let end = line.indexOf(',', at);
    if (end === -1) end = line.length;
    let value = line.slice(at, end);
    if (value.startsWith('"')) {
      const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(line.slice(at));
      if (quoted === null) return undefined;
      value = (quoted[1] ?? '').replaceAll('""', '"');
      end = at + quoted[0].length;
    } else if (value.includes('"')) return undefined;
    values.push(value);
    if (end === line.length) return values;
    at = end;
  }
}

/** Where in a line the columns stand that are read. */
type Columns = {
  readonly trial: number;
  readonly participant: number;
  readonly rule: number;
  readonly word: readonly number[];
  readonly width: number;
};

function columnsIn(header: string, name: string): Columns {
  const names = csvValues(header)?.map((column) => column.trim()) ?? [];
  const at = (column: string) => names.indexOf(column);
  const refuse = (what: string) => new CommandFailed(`${name} line 1: ${what}; ${wanted}`);
  const shown = names.map((column) => column || '(no name)').join(', ');
  if (at('week') !== -1 && at('symbol') !== -1)
    throw refuse('it has a row for each week; print the patterns without --weeks');
  if (names.length <= 1 && /[;\t]/.test(header)) throw refuse('its columns are not separated by commas');
  const twice = names.find((column, index) => column !== '' && names.indexOf(column) !== index);
  if (twice !== undefined) throw refuse(`it names the column ${twice} twice`);
  const phases = [at('phase_1'), at('phase_2')];
  const hasPhases = phases.every((column) => column !== -1);
  if (at('pattern') !== -1 && phases.some((column) => column !== -1))
    throw refuse('it has both pattern and phases, which may differ; leave one out');
  if (at('participant') === -1 || (at('pattern') === -1 && !hasPhases)) throw refuse(`it has the columns ${shown}`);
  return {
    trial: at('trial'),
    participant: at('participant'),
    rule: at('rule'),
    word: hasPhases ? phases : [at('pattern')],
    width: names.length,
  };
}

function patternIn(line: string, columns: Columns, where: string): FiledPattern {
  const values = csvValues(line);
  if (values === undefined)
    throw new CommandFailed(`${where}: a quote is not closed, or stands in the middle of a value; mend the line`);
  if (values.length !== columns.width)
    throw new CommandFailed(
      `${where}: values and columns do not match (${values.length} here, ${columns.width} in the header); complete the row, or put values with commas in quotes`,
    );
  const {
    trial = '',
    participant = '',
    rule = '',
  } = {
    trial: values[columns.trial],
    participant: values[columns.participant],
    rule: values[columns.rule],
  };
  if (participant === '') throw new CommandFailed(`${where}: no participant is named`);
  const word = columns.word.map((column) => values[column]).join('');
  const foreign = foreignSymbol(word);
  if (foreign !== undefined)
    throw new CommandFailed(
      `${where}: the pattern of participant ${participant} has ${JSON.stringify(foreign.symbol)} in week ${foreign.week}, which is none of + - * o _; if a spreadsheet wrote the file, have it read the patterns as text`,
    );
  return { trial, participant, rule, word };
}

/** The lines of a text in UTF-8, without what ends them and without a byte-order mark. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decoded = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new CommandFailed(`${name} is not UTF-8 text; save it as CSV in UTF-8`, { cause });
    }
  };
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoded(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoded();
  if (rest !== '') yield rest.replace(/\r$/, '');
}

/** The patterns of a CSV file (`-`: standard input). One fault, and there are none: half a file would read like a whole one. */
export async function readPatterns(
  file: string,
  standardInput: AsyncIterable<Uint8Array>,
): Promise<readonly FiledPattern[]> {
  const name = file === '-' ? 'standard input' : file;
  const patterns: FiledPattern[] = [];
  const lineOf = new Map<string, number>();
  let columns: Columns | undefined;
  let number = 0;
  for await (const line of linesOf(file === '-' ? standardInput : createReadStream(file), name)) {
    number += 1;
    if (columns === undefined) {
      columns = columnsIn(line, name);
      continue;
    }
    if (line === '') continue;
    const pattern = patternIn(line, columns, `${name} line ${number}`);
    const key = JSON.stringify([pattern.trial, pattern.rule, pattern.participant]);
    const before = lineOf.get(key);
    if (before !== undefined)
      throw new CommandFailed(
        `${name} line ${number}: participant ${pattern.participant} stands on line ${before} already; leave one pattern for each trial and rule`,
      );
    lineOf.set(key, number);
    patterns.push(pattern);
  }
  if (columns === undefined)
    throw new CommandFailed(`${name} is empty; its first line must name its columns: ${wanted}`);
  return patterns;
}
