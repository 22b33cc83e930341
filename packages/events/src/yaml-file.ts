import { Lexer, LineCounter, Parser, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Parsed } from './event.ts';
import { parsedBy, pathText } from './problem.ts';
import { yamlLine } from './yaml-line.ts';

/** Such files are written by people; nobody writes a megabyte. */
const longestFile = 1_000_000;
/** They have some six levels, what is ten times deeper is none: composing it would exhaust the stack, and end the process. */
const deepest = 60;

function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > deepest) return true;
  }
  return false;
}

/** Reads a file of YAML by its schema; each problem's path begins with `line N`. `what` it is to be is said where it is none. */
export function parseYaml<S extends z.ZodType>(schema: S, text: string, what: string): Parsed<z.infer<S>> {
  if (text.length > longestFile) {
    return {
      ok: false,
      problems: [{ path: '', message: `is longer than ${longestFile} characters; this is no ${what}` }],
    };
  }
  if (isTooDeep(text)) {
    return { ok: false, problems: [{ path: '', message: `is nested more than ${deepest} deep; this is no ${what}` }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, logLevel: 'error' });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        path: `line ${lines.linePos(error.pos[0]).line}`,
        message: `is not YAML: ${error.message.split('\n')[0]?.replace(/ at line .*$/, '')}; mend it there`,
      })),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return {
      ok: false,
      problems: [
        {
          path: 'line 1',
          message: `cannot be read (${cause instanceof Error ? cause.message : cause}); write it out without aliases`,
        },
      ],
    };
  }
  const judged = parsedBy(schema, value);
  if (judged.ok) return judged;
  const problems = judged.problems.map(({ steps, message }) => ({
    path: `line ${yamlLine(document.contents, steps, lines)}${steps.length > 0 ? `: ${pathText(steps)}` : ''}`,
    message,
  }));
  return { ok: false, problems };
}
