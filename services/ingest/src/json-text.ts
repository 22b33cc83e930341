import { type Problem, pathText } from '@holdfast/events';
import { visit } from 'jsonc-parser';

/** What is JSON, but does not say one thing: where, step by step, and what. */
export type Flaw = { readonly steps: readonly (string | number)[]; readonly message: string };

export type ReadText = { readonly value: unknown; readonly flaws: readonly Flaw[] };
/** `text` is what stands there, or the beginning of it. */
export type UnreadableText = { readonly problem: string; readonly text: string };

/** Enough to see what it was meant to be. */
const longestText = 10_000;
/** An event is ten deep at most, and stands in an array perhaps. */
const deepest = 50;
/** Of each kind of flaw: enough to mend the text by. */
const mostFlaws = 50;

/** The beginning of bytes that could not be read. */
export const beginningOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, longestText)).toString('utf8');

const utf8 = new TextDecoder('utf-8', { fatal: true });
const escapedSurrogate = /\\u[dD][89a-fA-F]/;
const loneSurrogate = /\p{Surrogate}/u;

/** How many fields a valid JSON text gives, and how deep it is nested. */
function shapeOf(text: string): { fields: number; depth: number } {
  let fields = 0;
  let depth = 0;
  let now = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === 0x22) {
      at += 1;
      for (let inside = text.charCodeAt(at); inside !== 0x22; inside = text.charCodeAt(at))
        at += inside === 0x5c ? 2 : 1;
    } else if (character === 0x3a) fields += 1;
    else if (character === 0x7b || character === 0x5b) {
      now += 1;
      if (now > depth) depth = now;
    } else if (character === 0x7d || character === 0x5d) now -= 1;
  }
  return { fields, depth };
}

function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  if (Array.isArray(value)) for (const inner of value) fields += fieldsOf(inner);
  else for (const name in value) fields += 1 + fieldsOf(Reflect.get(value, name));
  return fields;
}

/** Fields that are given twice: a parser takes the last one, and whoever wrote it may have meant the first. */
function givenTwice(text: string): Flaw[] {
  const flaws: Flaw[] = [];
  const seen: Set<string>[] = [];
  visit(text, {
    onObjectBegin() {
      seen.push(new Set());
    },
    onObjectProperty(name, _offset, _length, _line, _character, pathOf) {
      const names = seen.at(-1);
      if (names?.has(name) && flaws.length < mostFlaws)
        flaws.push({ steps: [...pathOf(), name], message: 'is given twice; leave the one that holds' });
      names?.add(name);
    },
    onObjectEnd() {
      seen.pop();
    },
  });
  return flaws;
}

/** Texts with half a character: no bytes stand for it, so what is kept would not be what was sent. */
function halfCharacters(value: unknown, steps: readonly (string | number)[] = [], flaws: Flaw[] = []): Flaw[] {
  const message = 'holds half a character (a lone surrogate); write the whole one';
  const look = (inner: unknown, step: string | number) => halfCharacters(inner, [...steps, step], flaws);
  if (flaws.length >= mostFlaws) return flaws;
  if (typeof value === 'string' && loneSurrogate.test(value)) flaws.push({ steps, message });
  if (typeof value !== 'object' || value === null) return flaws;
  if (Array.isArray(value)) value.forEach(look);
  else
    for (const [name, inner] of Object.entries(value)) {
      if (loneSurrogate.test(name)) flaws.push({ steps, message: `has a field whose name ${message}` });
      else look(inner, name);
    }
  return flaws;
}

/** Reads JSON as strictly as numbers must rest on it: what could be read in two ways is told, not guessed. */
export function readJson(bytes: Uint8Array): ReadText | UnreadableText {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { problem: 'is not UTF-8; write it as UTF-8', text: beginningOf(bytes) };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Without the piece of the text that the parser quotes: what stands there may be closed.
    const why = (error instanceof Error ? error.message : String(error)).replace(/, .* is not valid JSON$/s, '');
    return { problem: `is not JSON (${why})`, text: text.slice(0, longestText) };
  }
  const { fields, depth } = shapeOf(text);
  if (depth > deepest)
    return { problem: `is nested more than ${deepest} deep, and no event is`, text: text.slice(0, longestText) };
  return {
    value,
    flaws: [
      ...(fields === fieldsOf(value) ? [] : givenTwice(text)),
      ...(escapedSurrogate.test(text) ? halfCharacters(value) : []),
    ],
  };
}

/** An event as it was read: with the reasons why it does not say one thing, if there are any. */
export type ReadEvent = { readonly value: unknown; readonly problems?: readonly Problem[] };

const withFlaws = (value: unknown, flaws: readonly Flaw[], from: number): ReadEvent =>
  flaws.length === 0
    ? { value }
    : { value, problems: flaws.map(({ steps, message }) => ({ path: pathText(steps.slice(from)), message })) };

/** A text that is one event. */
export const oneEvent = ({ value, flaws }: ReadText): ReadEvent => withFlaws(value, flaws, 0);

/** The events of an array, each with the flaws that are its own. */
export function eachEvent(array: readonly unknown[], flaws: readonly Flaw[]): ReadEvent[] {
  const own = new Map<unknown, Flaw[]>();
  for (const flaw of flaws) own.set(flaw.steps[0], [...(own.get(flaw.steps[0]) ?? []), flaw]);
  return array.map((value, index) => withFlaws(value, own.get(index) ?? [], 1));
}
