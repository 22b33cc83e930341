import type { IncomingHttpHeaders } from 'node:http';
import { beginningOf, eachEvent, oneEvent, type ReadEvent, readJson, type UnreadableText } from '../json-text.ts';
import { binaryEvent, isBinaryMode } from './binary-mode.ts';
import { Refusal } from './refusal.ts';

/** How events stand in a body. */
export type BodyFormat = 'structured' | 'batch' | 'lines' | 'binary';
export type Encoding = 'identity' | 'gzip';

const formats: Readonly<Record<string, Exclude<BodyFormat, 'binary'>>> = {
  'application/json': 'structured',
  'application/cloudevents+json': 'structured',
  'application/cloudevents-batch+json': 'batch',
  'application/x-ndjson': 'lines',
};

/** What the headers say of the body; refuses what is not understood before any of it is read. */
export function formatOf(headers: IncomingHttpHeaders): { format: BodyFormat; encoding: Encoding } {
  const [type = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const format = formats[type];
  if (format === undefined)
    throw new Refusal(
      'unknown-format',
      `the content type is none of ${Object.keys(formats).join(', ')}; use one of them`,
    );
  const charset = parameters
    .find((each) => each.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')
    throw new Refusal('unknown-format', 'the character set is not UTF-8; send UTF-8');
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal('unknown-format', 'the content encoding is not gzip; pack the body by gzip, or not at all');
  return { format: type === 'application/json' && isBinaryMode(headers) ? 'binary' : format, encoding };
}

/** One thing that was sent as an event: read, or why it cannot be. */
export type Sent = ReadEvent | UnreadableText;
/** The events of a body, in order; or why none of it can be read. */
export type SentEvents = { readonly events: readonly Sent[] } | { readonly unreadable: UnreadableText };

const isBlank = (line: Uint8Array) => line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

function eventsInLines(body: Uint8Array, most: number): Sent[] {
  const events: Sent[] = [];
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(0x0a, from);
    const line = body.subarray(from, end === -1 ? body.length : end);
    from += line.length + 1;
    if (isBlank(line)) continue;
    // Counted before it is read: what is too much need not be held.
    refuseMoreThan(most, events.length + 1);
    const read = readJson(line);
    events.push('problem' in read ? read : oneEvent(read));
  }
  return events;
}

function refuseMoreThan(most: number, events: number): void {
  if (events > most)
    throw new Refusal('too-large', `the body holds more than ${most} events; send it in several requests`);
}

/** The events of a body; `most` is how many there may be. */
export function eventsIn(
  body: Uint8Array,
  format: BodyFormat,
  rawHeaders: readonly string[],
  most: number,
): SentEvents {
  if (format === 'binary') {
    const event = binaryEvent(rawHeaders, body);
    return 'problem' in event ? { unreadable: event } : { events: [event] };
  }
  if (format === 'lines') return { events: eventsInLines(body, most) };
  const read = readJson(body);
  if ('problem' in read) return { unreadable: read };
  if (Array.isArray(read.value)) {
    refuseMoreThan(most, read.value.length);
    return { events: eachEvent(read.value, read.flaws) };
  }
  if (format === 'batch')
    return { unreadable: { problem: 'is no JSON array, as a batch is', text: beginningOf(body) } };
  return { events: [oneEvent(read)] };
}
