import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** Canonical JSON (RFC 8785): equal values give equal text, whatever the order of their fields. */
export const canonicalJson: (value: object) => string = canonicalize as unknown as (value: object) => string;

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
