import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { HoldfastEvent } from './event.ts';

/** Canonical JSON (RFC 8785): equal values give equal text, whatever the order of their fields. */
export const canonicalJson: (value: object) => string = canonicalize as unknown as (value: object) => string;

/** Canonical text of data that several events share; only of frozen data, which cannot change under it. */
const sharedData = new WeakMap<object, string>();

function canonicalData(data: object): string {
  if (!Object.isFrozen(data)) return canonicalJson(data);
  const known = sharedData.get(data);
  if (known !== undefined) return known;
  const text = canonicalJson(data);
  sharedData.set(data, text);
  return text;
}

/**
 * The canonical JSON of a valid event, stamped with when it was received; equal to `canonicalJson` of the whole, in a fraction of
 * the time. Fields stand in order of their names; those whose schema allows no character that JSON escapes stand as they are.
 */
export function canonicalEvent(event: HoldfastEvent, receivedtime: string | undefined): string {
  const { id, recordedtime, source, time, type, datacontenttype } = event;
  const content = datacontenttype === undefined ? '' : `,"datacontenttype":"${datacontenttype}"`;
  const received = receivedtime === undefined ? '' : `,"receivedtime":"${receivedtime}"`;
  const subject = 'subject' in event ? `,"subject":"${event.subject}"` : '';
  return `{"data":${canonicalData(event.data)}${content},"id":${JSON.stringify(id)}${received},"recordedtime":"${recordedtime}","source":"${source}","specversion":"1.0"${subject},"time":"${time}","type":"${type}"}`;
}

/**
 * An event's canonical content: the whole event but `receivedtime`, which says when we got it and nothing of what was sent.
 * Expects the text of a log record, which ingest writes canonically.
 */
export function contentOf(record: string): string {
  // Fields are sorted and `data` comes first, so the last occurrence is the envelope's own; a quote inside a text is escaped.
  const at = record.lastIndexOf(',"receivedtime":"');
  if (at === -1) return record;
  const end = record.indexOf('"', at + 17);
  return record.slice(0, at) + record.slice(end + 1);
}

/** SHA-256 in hexadecimal: what breaks ties between two contents under one identity. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
