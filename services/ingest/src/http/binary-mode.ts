import type { IncomingHttpHeaders } from 'node:http';
import type { Problem } from '@holdfast/events';
import { oneEvent, type ReadEvent, readJson, type UnreadableText } from '../json-text.ts';

const prefix = 'ce-';
const printable = /^[\x20-\x7e]*$/;
const quoted = /^"((?:[^"\\]|\\.)*)"$/;

/** Whether the event's attributes stand in headers (the binary mode of CloudEvents over HTTP), and only its data in the body. */
export function isBinaryMode(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name.startsWith(prefix));
}

/** The value of an attribute: unquoted, then percent-decoded once (CloudEvents HTTP binding 1.0.2, 3.1.3.2). */
function decoded(value: string): string | undefined {
  if (!printable.test(value)) return undefined;
  const [, inside] = quoted.exec(value) ?? [];
  try {
    return decodeURIComponent(inside === undefined ? value : inside.replace(/\\(.)/g, '$1'));
  } catch {
    return undefined;
  }
}

/** Every value of each header that is an attribute. */
function attributeHeaders(rawHeaders: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]?.toLowerCase() ?? '';
    if (!header.startsWith(prefix)) continue;
    const name = header.slice(prefix.length);
    found.set(name, [...(found.get(name) ?? []), rawHeaders[at + 1] ?? '']);
  }
  return found;
}

/** An event in binary mode; or why it cannot be read. `rawHeaders`: names and values in turn, as Node gives them. */
export function binaryEvent(rawHeaders: readonly string[], body: Uint8Array): ReadEvent | UnreadableText {
  const problems: Problem[] = [];
  const attributes: [string, unknown][] = [];
  for (const [name, values] of attributeHeaders(rawHeaders)) {
    const [value = ''] = values;
    const text = decoded(value);
    if (name === 'data') problems.push({ path: 'data', message: 'stands in a header; send the data as the body' });
    else if (values.length > 1) problems.push({ path: name, message: 'is given twice; leave the header that holds' });
    else if (text === undefined) {
      const message = 'is not percent-encoded UTF-8; write what is not printable ASCII, and %, as %XX';
      problems.push({ path: name, message });
    } else attributes.push([name, text]);
  }
  const data = body.length === 0 ? undefined : readJson(body);
  if (data !== undefined && 'problem' in data) return data;
  const { value, problems: flaws = [] } = data === undefined ? { value: undefined } : oneEvent(data);
  if (data !== undefined) attributes.push(['data', value]);
  const all = [...problems, ...flaws.map(({ path, message }) => ({ path: `data.${path}`, message }))];
  const event = Object.fromEntries(attributes);
  return all.length === 0 ? { value: event } : { value: event, problems: all };
}
