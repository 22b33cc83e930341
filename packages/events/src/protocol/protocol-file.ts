import { isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser, parseDocument } from 'yaml';
import type { Parsed } from '../event.ts';
import { parsedBy, pathText } from '../problem.ts';
import { Protocol } from './protocol.ts';

/** Protocols are written by people; nobody writes a megabyte. */
const longestFile = 1_000_000;
/** A protocol has some six levels, what is ten times deeper is none: composing it would exhaust the stack, and end the process. */
const deepest = 60;

function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > deepest) return true;
  }
  return false;
}

/** The line on which the deepest existing node of a path stands. */
function lineOf(root: Node | null, path: readonly PropertyKey[], lines: LineCounter): number {
  let node: unknown = root;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value ?? '') === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}

/** Reads a protocol from YAML; each problem's message begins with `line N: path`. */
export function parseProtocol(text: string): Parsed<Protocol> {
  if (text.length > longestFile) {
    return {
      ok: false,
      problems: [{ path: '', message: `is longer than ${longestFile} characters; this is no protocol` }],
    };
  }
  if (isTooDeep(text)) {
    return { ok: false, problems: [{ path: '', message: `is nested more than ${deepest} deep; this is no protocol` }] };
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
  const judged = parsedBy(Protocol, value);
  if (judged.ok) return judged;
  const problems = judged.problems.map(({ steps, message }) => ({
    path: `line ${lineOf(document.contents, steps, lines)}${steps.length > 0 ? `: ${pathText(steps)}` : ''}`,
    message,
  }));
  return { ok: false, problems };
}
