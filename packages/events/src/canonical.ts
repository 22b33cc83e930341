import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { HoldfastEvent } from './event.ts';

/** Canonical JSON (RFC 8785): equal values give equal text, whatever the order of their fields. */
export const canonicalJson: (value: object) => string = canonicalize as unknown as (value: object) => string;

/** The fields of an envelope in canonical order. */
const envelopeFields = [
  'data',
  'datacontenttype',
  'id',
  'receivedtime',
  'recordedtime',
  'source',
  'specversion',
  'subject',
  'time',
  'type',
] as const;

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

/** The canonical JSON of a valid event, stamped with when it was received. Equal to `canonicalJson` of the whole, in a third of the time. */
export function canonicalEvent(event: HoldfastEvent, receivedtime: string | undefined): string {
  const stamped: { readonly [field: string]: unknown } = event;
  let text = '';
  for (const field of envelopeFields) {
    const value = field === 'receivedtime' ? receivedtime : stamped[field];
    if (value === undefined) continue;
    text += `${text === '' ? '{' : ','}"${field}":${field === 'data' ? canonicalData(event.data) : JSON.stringify(value)}`;
  }
  return `${text}}`;
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
